package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.ExpireSettings;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.AggregatePlan.Decision;
import io.repackd.maintenance.AggregatePlan.LeftAlone;
import io.repackd.maintenance.AggregatePlan.Reason;
import io.repackd.maintenance.ReaderRule.Question;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which packs a round of aggregation bundles, and which superseded ones it deletes. Looks at nothing but its arguments.
 *
 * <p><b>Bundle.</b> Ordinary packs which the multi-pack-index does not list and which nobody keeps are bundled, by the {@link
 * GrowthRule}; promisor packs among themselves, if {@code aggregate.promisor} is set. What arrived within the last five seconds is
 * left for the next round, because its sidecars may be on their way, save what the round itself has written. If it cannot be
 * told what the index lists, nothing is. What a repack takes that follows at once is left to it ({@link LeftToRepack}).
 *
 * <p><b>Delete.</b> A superseded pack goes when it has been so for at least {@code aggregate.min-age}, the index does not list it,
 * and no process is seen that could want it (see {@link ReaderRule}). Where not everybody can be seen it stays for an hour at least.
 *
 * <p>While git repacks or collects garbage, nothing is done at all, unless it is known which packs it uses.
 */
final class AggregatePlanner {
  /** From the index of a pack, which comes last for most, to a {@code .promisor} file that comes after it. */
  static final Duration SIDECARS_ARRIVE = Duration.ofSeconds(5);

  /** The kernel tells the time of its boot, to which starts of processes are added, in whole seconds. */
  private static final Duration START_PRECISION = Duration.ofSeconds(2);

  /**
   * How long superseded packs stay at least where there may be readers who are not seen, unless less is configured for packs that
   * nothing refers to. Git finds the objects of such a pack elsewhere when it is gone, but for commands that have listed the
   * packs, and few of those take an hour.
   */
  private static final Duration UNSEEN_MIN_AGE = Duration.ofHours(1);

  private static final Comparator<StoredPack> SMALLEST_FIRST =
      Comparator.comparingLong((StoredPack pack) -> pack.data().bytes())
          .thenComparing(StoredPack::name);

  private static final Comparator<StoredPack> OLDEST_FIRST =
      Comparator.comparingLong((StoredPack pack) -> pack.data().modifiedSeconds())
          .thenComparing(StoredPack::name);

  private final AggregateSnapshot snapshot;
  private final SeenReaders seen;
  private final AggregateSettings settings;
  private final AggregateRequest request;

  /** Only they say of others that these have been repacked, and would be deleted soon if they were bundled. */
  private final Set<StoredPack> hasRepacked;

  private final List<LeftAlone> leftAlone = new ArrayList<>();
  private final List<Bundle> bundles = new ArrayList<>();
  private final List<Bundle> toRepack = new ArrayList<>();

  private AggregatePlanner(
      AggregateSnapshot snapshot, AggregateSettings settings, AggregateRequest request) {
    this.snapshot = snapshot;
    this.seen = new SeenReaders(snapshot.census());
    this.settings = settings;
    this.request = request;
    hasRepacked =
        snapshot.superseded().values().stream()
            .filter(supersession -> !supersession.whole())
            .map(Supersession::by)
            .collect(Collectors.toSet());
  }

  static AggregatePlan plan(
      AggregateSnapshot snapshot, AggregateSettings settings, AggregateRequest request) {
    return new AggregatePlanner(snapshot, settings, request).plan();
  }

  /** How long superseded packs stay at least where there may be readers who are not seen. */
  static Duration unseenMinAge(ExpireSettings settings) {
    Duration configured = settings.minAgeUnseen();
    return configured.compareTo(UNSEEN_MIN_AGE) < 0 ? configured : UNSEEN_MIN_AGE;
  }

  private AggregatePlan plan() {
    Optional<String> obstacle = obstacle();
    if (obstacle.isEmpty()) {
      bundle();
    }
    List<Decision> decisions = new ArrayList<>();
    for (StoredPack pack : snapshot.packs()) {
      Supersession by = snapshot.superseded().get(pack.name());
      if (by != null && by.whole()) {
        decisions.add(decide(pack, by, obstacle));
      }
    }
    return new AggregatePlan(obstacle, bundles, toRepack, leftAlone, decisions);
  }

  private Optional<String> obstacle() {
    if (snapshot.listed().untold().isPresent()) {
      return snapshot.listed().untold();
    }
    return request.excludedPacks().isPresent()
        ? Optional.empty()
        : snapshot.foreign().map(who -> who + " is running");
  }

  private void bundle() {
    List<StoredPack> ordinary = new ArrayList<>();
    List<StoredPack> promisor = new ArrayList<>();
    for (StoredPack pack : snapshot.packs()) {
      Optional<Reason> reason = ineligible(pack);
      if (reason.isPresent()) {
        leftAlone.add(new LeftAlone(pack, reason.get()));
      } else {
        (pack.has(Sidecar.PROMISOR) ? promisor : ordinary).add(pack);
      }
    }
    List<StoredPack> taken = bundle(PackKind.ORDINARY, ordinary, List.of());
    bundle(PackKind.PROMISOR, promisor, taken);
  }

  private Optional<Reason> ineligible(StoredPack pack) {
    if (snapshot.listed().lists(pack)) {
      return Optional.of(Reason.LISTED);
    }
    if (snapshot.superseded().containsKey(pack.name())) {
      return Optional.of(Reason.SUPERSEDED);
    }
    if (hasRepacked.contains(pack)) {
      return Optional.of(Reason.REPACKED);
    }
    if (pack.has(Sidecar.KEEP)) {
      return Optional.of(Reason.KEPT);
    }
    if (pack.has(Sidecar.MTIMES)) {
      return Optional.of(Reason.CRUFT);
    }
    if (pack.has(Sidecar.BITMAP)) {
      return Optional.of(Reason.BITMAP);
    }
    if (pack.has(Sidecar.PROMISOR) && !settings.promisor()) {
      return Optional.of(Reason.PROMISOR);
    }
    if (request.excludes(pack.name())) {
      return Optional.of(Reason.EXCLUDED);
    }
    if (snapshot.damaged().contains(pack.name())) {
      return Optional.of(Reason.DAMAGED);
    }
    if (pack.data().bytes() >= settings.maxBytes()) {
      return Optional.of(Reason.LARGE);
    }
    return young(pack) ? Optional.of(Reason.YOUNG) : Optional.empty();
  }

  private boolean young(StoredPack pack) {
    Duration age = Duration.between(pack.index().modified(), snapshot.taken());
    return age.compareTo(SIDECARS_ARRIVE) < 0 && !snapshot.own().contains(pack.name());
  }

  /** Takes of one kind what there is room for beside what has been taken of the other. */
  private List<StoredPack> bundle(
      PackKind kind, List<StoredPack> eligible, List<StoredPack> takenBefore) {
    List<StoredPack> ascending = eligible.stream().sorted(SMALLEST_FIRST).toList();
    GrowthRule.Choice choice = room(takenBefore).choose(ascending, snapshot.hash());
    for (int i = choice.take(); i < ascending.size(); i++) {
      leftAlone.add(new LeftAlone(ascending.get(i), reason(choice, i)));
    }
    List<StoredPack> taken =
        ascending.subList(0, choice.take()).stream().sorted(OLDEST_FIRST).toList();
    if (!taken.isEmpty()) {
      add(new Bundle(kind, taken, supersededBy(taken)));
    }
    return taken;
  }

  private void add(Bundle bundle) {
    if (request.repack().filter(rule -> rule.takes(bundle, snapshot.taken())).isEmpty()) {
      bundles.add(bundle);
      return;
    }
    toRepack.add(bundle);
    bundle.packs().forEach(pack -> leftAlone.add(new LeftAlone(pack, Reason.REPACK)));
  }

  private GrowthRule room(List<StoredPack> taken) {
    long objects =
        taken.stream().mapToLong(pack -> GrowthRule.objects(pack, snapshot.hash())).sum();
    long bytes = taken.stream().mapToLong(pack -> pack.data().bytes()).sum();
    return new GrowthRule(
        settings.minPacks(),
        settings.maxPacks() - taken.size(),
        settings.maxObjects() - objects,
        settings.maxBytes() - bytes);
  }

  private Reason reason(GrowthRule.Choice choice, int position) {
    if (position >= choice.fit()) {
      return Reason.FULL;
    }
    return choice.fit() < settings.minPacks() ? Reason.FEW : Reason.UNEQUAL;
  }

  private List<String> supersededBy(List<StoredPack> taken) {
    List<String> names = new ArrayList<>();
    Set<StoredPack> sources = new HashSet<>(taken);
    taken.forEach(pack -> names.add(pack.name()));
    snapshot
        .superseded()
        .forEach((name, supersession) -> {
          if (supersession.whole() && sources.contains(supersession.by())) {
            names.add(name);
          }
        });
    return names;
  }

  private Decision decide(StoredPack pack, Supersession by, Optional<String> obstacle) {
    Optional<String> reason = obstacle.or(() -> obstacleToDeletion(pack, by));
    Optional<String> reader = reason.isPresent() ? Optional.empty() : reader(pack, by);
    return new Decision(
        pack,
        by,
        reason.isEmpty() && reader.isEmpty(),
        reason.or(() -> reader).orElse(""),
        reader.isPresent());
  }

  private Optional<String> obstacleToDeletion(StoredPack pack, Supersession supersession) {
    StoredPack by = supersession.by();
    if (request.excludes(pack.name())) {
      return Optional.of("a repack under way uses it");
    }
    if (snapshot.listed().lists(pack)) {
      return Optional.of("the multi-pack-index lists it");
    }
    if (by.name().equals(pack.name())
        || Supersession.isWhole(snapshot.superseded().get(by.name()))) {
      return Optional.of("%s is superseded itself".formatted(by.name()));
    }
    if (snapshot.damaged().contains(pack.name()) || snapshot.damaged().contains(by.name())) {
      return Optional.of("not all of it was found in " + by.name());
    }
    Duration age = supersession.age(snapshot.taken(), snapshot.moment());
    Duration left = settings.minAge().minus(age);
    if (!request.immediately() && left.isPositive()) {
      return Optional.of("it stays for another " + Amounts.duration(left));
    }
    Duration leftUnseen = snapshot.unseenMinAge().minus(age);
    if (!request.immediately() && leftUnseen.isPositive()) {
      return snapshot
          .evidence()
          .unseen(snapshot.census(), snapshot.taken(), snapshot.unseenMinAge())
          .map(why ->
              "it stays for another %s, because %s".formatted(Amounts.duration(leftUnseen), why));
    }
    return Optional.empty();
  }

  private Optional<String> reader(StoredPack pack, Supersession supersession) {
    Duration age = supersession.age(snapshot.taken(), snapshot.moment());
    return new Question(
            pack,
            snapshot.taken().minus(age).plus(START_PRECISION),
            snapshot.listed().file(),
            Set.of(snapshot.listed().inode()),
            request.excludedPacks().isPresent())
        .firstIn(seen)
        .or(() ->
            Optional.ofNullable(snapshot.evidence().packsInUse().get(pack.name()))
                .map("%s has it open"::formatted));
  }
}
