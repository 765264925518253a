package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.schedule.AggregateRounds;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rounds of the aggregate loop whose ends are told like those of other steps, if there is something to tell: that something was
 * bundled or deleted, failed, or is damaged. There are many rounds a day and most find nothing; what does not change is
 * said once, and not each minute. The history, which remembers cycles, does not know them.
 */
final class RecordedRound implements AggregateRounds {
  private static final Logger LOG = LoggerFactory.getLogger(RecordedRound.class);

  private final Cycles cycles;
  private final CycleListener metrics;
  private final CycleListener log;
  private final Consumer<Registration> changed;
  private final Map<Path, String> complaints = new ConcurrentHashMap<>();

  /**
   * Rounds which are told.
   *
   * @param metrics is told all that there is to tell
   * @param log is told the same, but a complaint only once
   * @param changed is told of a repository in which something was bundled or deleted
   */
  RecordedRound(
      Cycles cycles, CycleListener metrics, CycleListener log, Consumer<Registration> changed) {
    this.cycles = cycles;
    this.metrics = metrics;
    this.log = log;
    this.changed = changed;
  }

  @Override
  public boolean worthwhile(Registration registration) throws IOException {
    boolean worthwhile = cycles.worthAggregating(registration);
    if (!worthwhile) {
      LOG.debug("nothing to bundle in {}", registration.name());
    }
    return worthwhile;
  }

  @Override
  public StepOutcome run(Registration registration, Cancellation cancellation) {
    long startedNanos = System.nanoTime();
    StepOutcome outcome;
    try {
      outcome = cycles.aggregate(registration, cancellation);
    } catch (Throwable e) { // An OutOfMemoryError is the end of one round, not of the loop.
      LOG.debug("aggregation of {} broke off", registration.name(), e);
      Duration duration = Duration.ofNanos(System.nanoTime() - startedNanos);
      outcome = new StepOutcome(Step.AGGREGATE, Result.FAILED, duration, Work.NONE, e.toString());
    }
    boolean worked = !outcome.work().equals(Work.NONE);
    boolean complaint = outcome.result() == Result.FAILED || outcome.result() == Result.DEGRADED;
    if (worked || complaint) {
      metrics.stepFinished(registration, outcome);
    }
    boolean news = isNews(registration, outcome, complaint);
    if (worked || news) {
      log.stepFinished(registration, outcome);
    } else {
      LOG.debug("{}", CycleLog.line(registration, outcome));
    }
    if (worked) {
      changed.accept(registration);
    }
    return outcome;
  }

  /** Whether it is a complaint, and another one than last time. One that was skipped says nothing about the last. */
  private boolean isNews(Registration registration, StepOutcome outcome, boolean complaint) {
    Path objectDirectory = registration.location().objectDirectory();
    if (complaint) {
      String text = outcome.result() + " " + outcome.detail();
      return !text.equals(complaints.put(objectDirectory, text));
    }
    if (outcome.result() == Result.OK) {
      complaints.remove(objectDirectory);
    }
    return false;
  }
}
