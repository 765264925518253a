package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.schedule.CycleRunner;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cycle whose end is always told and remembered: also when it broke off with an error which nobody foresaw, which then is an
 * outcome with the reason {@code error}.
 */
final class RecordedCycle implements CycleRunner {
  private static final Logger LOG = LoggerFactory.getLogger(RecordedCycle.class);

  private static final String ERROR = "error";

  private final Cycles cycles;
  private final CycleListener listener;
  private final Clock clock;

  RecordedCycle(Cycles cycles, CycleListener listener, Clock clock) {
    this.cycles = cycles;
    this.listener = listener;
    this.clock = clock;
  }

  @Override
  public CycleOutcome run(Registration registration, Cancellation cancellation) {
    Instant started = clock.instant();
    CycleOutcome outcome;
    try {
      outcome = cycles.run(registration, cancellation, listener);
    } catch (Throwable e) { // An OutOfMemoryError is the end of one cycle, not of the daemon.
      LOG.debug("cycle of {} broke off", registration.name(), e);
      outcome = brokenOff(registration, started, e);
      listener.cycleFinished(registration, outcome);
    }
    try {
      cycles.append(outcome);
    } catch (IOException e) {
      LOG.error("cannot write the history: {}", e.toString());
    }
    return outcome;
  }

  private CycleOutcome brokenOff(Registration registration, Instant started, Throwable thrown) {
    return new CycleOutcome(
        registration.name(),
        registration.location().objectDirectory(),
        started,
        Duration.between(started, clock.instant()),
        Result.FAILED,
        ERROR,
        thrown.toString(),
        List.of(),
        Optional.empty(),
        Optional.empty());
  }
}
