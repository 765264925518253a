package io.repackd.maintenance;

import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the steps of one cycle: each is timed and told of, and whatever it fails with is classified. */
final class StepRun {
  private static final Logger log = LoggerFactory.getLogger(StepRun.class);

  private final ObjectDirectory directory;
  private final DamagedPacks damagedPacks;
  private final Consumer<StepOutcome> finished;
  private final Cancellation cancellation;

  /**
   * Runs steps.
   *
   * @param damagedPacks takes a pack that a step finds damaged
   * @param finished takes what became of each step
   * @param cancellation asked before each
   */
  StepRun(
      ObjectDirectory directory,
      DamagedPacks damagedPacks,
      Consumer<StepOutcome> finished,
      Cancellation cancellation) {
    this.directory = directory;
    this.damagedPacks = damagedPacks;
    this.finished = finished;
    this.cancellation = cancellation;
  }

  /** What one step did. A verification that finds what can be mended has failed, and the cycle goes on. */
  record Done(Result result, Work work, String detail) {
    Done(Work work, String detail) {
      this(Result.OK, work, detail);
    }
  }

  /** The doing of one step. */
  interface Body {
    Done run() throws IOException, StepFailure;
  }

  /** Tells of a step that ran by itself. */
  void tell(StepOutcome outcome) {
    finished.accept(outcome);
  }

  /**
   * Runs one step.
   *
   * @throws StepFailure if it cannot go on, whatever the reason
   */
  void run(Step step, Body body) throws StepFailure {
    long start = System.nanoTime();
    try {
      cancellation.check();
      Done done = body.run();
      finished.accept(
          new StepOutcome(step, done.result(), since(start), done.work(), done.detail()));
    } catch (IOException | StepFailure | RuntimeException | InternalError | OutOfMemoryError e) {
      StepFailure failure = StepErrors.classify(e);
      if (failure.reason().equals("internal")) {
        log.error("internal error in step {} of {}", step.label(), directory.path(), e);
      }
      finished.accept(
          new StepOutcome(step, failure.result(), since(start), Work.NONE, failure.detail()));
      if (e instanceof CorruptFileException corrupt) {
        remember(corrupt);
      }
      throw failure;
    }
  }

  private void remember(CorruptFileException corrupt) {
    try {
      damagedPacks.note(corrupt.file());
    } catch (IOException e) {
      log.error("cannot note that {} is damaged", corrupt.file(), e);
    }
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }
}
