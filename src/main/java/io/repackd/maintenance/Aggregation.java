package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.AggregateSnapshot.Listed;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock;
import io.repackd.platform.BootClock.Moment;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bundles small packs and loose objects, cheaply: entries are copied as they are, no delta is searched, no history is walked and
 * no index written. A cycle of the same object directory may be under way meanwhile.
 *
 * <p>In two phases: what is bundled in one round is deleted in a later one, when nobody can want it any more. Nothing is done in a
 * repository with {@code extensions.preciousObjects}: nothing may be deleted there, so that copies would only pile up.
 */
public final class Aggregation {
  private static final Logger log = LoggerFactory.getLogger(Aggregation.class);

  private static final Set<Sidecar> NEVER_BUNDLED =
      EnumSet.of(Sidecar.KEEP, Sidecar.MTIMES, Sidecar.BITMAP);

  private static final String PRECIOUS =
      "the repository has extensions.preciousObjects, so nothing could be deleted";

  private final Clock clock;
  private final BootClock bootClock;
  private final AggregateMemory memory = new AggregateMemory();
  private final SafetyWindow window = new SafetyWindow();
  private final BadLooseObjects badLooseObjects = new BadLooseObjects();

  /**
   * Aggregation which can be run any number of times, by any number of threads.
   *
   * @param clock tells the age of things
   */
  public Aggregation(Clock clock) {
    this(clock, BootClock.SYSTEM);
  }

  Aggregation(Clock clock, BootClock bootClock) {
    this.clock = clock;
    this.bootClock = bootClock;
  }

  /**
   * Runs one round. Never throws for what it finds in the object directory: that is an outcome. Skipped means that another round
   * is under way, or that there is a condition which forbids it; degraded, that a damaged pack or a bad loose object was left out.
   *
   * @param cancellation ends it early, with nothing half done
   */
  public StepOutcome run(
      Registration registration, AggregateRequest request, Cancellation cancellation) {
    return round(registration, request, cancellation).outcome();
  }

  /**
   * What became of a round.
   *
   * @param toRepack what was not bundled because a repack takes it that follows at once
   */
  record Round(StepOutcome outcome, List<Bundle> toRepack) {
    Round {
      toRepack = List.copyOf(toRepack);
    }
  }

  /** The same, for whoever repacks what is left. */
  Round round(Registration registration, AggregateRequest request, Cancellation cancellation) {
    long start = System.nanoTime();
    AggregateReport report = new AggregateReport();
    try {
      run(registration, request, cancellation, report);
      return new Round(outcome(report.result(), start, report, report.detail()), report.toRepack());
    } catch (IOException | StepFailure | RuntimeException | InternalError | OutOfMemoryError e) {
      StepFailure failure = StepErrors.classify(e);
      if (failure.reason().equals("internal")) {
        log.error("internal error while {} was aggregated", registration.name(), e);
      }
      return new Round(outcome(failure.result(), start, report, failure.detail()), List.of());
    }
  }

  private static StepOutcome outcome(
      Result result, long startNanos, AggregateReport report, String detail) {
    Duration duration = Duration.ofNanos(System.nanoTime() - startNanos);
    return new StepOutcome(Step.AGGREGATE, result, duration, report.work(), detail);
  }

  private void run(
      Registration registration,
      AggregateRequest request,
      Cancellation cancellation,
      AggregateReport report)
      throws IOException, StepFailure {
    Conditions.checkPace(cancellation);
    ObjectDirectory directory = ObjectDirectory.open(registration.location());
    Conditions.checkOwner(directory, registration.settings());
    if (directory.traits().preciousObjects()) {
      throw new StepFailure(Result.SKIPPED, "precious-objects", PRECIOUS);
    }
    try (LockFile _ = directory.lock(ObjectDirectory.Lock.AGGREGATE)) {
      LooseOutcome loose =
          looseRound(directory, registration.settings(), cancellation).run(request);
      report.loose(loose);
      new AggregateRound(
              directory,
              registration.settings(),
              request,
              Set.copyOf(loose.packs()),
              memory,
              window,
              clock,
              bootClock,
              report,
              cancellation)
          .run();
    }
  }

  /**
   * Says what a round would do, and changes nothing: no lock is taken.
   *
   * @throws IOException if the object directory cannot be read
   */
  AggregateForecast forecast(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      AggregateRequest request,
      Cancellation cancellation)
      throws IOException {
    if (!settings.aggregate().enabled()) {
      return AggregateForecast.obstacle("aggregate.enabled is false");
    }
    if (directory.traits().preciousObjects()) {
      return AggregateForecast.obstacle(PRECIOUS);
    }
    LooseForecast loose = looseRound(directory, settings, cancellation).forecast(request);
    List<StoredPack> packs = new ArrayList<>(directory.listPacks().packs());
    Optional<StoredPack> loosePack = UnwrittenPack.ofLoose(directory, loose, clock.instant());
    loosePack.ifPresent(packs::add);
    AggregateSnapshot snapshot =
        new AggregateSnapshots(
                directory,
                memory,
                window,
                AggregatePlanner.unseenMinAge(settings.expire()),
                clock,
                bootClock)
            .take(packs, loosePack.map(StoredPack::name).map(Set::of).orElse(Set.of()));
    AggregateSettings bounded =
        settings.aggregate().within(directory.deltaSettings().packSizeLimitBytes());
    return new AggregateForecast(
        Optional.empty(), AggregatePlanner.plan(snapshot, bounded, request), loose);
  }

  private LooseRound looseRound(
      ObjectDirectory directory, MaintenanceSettings settings, Cancellation cancellation) {
    return new LooseRound(
        directory,
        settings.aggregate(),
        settings.safety(),
        clock,
        bootClock,
        badLooseObjects,
        cancellation);
  }

  /** What is known of readers, for whoever else deletes packs. */
  SafetyWindow window() {
    return window;
  }

  /** The names of those packs that are known to be damaged, because they could not be bundled. */
  Set<String> damagedAmong(List<StoredPack> packs) {
    return memory.damagedOf(packs);
  }

  /**
   * Looks, at little cost, whether a round would have something to do. A round may find out that it has not; then this says so
   * until something changes.
   *
   * @throws IOException if the object directory cannot be read
   */
  public boolean worthwhile(Registration registration) throws IOException {
    ObjectDirectory directory = ObjectDirectory.open(registration.location());
    if (directory.traits().preciousObjects()) {
      return false;
    }
    AggregateSettings settings = registration.settings().aggregate();
    return directory.estimateLooseObjects() >= settings.minLoose()
        || packsWorthwhile(directory, settings);
  }

  private boolean packsWorthwhile(ObjectDirectory directory, AggregateSettings settings)
      throws IOException {
    Map<String, Set<Sidecar>> packs = directory.packNames();
    Listed listed = AggregateSnapshots.listed(directory);
    if (listed.untold().isPresent()) {
      return false;
    }
    Set<String> eligible = new HashSet<>();
    packs.forEach((name, sidecars) -> {
      boolean promisor = sidecars.contains(Sidecar.PROMISOR) && !settings.promisor();
      if (sidecars.stream().noneMatch(NEVER_BUNDLED::contains)
          && !promisor
          && !listed.indexNames().contains(name + ".idx")) {
        eligible.add(name);
      }
    });
    if (packs.values().stream().anyMatch(SupersededPacks::mayBeNamedBy)) {
      Map<String, Supersession> superseded = Supersession.among(directory.listPacks().packs());
      if (anyDue(superseded, eligible, settings.minAge())) {
        return true;
      }
      eligible.removeAll(superseded.keySet());
    }
    return eligible.size() >= settings.minPacks() && !memory.hadNothingToDo(directory, eligible);
  }

  private boolean anyDue(
      Map<String, Supersession> superseded, Set<String> unlisted, Duration minAge)
      throws IOException {
    Instant now = clock.instant();
    Moment moment = bootClock.now();
    return superseded.entrySet().stream()
        .filter(entry -> entry.getValue().whole() && unlisted.contains(entry.getKey()))
        .anyMatch(entry -> entry.getValue().age(now, moment).compareTo(minAge) >= 0);
  }
}
