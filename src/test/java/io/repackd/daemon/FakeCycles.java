package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.PackKind;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** Cycles which do nothing, at once and well, unless they are told otherwise. */
class FakeCycles implements Cycles {
  static final Measurement THREE_PACKS =
      new Measurement(
          Map.of(PackKind.ORDINARY, 3L),
          Map.of(PackKind.ORDINARY, 4096L),
          0,
          0,
          3,
          10,
          0,
          0,
          Map.of(),
          Map.of(),
          Map.of());

  /** Runs a cycle in the place of the fake. */
  interface Body {
    CycleOutcome run(Registration registration, Cancellation cancellation);
  }

  /** Runs a round of aggregation in the place of the fake. */
  interface Round {
    StepOutcome run(Registration registration, Cancellation cancellation);
  }

  final List<CycleOutcome> history = new CopyOnWriteArrayList<>();
  final List<String> measured = new CopyOnWriteArrayList<>();
  final Set<String> unreadable = ConcurrentHashMap.newKeySet();
  final Map<Path, Instant> successes = new ConcurrentHashMap<>();
  volatile Body body = (registration, cancellation) -> outcome(registration, Result.OK, "none");
  volatile Predicate<Registration> worthAggregating = registration -> false;
  volatile Round round = (registration, cancellation) -> round(Result.OK, Work.NONE, "");
  volatile boolean diskFull;

  @Override
  public CycleOutcome run(
      Registration registration, Cancellation cancellation, CycleListener listener) {
    listener.cycleStarted(registration);
    CycleOutcome outcome = body.run(registration, cancellation);
    listener.cycleFinished(registration, outcome);
    return outcome;
  }

  @Override
  public boolean worthAggregating(Registration registration) {
    return worthAggregating.test(registration);
  }

  @Override
  public StepOutcome aggregate(Registration registration, Cancellation cancellation) {
    return round.run(registration, cancellation);
  }

  static StepOutcome round(Result result, Work work, String detail) {
    return new StepOutcome(Step.AGGREGATE, result, Duration.ofMillis(20), work, detail);
  }

  @Override
  public Measurement measure(Registration registration) throws IOException {
    if (unreadable.contains(registration.name())) {
      throw new IOException("cannot read " + registration.location().objectDirectory());
    }
    measured.add(registration.name());
    return THREE_PACKS;
  }

  @Override
  public void append(CycleOutcome outcome) throws IOException {
    if (diskFull) {
      throw new IOException("No space left on device");
    }
    history.add(outcome);
  }

  @Override
  public Optional<Instant> lastStarted(Path objectDirectory) {
    return Optional.ofNullable(successes.get(objectDirectory));
  }

  @Override
  public Optional<Instant> lastSuccess(Path objectDirectory) {
    return Optional.ofNullable(successes.get(objectDirectory));
  }

  static CycleOutcome outcome(Registration registration, Result result, String reason) {
    return new CycleOutcome(
        registration.name(),
        registration.location().objectDirectory(),
        Instant.now(),
        Duration.ZERO,
        result,
        reason,
        "",
        List.of(),
        Optional.of(THREE_PACKS),
        Optional.of(THREE_PACKS));
  }
}
