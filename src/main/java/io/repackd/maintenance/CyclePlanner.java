package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Decides what a cycle deletes and what it puts together. Looks at nothing but its arguments.
 *
 * <p><b>Expire.</b> A pack that owns no object goes when its safety window has passed: it has owned none for at least {@code
 * expire.min-age}, and no process is seen that could still want it (see {@link ReaderRule}). A pack with a {@code .keep}, a cruft
 * pack and a pack with a bitmap never go, nor does any pack of a repository with {@code extensions.preciousObjects}.
 *
 * <p><b>Batch.</b> Ordinary and promisor packs are put together apart from each other. With {@code auto}, all packs are taken,
 * oldest first, whose expected size is at most that of the second-largest pack, until two gibibytes less one byte are
 * reached: with a clone of 400 MiB, a pack of 60 MiB from the last cycle and fifty of a megabyte since, the fifty-one become one,
 * and the clone stays. With a number, git's own rule for {@code --batch-size}: oldest first, those expected to be smaller than it,
 * until their sum reaches it. With {@code 0}, everything. Fewer than two packs are no batch.
 */
public final class CyclePlanner {
  /** The largest batch of {@code auto}, in bytes: git's own limit for it. */
  static final long MAX_AUTO_BATCH_BYTES = Integer.MAX_VALUE;

  private static final Comparator<PackView> OLDEST_FIRST =
      Comparator.comparingLong((PackView view) -> view.pack().data().modifiedSeconds())
          .thenComparing(view -> view.pack().name());

  private final Snapshot snapshot;
  private final ExpireSettings expire;
  private final RepackSettings repack;
  private final boolean immediately;

  private CyclePlanner(
      Snapshot snapshot, ExpireSettings expire, RepackSettings repack, boolean immediately) {
    this.snapshot = snapshot;
    this.expire = expire;
    this.repack = repack;
    this.immediately = immediately;
  }

  /**
   * Makes the plan.
   *
   * @param immediately whether ages do not count, because nobody else is there
   */
  public static CyclePlan plan(
      Snapshot snapshot, MaintenanceSettings settings, boolean immediately) {
    return plan(snapshot, settings.expire(), settings.repack(), immediately);
  }

  /** Makes a plan for somebody who has no other settings. */
  static CyclePlan plan(
      Snapshot snapshot, ExpireSettings expire, RepackSettings repack, boolean immediately) {
    return new CyclePlanner(snapshot, expire, repack, immediately).plan();
  }

  private CyclePlan plan() {
    List<ExpireDecision> decisions =
        snapshot.packs().stream()
            .filter(view -> view.unreferencedSince().isPresent())
            .map(this::decide)
            .toList();
    List<LeftAlone> leftAlone = new ArrayList<>();
    List<Batch> batches = new ArrayList<>();
    batch(PackKind.ORDINARY, leftAlone).ifPresent(batches::add);
    batch(PackKind.PROMISOR, leftAlone).ifPresent(batches::add);
    return new CyclePlan(decisions, batches, leftAlone);
  }

  private ExpireDecision decide(PackView view) {
    Optional<String> obstacle = obstacleToDeletion(view);
    return new ExpireDecision(view, obstacle.isEmpty(), obstacle.orElse("nothing refers to it"));
  }

  private Optional<String> obstacleToDeletion(PackView view) {
    if (!expire.enabled()) {
      return Optional.of("expire is disabled");
    }
    if (snapshot.traits().preciousObjects()) {
      return Optional.of("the repository has extensions.preciousObjects");
    }
    Optional<String> sidecar = protectingSidecar(view);
    if (sidecar.isPresent()) {
      return sidecar;
    }
    Instant since = view.unreferencedSince().orElse(snapshot.taken());
    Duration left =
        Duration.between(snapshot.taken(), since.plus(expire.minAge()))
            .truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
    if (!immediately && left.isPositive()) {
      return Optional.of("its safety window lasts another " + Amounts.duration(left));
    }
    return ReaderRule.obstacle(snapshot, view, since);
  }

  private static Optional<String> protectingSidecar(PackView view) {
    if (view.pack().has(Sidecar.KEEP)) {
      return Optional.of("it has a .keep file");
    }
    if (view.pack().has(Sidecar.MTIMES)) {
      return Optional.of("it is a cruft pack");
    }
    return view.pack().has(Sidecar.BITMAP) ? Optional.of("it has a bitmap") : Optional.empty();
  }

  private Optional<Batch> batch(PackKind kind, List<LeftAlone> leftAlone) {
    List<PackView> owners =
        snapshot.packs().stream()
            .filter(view -> view.owned() > 0 && view.promisorClass() == kind)
            .sorted(OLDEST_FIRST)
            .toList();
    long threshold = threshold(owners);
    long target = target();
    List<PackView> taken = new ArrayList<>();
    long total = 0;
    for (PackView view : owners) {
      Optional<String> obstacle = obstacleToRepack(view);
      long expected = view.expectedBytes();
      if (obstacle.isPresent()) {
        leftAlone.add(new LeftAlone(view, obstacle.get()));
      } else if (total >= target) {
        leftAlone.add(new LeftAlone(view, "the batch is full"));
      } else if (expected >= threshold) {
        leftAlone.add(new LeftAlone(view, "it is large"));
      } else {
        taken.add(view);
        total = saturatedSum(total, expected);
      }
    }
    if (taken.size() < 2) {
      taken.forEach(view -> leftAlone.add(new LeftAlone(view, "there is nothing to put it with")));
      return Optional.empty();
    }
    return Optional.of(new Batch(kind, taken, total));
  }

  private Optional<String> obstacleToRepack(PackView view) {
    if (!repack.enabled()) {
      return Optional.of("repack is disabled");
    }
    if (view.pack().has(Sidecar.KEEP) && !snapshot.traits().packKeptObjects()) {
      return Optional.of("it has a .keep file");
    }
    if (view.pack().has(Sidecar.MTIMES)) {
      return Optional.of("it is a cruft pack");
    }
    if (view.pack().has(Sidecar.BITMAP)) {
      return Optional.of("it has a bitmap");
    }
    Duration age = Duration.between(view.pack().data().modified(), snapshot.taken());
    return !immediately && age.compareTo(repack.minAge()) < 0
        ? Optional.of("it is younger than " + Amounts.duration(repack.minAge()))
        : Optional.empty();
  }

  /** Packs expected to be at least this large, in bytes, are not taken. */
  private long threshold(List<PackView> owners) {
    return switch (repack.batchSize()) {
      case BatchSize.Everything() -> Long.MAX_VALUE;
      case BatchSize.Bytes(long bytes) -> bytes;
      case BatchSize.Auto() -> {
        long[] sizes =
            owners.stream().mapToLong(view -> view.pack().data().bytes()).sorted().toArray();
        long secondLargest = sizes.length < 2 ? 0 : sizes[sizes.length - 2];
        yield Math.min(secondLargest + 1, MAX_AUTO_BATCH_BYTES);
      }
    };
  }

  /** The sum of expected sizes, in bytes, at which nothing more is taken. */
  private long target() {
    return switch (repack.batchSize()) {
      case BatchSize.Everything() -> Long.MAX_VALUE;
      case BatchSize.Bytes(long bytes) -> bytes;
      case BatchSize.Auto() -> MAX_AUTO_BATCH_BYTES;
    };
  }

  private static long saturatedSum(long a, long b) {
    long sum = a + b;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }
}
