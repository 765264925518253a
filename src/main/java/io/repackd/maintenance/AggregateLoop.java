package io.repackd.maintenance;

import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Rounds of aggregation, one after the other, until it is told to stop: at an interval, and sooner when a short look says that
 * there is something to do.
 */
public final class AggregateLoop {
  /** How often it is looked. A look lists a directory or two, and a push is bundled as soon as there are enough of them. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

  private final Aggregation aggregation;
  private final Registration registration;
  private final Duration interval;

  /** Says how each round is to run. */
  public interface Requests {
    /**
     * The request of the next round.
     *
     * @throws IOException if that cannot be found out: the loop ends
     */
    AggregateRequest next() throws IOException;
  }

  /**
   * A loop.
   *
   * @param interval from the beginning of a round to that of the next, at most
   */
  public AggregateLoop(Aggregation aggregation, Registration registration, Duration interval) {
    this.aggregation = aggregation;
    this.registration = registration;
    this.interval = interval;
  }

  /**
   * Runs rounds until it is asked to stop, the first at once.
   *
   * @param finished is told the outcome of each
   * @throws IOException if a request could not be made
   */
  public void run(Requests requests, Consumer<StepOutcome> finished, Cancellation cancellation)
      throws IOException {
    do {
      long startNanos = System.nanoTime();
      StepOutcome outcome = aggregation.run(registration, requests.next(), cancellation);
      finished.accept(outcome);
      if (outcome.work().packsWritten() == 0) {
        awaitNext(startNanos, cancellation);
      }
    } while (!cancellation.requested());
  }

  private void awaitNext(long startNanos, Cancellation cancellation) throws IOException {
    Duration left = leftFrom(startNanos);
    while (left.isPositive()) {
      if (cancellation.await(left.compareTo(LOOK_EVERY) < 0 ? left : LOOK_EVERY)
          || aggregation.worthwhile(registration)) {
        return;
      }
      left = leftFrom(startNanos);
    }
  }

  private Duration leftFrom(long startNanos) {
    return interval.minusNanos(System.nanoTime() - startNanos);
  }

  /** A loop beside something else that takes long, on a thread of its own. What the rounds did is one outcome in the end. */
  static final class Beside implements AutoCloseable {
    private final Cancellation cancellation;
    private final Thread thread;
    private final long startNanos = System.nanoTime();

    // Written by the thread, and read when it has ended.
    private Work work = Work.NONE;
    private Result worst = Result.OK;
    private long rounds;
    private String lastDetail = "nothing to bundle";

    /** Begins; the rounds are paced as what is beside them. */
    Beside(AggregateLoop loop, Requests requests, Pacer pacer) {
      cancellation = new Cancellation(pacer);
      String name = Thread.currentThread().getName() + ", aggregate";
      thread = Thread.ofPlatform().daemon().name(name).start(() -> run(loop, requests));
    }

    private void run(AggregateLoop loop, Requests requests) {
      try {
        loop.run(requests, this::add, cancellation);
      } catch (IOException | RuntimeException | Error e) {
        worst = Result.FAILED;
        lastDetail = StepErrors.classify(e).detail();
      }
    }

    private void add(StepOutcome outcome) {
      boolean worked = !outcome.work().equals(Work.NONE);
      boolean complaint = outcome.result() == Result.FAILED || outcome.result() == Result.DEGRADED;
      work = work.plus(outcome.work());
      if (worked) {
        rounds++;
      }
      // What went wrong is not covered by what came after it.
      if (complaint || (worked && worst == Result.OK)) {
        lastDetail = outcome.detail();
      }
      if (complaint) {
        worst = outcome.result();
      }
    }

    /** Asks the loop to stop, waits until it has, and says what it did. */
    StepOutcome stop() {
      close();
      String detail =
          rounds > 1 ? "beside the repack, %d rounds; the last: %s" : "beside the repack: %2$s";
      return new StepOutcome(
          Step.AGGREGATE,
          worst,
          Duration.ofNanos(System.nanoTime() - startNanos),
          work,
          detail.formatted(rounds, lastDetail));
    }

    @Override
    public void close() {
      cancellation.request();
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted =
              true; // a round under way uses the object directory, which is ours only as long as
          // the cycle runs
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
