package io.repackd.maintenance;

import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Decides what a cycle deletes and what it puts together. Looks at nothing but its arguments.
 *
 * <p><b>Expire.</b> A pack that owns no object goes when its safety window has passed: it has owned none for at least {@code
 * expire.min-age}, or for {@code expire.min-age-unseen} where not everybody can be seen (see {@link Evidence}), and no process is
 * seen that could still want it (see {@link ReaderRule}), and if others cover it. A pack with a {@code .keep}, a cruft
 * pack and a pack with a bitmap never go, nor does any pack of a repository with {@code extensions.preciousObjects}.
 *
 * <p><b>Repack.</b> Ordinary and promisor packs are put together apart from each other, each by the strategy that is configured:
 * {@link BatchRule} or {@link GeometricRule}: those that own objects, and those which cannot go without that. Packs with a {@code .keep}, cruft packs, packs with a bitmap, and such as arrived just
 * now are never taken. One that was bundled just now is: what lies beside it was there before it, and it is there in order to be
 * taken by the cycle that bundled it. Where the size of a pack is limited, those that are large enough for that are not taken,
 * unless deltas are to be searched in them: see {@link SizeLimitRule}.
 *
 * <p>Fewer than two packs are no batch, save where deltas are searched for one that was bundled without a search, and no pack of
 * its class is larger: it would wait for company that makes no difference to it. That is a repository which was bundled as a whole,
 * and it is taken so once, because what it becomes has been searched.
 */
public final class CyclePlanner {
  private final Snapshot snapshot;
  private final SeenReaders seen;
  private final ExpireSettings expire;
  private final RepackSettings repack;
  private final boolean immediately;

  /** Whether superseded packs are deleted by rounds of aggregation. If not, they have to become ordinary packs again. */
  private final boolean bundling;

  private CyclePlanner(
      Snapshot snapshot,
      ExpireSettings expire,
      RepackSettings repack,
      boolean immediately,
      boolean bundling) {
    this.bundling = bundling;
    this.snapshot = snapshot;
    this.seen = new SeenReaders(snapshot.census());
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
    boolean bundling = settings.aggregate().enabled();
    return new CyclePlanner(snapshot, settings.expire(), settings.repack(), immediately, bundling)
        .plan();
  }

  /** Makes a plan for somebody who has no other settings. */
  static CyclePlan plan(
      Snapshot snapshot, ExpireSettings expire, RepackSettings repack, boolean immediately) {
    return new CyclePlanner(snapshot, expire, repack, immediately, false).plan();
  }

  private CyclePlan plan() {
    List<LeftAlone> leftAlone = new ArrayList<>();
    List<Batch> batches = new ArrayList<>();
    batch(PackKind.ORDINARY, leftAlone).ifPresent(batches::add);
    batch(PackKind.PROMISOR, leftAlone).ifPresent(batches::add);
    List<ExpireDecision> decisions =
        snapshot.packs().stream()
            .filter(view -> view.unreferencedSince().isPresent())
            .map(this::decide)
            .toList();
    return new CyclePlan(decisions, batches, leftAlone);
  }

  private ExpireDecision decide(PackView view) {
    Instant since = view.unreferencedSince().orElse(snapshot.taken());
    Optional<String> obstacle = obstacleToDeletion(view, since);
    if (obstacle.isPresent()) {
      return new ExpireDecision(view, false, obstacle.get(), false);
    }
    Optional<String> reader = ReaderRule.obstacle(snapshot, seen, view, since);
    return new ExpireDecision(
        view, reader.isEmpty(), reader.orElse("nothing refers to it"), reader.isPresent());
  }

  private Optional<String> obstacleToDeletion(PackView view, Instant since) {
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
    if (view.taken() > 0) {
      return Optional.of(
          "no other pack that could cover it has %d of its objects".formatted(view.taken()));
    }
    if (bundling && view.superseded() > 0) {
      return Optional.of(
          "%d packs that were bundled into it go first, which only it says"
              .formatted(view.superseded()));
    }
    if (view.repacked() > 0) {
      return Optional.of(
          "%d packs that were repacked into it go first, which only it says"
              .formatted(view.repacked()));
    }
    if (immediately) {
      return Optional.empty();
    }
    Duration left = left(since, expire.minAge());
    if (left.isPositive()) {
      return Optional.of("its safety window lasts another " + Amounts.duration(left));
    }
    Duration leftUnseen = left(since, expire.minAgeUnseen());
    return leftUnseen.isPositive()
        ? unseenReaders(snapshot, expire)
            .map(why ->
                "its safety window lasts another %s, because %s"
                    .formatted(Amounts.duration(leftUnseen), why))
        : Optional.empty();
  }

  private Duration left(Instant since, Duration window) {
    return Duration.between(snapshot.taken(), since.plus(window)).truncatedTo(ChronoUnit.SECONDS);
  }

  /** Why there may be readers who are not seen, so that {@code expire.min-age-unseen} counts; empty if all are seen. */
  static Optional<String> unseenReaders(Snapshot snapshot, ExpireSettings expire) {
    return snapshot.evidence().unseen(snapshot.census(), snapshot.taken(), expire.minAgeUnseen());
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
            .filter(view -> view.taken() > 0 && view.promisorClass() == kind)
            .sorted(RepackChoice.OLDEST_FIRST)
            .toList();
    List<PackView> eligible = new ArrayList<>();
    for (PackView view : owners) {
      obstacleToRepack(view)
          .ifPresentOrElse(
              obstacle -> leftAlone.add(new LeftAlone(view, obstacle)), () -> eligible.add(view));
    }
    RepackChoice choice = choose(owners, eligible);
    leftAlone.addAll(choice.left());
    if (choice.taken().size() < 2 && !worthwhileAlone(choice, owners)) {
      choice
          .taken()
          .forEach(taken ->
              leftAlone.add(new LeftAlone(taken.pack(), "there is nothing to put it with")));
      return Optional.empty();
    }
    return Optional.of(oldestFirst(kind, choice.taken()));
  }

  private boolean worthwhileAlone(RepackChoice choice, List<PackView> owners) {
    return repack.deltaSearch()
        && choice.taken().stream()
            .map(Taken::pack)
            .anyMatch(view -> RepackChoice.marked(view) && isLargest(view, owners));
  }

  private static boolean isLargest(PackView view, List<PackView> packs) {
    return packs.stream().allMatch(other -> other.expectedBytes() <= view.expectedBytes());
  }

  private RepackChoice choose(List<PackView> owners, List<PackView> eligible) {
    return switch (repack.strategy()) {
      case BATCH -> new BatchRule(repack).choose(owners, eligible);
      case GEOMETRIC -> new GeometricRule(repack.deltaSearch()).choose(eligible);
    };
  }

  private Batch oldestFirst(PackKind kind, List<Taken> taken) {
    long expectedBytes =
        taken.stream()
            .mapToLong(each -> each.pack().expectedBytes())
            .reduce(0, RepackChoice::saturatedSum);
    return new Batch(
        kind,
        taken.stream()
            .sorted(Comparator.comparing(Taken::pack, RepackChoice.OLDEST_FIRST))
            .toList(),
        expectedBytes,
        snapshot.packBytes());
  }

  private Optional<String> obstacleToRepack(PackView view) {
    if (!repack.enabled()) {
      return Optional.of("repack is disabled");
    }
    // Whoever has nothing expired anyway has asked for the pack, by hand or in the configuration.
    if (snapshot.traits().preciousObjects() && expire.enabled()) {
      return Optional.of("the repository has extensions.preciousObjects, so copies would pile up");
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
    boolean marked = RepackChoice.marked(view);
    if (!immediately && !marked && age.compareTo(repack.minAge()) < 0) {
      return Optional.of("it is younger than " + Amounts.duration(repack.minAge()));
    }
    // What is searched once is marked no more, so that this, too, comes to an end.
    return repack.deltaSearch() && marked
        ? Optional.empty()
        : new SizeLimitRule(snapshot.packBytes()).obstacle(view);
  }
}
