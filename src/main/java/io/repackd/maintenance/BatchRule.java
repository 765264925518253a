package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

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
 * as large as all smaller ones together, and of the others one that has more than {@value #MAX_TIMES_LARGER} times as many objects
 * as all together that have fewer, counted as a repack would take them. Bytes alone would not do: what a fetch has brought
 * takes several times the room that its objects take once deltas are searched for them among many, so that a day of it looks as
 * large as the weeks that lie in the pack of the last cycle, and would have those copied. Nor would objects alone: a pack of few
 * large ones would be copied for a handful of small ones.
 *
 * <p>Objects come last, so that of what is copied no pack has more than {@value #MAX_TIMES_LARGER} times as many as the others
 * together, and each comes to lie in a pack that has at least a third more, save for what the packs have in common: as long as a
 * batch has room for all, no object is copied more often than log<sub>4/3</sub> of how many there are, and once more for a mark.
 * And each pack that stays is three fourths of itself and the smaller ones, at least, in bytes or in objects: beside the clone and
 * what was put together there are at most log<sub>4</sub> of all bytes and log<sub>4</sub> of all objects of them. In fact the year
 * of fetches copies each byte 13 times on the average, 9 times with a cycle a day, and there are ten packs at most, or six.
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
   * stay; with a larger one each byte is copied more often until it lies in a large pack. With 2 the year of fetches would copy a
   * tenth to a fourth less and leave a pack more; with 8 it would copy two thirds more and leave one or two less.
   */
  static final int MAX_TIMES_LARGER = 3;

  private static final String OUT_OF_PROPORTION =
      "it is more than %d times as large as all smaller ones together".formatted(MAX_TIMES_LARGER);

  private static final String TOO_MANY_OBJECTS =
      "it has more than %d times as many objects as all smaller ones together"
          .formatted(MAX_TIMES_LARGER);

  BatchRule(RepackSettings settings) {
    this(settings.batchSize(), settings.deltaSearch());
  }

  /**
   * Chooses.
   *
   * @param owners all packs of the class of which something would be taken
   * @param eligible those of them that may be taken
   */
  RepackChoice choose(List<PackView> owners, List<PackView> eligible) {
    long threshold = threshold(owners);
    Set<PackView> small =
        eligible.stream().filter(view -> small(view, threshold)).collect(Collectors.toSet());
    Set<PackView> byBytes = inProportion(small, PackView::expectedBytes);
    Set<PackView> byObjects = inProportion(byBytes, PackView::taken);
    long target = target();
    List<Taken> taken = new ArrayList<>();
    List<LeftAlone> left = new ArrayList<>();
    long total = 0;
    for (PackView view : eligible.stream().sorted(order()).toList()) {
      long expected = view.expectedBytes();
      if (total >= target) {
        left.add(new LeftAlone(view, "the batch is full"));
      } else if (!small.contains(view)) {
        left.add(new LeftAlone(view, "it is large"));
      } else if (!byBytes.contains(view)) {
        left.add(new LeftAlone(view, OUT_OF_PROPORTION));
      } else if (!byObjects.contains(view)) {
        left.add(new LeftAlone(view, TOO_MANY_OBJECTS));
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

  /** The smallest by a measure, up to the last which is in proportion to all before it; and the marked ones in any case. */
  private Set<PackView> inProportion(Set<PackView> packs, ToLongFunction<PackView> measure) {
    if (!(size instanceof BatchSize.Auto)) {
      return packs;
    }
    Set<PackView> taken = packs.stream().filter(this::first).collect(Collectors.toSet());
    List<PackView> ascending =
        packs.stream()
            .filter(view -> !first(view))
            .sorted(Comparator.comparingLong(measure).thenComparing(RepackChoice.OLDEST_FIRST))
            .toList();
    long sum = taken.stream().mapToLong(measure).reduce(0, RepackChoice::saturatedSum);
    int worthwhile = 0;
    for (int i = 0; i < ascending.size(); i++) {
      long each = measure.applyAsLong(ascending.get(i));
      if (sum == 0 || Math.ceilDiv(each, MAX_TIMES_LARGER) <= sum) {
        worthwhile = i + 1;
      }
      sum = RepackChoice.saturatedSum(sum, each);
    }
    taken.addAll(ascending.subList(0, worthwhile));
    return taken;
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
