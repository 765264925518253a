package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Maintenance of loose objects that somebody asks for by hand, as {@code git maintenance run --task=loose-objects} does it: drops
 * those that packs have, and packs others.
 *
 * <p>Where it differs. What is packed was held to its name before, and what is dropped proven to be sound in its pack; git drops
 * what some pack's index lists. Packs of alternates, cruft and promisor packs are no reason to drop anything.
 */
public final class RequestedLooseObjects {
  /** Whoever listed the packs before has ended by then, if it is no long one. The same as aggregate.min-age by default. */
  private static final Duration MIN_AGE = Duration.ofMinutes(1);

  private final ObjectDirectory directory;
  private final Clock clock;
  private final Cancellation cancellation;
  private final RequestListener listener;

  /**
   * Maintenance of one object directory.
   *
   * @param cancellation ends it early, with nothing half done
   * @param listener told of warnings, by several threads
   */
  public RequestedLooseObjects(
      ObjectDirectory directory, Clock clock, Cancellation cancellation, RequestListener listener) {
    this.directory = directory;
    this.clock = clock;
    this.cancellation = cancellation;
    this.listener = listener;
  }

  /**
   * Does it. Never throws for what it finds: that is an outcome. Degraded means that loose objects are bad, or that packed copies
   * of some are; all others were taken care of.
   *
   * @param maxPacked how many objects are packed at most; more than a million go into several packs
   * @param immediately whether objects are dropped however young the packs are that have them: nobody else is there
   */
  public StepOutcome run(int maxPacked, boolean immediately) {
    long start = System.nanoTime();
    try (LockFile _ = directory.lock(ObjectDirectory.Lock.AGGREGATE)) {
      listener.begin("Looking at loose objects");
      LooseOutcome outcome =
          new LooseRound(
                  directory,
                  settings(maxPacked),
                  new SafetySettings(true, 0),
                  clock,
                  BootClock.SYSTEM,
                  new BadLooseObjects(listener::warn),
                  cancellation)
              .run(new AggregateRequest(immediately, Optional.empty(), Set.of()));
      return outcome(outcome.result(), start, outcome.work(), outcome.describe());
    } catch (IOException | StepFailure | RuntimeException | InternalError | OutOfMemoryError e) {
      StepFailure failure = StepErrors.classify(e);
      return outcome(failure.result(), start, Work.NONE, failure.detail());
    }
  }

  private static StepOutcome outcome(Result result, long startNanos, Work work, String detail) {
    Duration duration = Duration.ofNanos(System.nanoTime() - startNanos);
    return new StepOutcome(Step.AGGREGATE, result, duration, work, detail);
  }

  private static AggregateSettings settings(int maxPacked) {
    return new AggregateSettings(true, Duration.ZERO, 2, 1, MIN_AGE, 2, maxPacked, 1, 1, false);
  }
}
