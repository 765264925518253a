package io.repackd.maintenance;

import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.Cancellation;
import io.repackd.platform.CancelledException;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One run of maintenance over one object directory: recover, aggregate, write, verify, expire, verify, repack with rounds of
 * aggregation beside it, write, verify. If there is something to repack, and room for that, packs are expired after it, by the
 * index that lists what it has written.
 *
 * <p>Git's {@code maintenance.lock} is held from before the first look to after the last. What is decided between the steps is
 * decided by {@link CyclePlanner}; what a step does is in {@link CycleSteps}. Here is what is around them: the lock, the counts
 * before and after, and what becomes of a failure.
 */
public final class MaintenanceCycle {
  private final Clock clock;
  private final Path stateDirectory;
  private final Aggregation aggregation;
  private final VerifiedIndexes verifiedIndexes;
  private final SoundPacks soundPacks = new SoundPacks();

  /**
   * A cycle which can be run any number of times, by any number of threads.
   *
   * @param clock tells the age of things
   * @param stateDirectory where it is remembered since when a pack is unreferenced; made if it is missing
   */
  public MaintenanceCycle(Clock clock, Path stateDirectory) {
    this(clock, stateDirectory, new Aggregation(clock));
  }

  /** A cycle that shares what is known of damaged packs with rounds of aggregation outside of it. */
  public MaintenanceCycle(Clock clock, Path stateDirectory, Aggregation aggregation) {
    this(clock, stateDirectory, aggregation, new VerifiedIndexes());
  }

  MaintenanceCycle(
      Clock clock, Path stateDirectory, Aggregation aggregation, VerifiedIndexes verifiedIndexes) {
    this.clock = clock;
    this.stateDirectory = stateDirectory;
    this.aggregation = aggregation;
    this.verifiedIndexes = verifiedIndexes;
  }

  /** How a cycle is to run: {@code immediately} lifts the age limits, because nobody else is there. */
  public record Request(boolean immediately) {
    /** A cycle of the daemon. */
    public static final Request SCHEDULED = new Request(false);
  }

  /**
   * Runs one cycle. Never throws for what it finds in the object directory: that is an outcome.
   *
   * @param cancellation ends it early, with the step in hand finished or cleanly abandoned
   */
  public CycleOutcome run(
      Registration registration,
      Request request,
      Cancellation cancellation,
      CycleListener listener) {
    Run run = new Run(registration, request, cancellation, listener);
    listener.cycleStarted(registration);
    CycleOutcome outcome = run.run();
    listener.cycleFinished(registration, outcome);
    return outcome;
  }

  /**
   * Counts the object directory without changing anything.
   *
   * @throws IOException if it cannot be read; the message names the file
   */
  public Measurement measure(Registration registration) throws IOException {
    return measure(ObjectDirectory.open(registration.location()));
  }

  private Measurement measure(ObjectDirectory directory) throws IOException {
    return Measurements.take(directory, UnreferencedLedger.read(stateDirectory, directory));
  }

  /**
   * Makes the plan of a cycle without changing anything: the index that it would write is written to a temporary directory.
   *
   * @throws IOException if the object directory cannot be read, or no cycle would run on it; the message says why
   */
  public DryRun dryRun(Registration registration, Request request, Cancellation cancellation)
      throws IOException {
    ObjectDirectory directory = ObjectDirectory.open(registration.location());
    return DryRun.of(
        directory,
        registration.settings(),
        request,
        aggregation,
        clock,
        stateDirectory,
        cancellation);
  }

  /** One run. */
  private final class Run {
    private final Registration registration;
    private final Request request;
    private final Cancellation cancellation;
    private final CycleListener listener;
    private final Instant started = clock.instant();
    private final long startedNanos = System.nanoTime();
    private final List<StepOutcome> steps = new ArrayList<>();
    private Optional<Measurement> before = Optional.empty();
    private Optional<Measurement> after = Optional.empty();

    Run(
        Registration registration,
        Request request,
        Cancellation cancellation,
        CycleListener listener) {
      this.registration = registration;
      this.request = request;
      this.cancellation = cancellation;
      this.listener = listener;
    }

    CycleOutcome run() {
      try {
        Conditions.checkPace(cancellation);
        ObjectDirectory directory = ObjectDirectory.open(registration.location());
        Conditions.check(directory, registration.settings(), clock.instant());
        before = Optional.of(measure(directory));
        before.ifPresent(counts -> listener.measured(registration, counts));
        Optional<StepFailure> failure = underLock(directory);
        after = Optional.of(measure(directory));
        after.ifPresent(counts -> listener.measured(registration, counts));
        return failure
            .map(this::failed)
            .orElseGet(() -> outcome(Result.OK, CycleOutcome.NO_REASON, ""));
      } catch (StepFailure e) {
        return failed(e);
      } catch (LockedException e) {
        return outcome(Result.SKIPPED, "locked", e.getMessage());
      } catch (CancelledException e) {
        return outcome(Result.CANCELLED, "stopping", "asked to stop");
      } catch (IOException e) {
        StepFailure failure = StepErrors.classify(e);
        String reason = failure.reason().equals("io") ? "unreadable" : failure.reason();
        return outcome(failure.result(), reason, failure.detail());
      } catch (RuntimeException | InternalError | OutOfMemoryError e) {
        // Between the steps files are mapped too, and may be cut off.
        return failed(StepErrors.classify(e));
      }
    }

    private Optional<StepFailure> underLock(ObjectDirectory directory) throws IOException {
      StaleLocks.breakForeign(
          directory, ObjectDirectory.Lock.MAINTENANCE, registration.settings(), clock.instant());
      try (LockFile lock = directory.lock(ObjectDirectory.Lock.MAINTENANCE)) {
        CycleSteps cycle =
            new CycleSteps(
                registration,
                directory,
                request,
                aggregation,
                clock,
                UnreferencedLedger.read(stateDirectory, directory),
                DamagedPacks.read(stateDirectory, directory),
                verifiedIndexes,
                soundPacks,
                aggregation.window(),
                lock,
                this::finished,
                cancellation);
        try {
          cycle.run();
          cycle.settle();
          return Optional.empty();
        } catch (StepFailure e) {
          try {
            cycle.settle();
          } catch (IOException further) {
            e.addSuppressed(further);
          }
          return Optional.of(e);
        }
      }
    }

    private void finished(StepOutcome step) {
      steps.add(step);
      listener.stepFinished(registration, step);
    }

    private CycleOutcome failed(StepFailure failure) {
      return outcome(failure.result(), failure.reason(), failure.detail());
    }

    private CycleOutcome outcome(Result result, String reason, String detail) {
      return new CycleOutcome(
          registration.name(),
          registration.location().objectDirectory(),
          started,
          Duration.ofNanos(System.nanoTime() - startedNanos),
          result,
          reason,
          detail,
          steps,
          before,
          after);
    }
  }
}
