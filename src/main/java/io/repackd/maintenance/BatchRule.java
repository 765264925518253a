package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The strategy {@code batch}: takes packs by their expected size, the oldest first, until there is enough.
 *
 * <p>With {@code auto}, all packs whose expected size is at most that of the second-largest pack, until two gibibytes less one
 * byte are reached: with a clone of 400 MiB, a pack of 60 MiB from the last cycle and fifty of a megabyte since, the fifty-one
 * become one, and the clone stays. With a number, git's own rule for {@code --batch-size}: those expected to be smaller than it,
 * until their sum reaches it. With {@code 0}, everything.
 *
 * <p>Were that all of {@code auto}, the pack of the last cycle would be copied by each cycle for whatever came since: a year of
 * fetches of a megabyte every hour would copy terabytes. So a pack stays, too, which is more than {@value #MAX_TIMES_LARGER} times
 * as large as all smaller ones together. What is copied then comes to lie in a pack that is at least an eighth larger, save for what
 * the packs have in common: the same year copies each byte 20 times on the average, 13 times with a cycle a day, and there are six
 * packs at most beside the clone.
 *
 * <p>Where deltas are searched, packs that are left to the repack come before all others, because they were promised to be taken;
 * then those that were bundled without a search. With {@code auto} not even
 * the largest pack is left for its size if it is one of them: a repository which was bundled before it was ever repacked has
 * nothing larger. It is taken so once, because what it becomes has been searched.
 *
 * @param size how much is taken
 * @param search whether deltas are searched
 */
record BatchRule(BatchSize size, boolean search) {
  /** The largest batch of {@code auto}, in bytes: git's own limit for it. */
  static final long MAX_AUTO_BYTES = Integer.MAX_VALUE;

  /**
   * How many times as large as all smaller packs together a pack may be that {@code auto} takes. With a smaller number more packs
   * stay; with a larger one each byte is copied more often until it lies in a large pack.
   */
  static final int MAX_TIMES_LARGER = 8;

  private static final String OUT_OF_PROPORTION =
      "it is more than %d times as large as all smaller ones together".formatted(MAX_TIMES_LARGER);

  private static final Comparator<PackView> SMALLEST =
      Comparator.comparingLong(PackView::expectedBytes);

  BatchRule(RepackSettings settings) {
    this(settings.batchSize(), settings.deltaSearch());
  }

  /**
   * Chooses.
   *
   * @param owners all packs of the class that own objects
   * @param eligible those of them that may be taken
   */
  RepackChoice choose(List<PackView> owners, List<PackView> eligible) {
    long threshold = threshold(owners);
    long worthwhile = worthwhile(eligible.stream().filter(view -> small(view, threshold)).toList());
    long target = target();
    List<Taken> taken = new ArrayList<>();
    List<LeftAlone> left = new ArrayList<>();
    long total = 0;
    for (PackView view : eligible.stream().sorted(order()).toList()) {
      long expected = view.expectedBytes();
      if (total >= target) {
        left.add(new LeftAlone(view, "the batch is full"));
      } else if (!small(view, threshold)) {
        left.add(new LeftAlone(view, "it is large"));
      } else if (!first(view) && expected > worthwhile) {
        left.add(new LeftAlone(view, OUT_OF_PROPORTION));
      } else {
        taken.add(new Taken(view, reason(view)));
        total = RepackChoice.saturatedSum(total, expected);
      }
    }
    return new RepackChoice(taken, left);
  }

  private boolean small(PackView view, long threshold) {
    return view.expectedBytes() < (first(view) ? thresholdOfMarked(threshold) : threshold);
  }

  /** Packs expected to be larger than that, in bytes, are not worth copying for what the smaller ones would add to them. */
  private long worthwhile(List<PackView> small) {
    if (!(size instanceof BatchSize.Auto)) {
      return Long.MAX_VALUE;
    }
    long sum = small.stream().filter(this::first).mapToLong(PackView::expectedBytes).sum();
    long worthwhile = 0;
    for (PackView view : small.stream().filter(view -> !first(view)).sorted(SMALLEST).toList()) {
      long expected = view.expectedBytes();
      if (sum == 0 || expected / MAX_TIMES_LARGER <= sum) {
        worthwhile = expected;
      }
      sum = RepackChoice.saturatedSum(sum, expected);
    }
    return worthwhile;
  }

  private Comparator<PackView> order() {
    return Comparator.comparing((PackView view) -> !view.unlisted())
        .thenComparing(view -> !first(view))
        .thenComparing(RepackChoice.OLDEST_FIRST);
  }

  private boolean first(PackView view) {
    return search && RepackChoice.marked(view);
  }

  private String reason(PackView view) {
    if (first(view)) {
      return RepackChoice.reasonOfMarked(view);
    }
    return size instanceof BatchSize.Everything ? "everything is taken" : "it is small";
  }

  /** Packs expected to be at least this large, in bytes, are not taken. */
  private long threshold(List<PackView> owners) {
    return switch (size) {
      case BatchSize.Everything() -> Long.MAX_VALUE;
      case BatchSize.Bytes(long bytes) -> bytes;
      case BatchSize.Auto() -> {
        long[] sizes =
            owners.stream().mapToLong(view -> view.pack().data().bytes()).sorted().toArray();
        long secondLargest = sizes.length < 2 ? 0 : sizes[sizes.length - 2];
        yield Math.min(secondLargest + 1, MAX_AUTO_BYTES);
      }
    };
  }

  private long thresholdOfMarked(long threshold) {
    return size instanceof BatchSize.Auto ? MAX_AUTO_BYTES : threshold;
  }

  /** The sum of expected sizes, in bytes, at which nothing more is taken. */
  private long target() {
    return switch (size) {
      case BatchSize.Everything() -> Long.MAX_VALUE;
      case BatchSize.Bytes(long bytes) -> bytes;
      case BatchSize.Auto() -> MAX_AUTO_BYTES;
    };
  }
}
