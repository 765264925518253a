package io.repackd.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.LockKind;
import io.repackd.objectdir.PackKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one repository. */
final class RepositoryMeters {
  static final String PACKS = "repackd_packs";
  static final String PACK_BYTES = "repackd_pack_bytes";
  static final String LOOSE_OBJECTS = "repackd_loose_objects";
  static final String LOOSE_OBJECT_BYTES = "repackd_loose_object_bytes";
  static final String INDEX_PACKS = "repackd_multi_pack_index_packs";
  static final String INDEX_OBJECTS = "repackd_multi_pack_index_objects";
  static final String PACKS_OUTSIDE_INDEX = "repackd_packs_outside_multi_pack_index";
  static final String UNREFERENCED_PACKS = "repackd_unreferenced_packs";
  static final String UNREFERENCED_SINCE = "repackd_unreferenced_since_timestamp_seconds";
  static final String KEEP_FILES = "repackd_keep_files";
  static final String GARBAGE_FILES = "repackd_garbage_files";
  static final String GARBAGE_BYTES = "repackd_garbage_bytes";
  static final String LOCK_AGE = "repackd_lock_age_seconds";
  static final String LAST_SUCCESS = "repackd_last_success_timestamp_seconds";
  static final String REPACKS_WITHOUT_EXPIRY = "repackd_repacks_without_expiry";
  static final String NEXT_RUN = "repackd_next_run_timestamp_seconds";
  static final String CYCLE_DURATION = "repackd_cycle_duration_seconds";
  static final String STEP_DURATION = "repackd_step_duration_seconds";
  static final String CYCLES = "repackd_cycles_total";
  static final String PACKS_WRITTEN = "repackd_packs_written_total";
  static final String PACKS_DELETED = "repackd_packs_deleted_total";
  static final String OBJECTS_PACKED = "repackd_objects_packed_total";
  static final String BYTES_WRITTEN = "repackd_bytes_written_total";
  static final String TEMPORARY_KEEPS_REMOVED = "repackd_temporary_keeps_removed_total";
  static final String LOOSE_OBJECTS_DELETED = "repackd_loose_objects_deleted_total";
  static final String VERIFY_FAILURES = "repackd_verify_failures_total";

  /**
   * Upper bounds of the histograms: from the cycle that finds nothing to do to the repack of a giant over night. Few,
   * because each is a series for each repository, step and outcome.
   */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(100),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5),
    Duration.ofSeconds(15),
    Duration.ofMinutes(1),
    Duration.ofMinutes(5),
    Duration.ofMinutes(15),
    Duration.ofHours(1),
    Duration.ofHours(4),
  };

  private final MeterRegistry meters;
  private final Tags repository;

  // All guarded by this; gauges are read by other threads, so what they read is volatile.
  private final List<Meter> numbers = new ArrayList<>();
  private final Set<Meter> others = new HashSet<>();
  private boolean closed;
  private volatile @Nullable Measurement measurement;
  private volatile double lastSuccessSeconds;
  private volatile double nextRunSeconds;
  private volatile double repacksWithoutExpiry;
  private @Nullable Meter repacksWithoutExpiryGauge;
  private @Nullable Meter nextRunGauge;
  private @Nullable Meter lastSuccessGauge;

  RepositoryMeters(MeterRegistry meters, String name) {
    this.meters = meters;
    this.repository = Tags.of("repository", name);
  }

  synchronized void measured(Measurement newMeasurement) {
    measurement = newMeasurement;
    if (numbers.isEmpty() && !closed) {
      registerNumbers();
      // From zero on, or else an alert misses the first of them.
      verifyFailures(0, 0, 0);
    }
  }

  private void registerNumbers() {
    for (PackKind kind : PackKind.values()) {
      Tags tags = repository.and("kind", kind.label());
      number(PACKS, "Packs, by kind.", tags, m -> m.packs().getOrDefault(kind, 0L));
      number(PACK_BYTES, "Bytes of pack files.", tags, m -> m.packBytes().getOrDefault(kind, 0L));
    }
    number(LOOSE_OBJECTS, "Loose objects.", repository, Measurement::looseObjects);
    number(
        LOOSE_OBJECT_BYTES, "Bytes of loose objects.", repository, Measurement::looseObjectBytes);
    number(INDEX_PACKS, "Packs the multi-pack-index lists.", repository, Measurement::indexedPacks);
    number(
        INDEX_OBJECTS, "Objects in the multi-pack-index.", repository, Measurement::indexedObjects);
    number(
        PACKS_OUTSIDE_INDEX,
        "Packs the multi-pack-index does not list.",
        repository,
        Measurement::packsOutsideIndex);
    number(
        UNREFERENCED_PACKS,
        "Packs the multi-pack-index lists and takes no object from: they wait for deletion.",
        repository,
        Measurement::unreferencedPacks);
    gauge(
        UNREFERENCED_SINCE,
        "Since when the pack waits for deletion that waits longest; 0 if none does.",
        repository,
        m -> m.oldestUnreferenced().map(RepositoryMeters::seconds).orElse(0.0));
    for (KeepOwner owner : KeepOwner.values()) {
      Tags tags = repository.and("owner", owner.label());
      number(KEEP_FILES, "Keep files, by owner.", tags, m -> m.keepFiles().getOrDefault(owner, 0L));
    }
    for (GarbageKind kind : GarbageKind.values()) {
      Tags tags = repository.and("kind", kind.label());
      number(
          GARBAGE_FILES,
          "Files that belong to no pack.",
          tags,
          m -> m.garbageFiles().getOrDefault(kind, 0L));
      number(
          GARBAGE_BYTES,
          "Bytes of files that belong to no pack.",
          tags,
          m -> m.garbageBytes().getOrDefault(kind, 0L));
    }
    for (LockKind lock : LockKind.values()) {
      Tags tags = repository.and("lock", lock.label());
      number(
          LOCK_AGE,
          "For how long a lock file has been there, whoever holds it; 0 if there is none.",
          tags,
          m -> m.lockAges().getOrDefault(lock, Duration.ZERO).toSeconds());
    }
  }

  private void number(
      String name, String description, Tags tags, ToLongFunction<Measurement> value) {
    gauge(name, description, tags, counts -> (double) value.applyAsLong(counts));
  }

  private void gauge(
      String name, String description, Tags tags, ToDoubleFunction<Measurement> value) {
    numbers.add(
        Gauge.builder(
                name,
                () -> {
                  Measurement now = measurement;
                  return now == null ? Double.NaN : value.applyAsDouble(now);
                })
            .description(description)
            .tags(tags)
            .register(meters));
  }

  synchronized void clear() {
    numbers.forEach(meters::remove);
    numbers.clear();
    measurement = null;
  }

  synchronized void nextRun(Instant due) {
    nextRunSeconds = seconds(due);
    if (nextRunGauge == null && !closed) {
      nextRunGauge =
          Gauge.builder(NEXT_RUN, () -> nextRunSeconds)
              .description("When the next cycle is due.")
              .tags(repository)
              .register(meters);
    }
  }

  synchronized void noNextRun() {
    if (nextRunGauge != null) {
      meters.remove(nextRunGauge);
      nextRunGauge = null;
    }
  }

  synchronized void stepFinished(StepOutcome outcome) {
    if (closed) {
      return;
    }
    Step step = outcome.step();
    Tags tags = repository.and("step", step.label());
    duration(
        STEP_DURATION,
        "How long steps took.",
        tags.and("outcome", outcome.result().label()),
        outcome.duration());
    StepOutcome.Work work = outcome.work();
    boolean aggregates = step == Step.AGGREGATE;
    boolean writesPacks = step == Step.REPACK || aggregates;
    boolean deletesPacks = step == Step.EXPIRE || aggregates;
    count(PACKS_WRITTEN, "Packs published.", tags, work.packsWritten(), writesPacks);
    count(PACKS_DELETED, "Packs deleted.", tags, work.packsDeleted(), deletesPacks);
    count(OBJECTS_PACKED, "Objects in published packs.", tags, work.objectsPacked(), writesPacks);
    count(BYTES_WRITTEN, "Bytes of published files.", tags, work.bytesWritten(), writesPacks);
    count(
        TEMPORARY_KEEPS_REMOVED,
        "Temporary keep files removed that a dead process had left.",
        repository,
        work.temporaryKeepsRemoved(),
        step == Step.RECOVER);
    count(
        LOOSE_OBJECTS_DELETED,
        "Loose objects deleted after they were packed.",
        repository,
        work.looseObjectsDeleted(),
        aggregates);
    if (step == Step.VERIFY && outcome.result() == Result.FAILED) {
      verifyFailures(1, 0, 0);
    }
    if (aggregates && outcome.result() == Result.DEGRADED) {
      verifyFailures(0, 0, 1);
    }
  }

  synchronized void cycleFinished(CycleOutcome outcome) {
    if (closed) {
      return;
    }
    Tags tags = repository.and("outcome", outcome.result().label());
    duration(CYCLE_DURATION, "How long cycles took.", tags, outcome.duration());
    count(CYCLES, "Cycles, by how they ended.", tags.and("reason", outcome.reason()), 1, true);
    // Of the cycle and not of a step: a damaged pack is found by whoever reads it first.
    verifyFailures(0, outcome.result() == Result.DEGRADED ? 1 : 0, 0);
    if (outcome.result() == Result.OK) {
      lastSuccess(outcome.started());
    }
  }

  synchronized void lastSuccess(Instant started) {
    lastSuccessSeconds = seconds(started);
    // Once: Micrometer warns of a gauge that is registered again.
    if (lastSuccessGauge == null && !closed) {
      lastSuccessGauge =
          Gauge.builder(LAST_SUCCESS, () -> lastSuccessSeconds)
              .description("When the last cycle that ended well began.")
              .tags(repository)
              .register(meters);
      others.add(lastSuccessGauge);
    }
  }

  synchronized void repacksWithoutExpiry(long repacks) {
    repacksWithoutExpiry = repacks;
    if (repacksWithoutExpiryGauge == null && !closed) {
      repacksWithoutExpiryGauge =
          Gauge.builder(REPACKS_WITHOUT_EXPIRY, () -> repacksWithoutExpiry)
              .description("Cycles that repacked since what was left could have been deleted.")
              .tags(repository)
              .register(meters);
      others.add(repacksWithoutExpiryGauge);
    }
  }

  private void verifyFailures(long index, long pack, long object) {
    String description =
        "Verifications that found the multi-pack-index wrong or could not look at it, cycles that"
            + " found a pack damaged, and rounds of aggregation that found anything damaged.";
    count(VERIFY_FAILURES, description, repository.and("class", "index"), index, true);
    count(VERIFY_FAILURES, description, repository.and("class", "pack"), pack, true);
    count(VERIFY_FAILURES, description, repository.and("class", "object"), object, true);
  }

  private void duration(String name, String description, Tags tags, Duration duration) {
    Timer timer =
        Timer.builder(name)
            .description(description)
            .tags(tags)
            .serviceLevelObjectives(BUCKETS)
            .register(meters);
    timer.record(duration);
    others.add(timer);
  }

  /** Adds to a counter; one that is usual here is there from the first time, so that its rate is known from then. */
  private void count(String name, String description, Tags tags, long amount, boolean usual) {
    if (amount == 0 && !usual) {
      return;
    }
    Counter counter = Counter.builder(name).description(description).tags(tags).register(meters);
    counter.increment((double) amount);
    others.add(counter);
  }

  /** Takes everything away, for good. */
  synchronized void close() {
    closed = true;
    clear();
    noNextRun();
    others.forEach(meters::remove);
    others.clear();
  }

  private static double seconds(Instant instant) {
    return instant.toEpochMilli() / 1000.0;
  }
}
