package io.repackd.maintenance;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What one cycle did, as measured.
 *
 * @param repository the registered name
 * @param objectDirectory the object directory
 * @param started when it began
 * @param duration how long it took
 * @param result how it ended
 * @param reason why it was skipped or failed, in a word for metrics, such as {@code locked}; {@code none} when it did not
 * @param detail the same for a person, in a line; empty when there is nothing to say
 * @param steps the steps that ran, in their order
 * @param before the counts at the beginning; empty if the object directory could not be read
 * @param after the counts at the end; likewise
 */
public record CycleOutcome(
    String repository,
    Path objectDirectory,
    Instant started,
    Duration duration,
    Result result,
    String reason,
    String detail,
    List<StepOutcome> steps,
    Optional<Measurement> before,
    Optional<Measurement> after) {
  /** The reason of a cycle which has none. */
  public static final String NO_REASON = "none";

  public CycleOutcome {
    steps = List.copyOf(steps);
  }

  /** Whether it put packs together. */
  public boolean repacked() {
    return steps.stream()
        .anyMatch(step -> step.step() == Step.REPACK && step.work().packsWritten() > 0);
  }

  /** Whether it deleted packs that had been put together before. */
  public boolean expired() {
    return steps.stream()
        .anyMatch(step -> step.step() == Step.EXPIRE && step.work().packsDeleted() > 0);
  }

  /** What all steps counted together. */
  public StepOutcome.Work work() {
    return steps.stream()
        .map(StepOutcome::work)
        .reduce(StepOutcome.Work.NONE, StepOutcome.Work::plus);
  }
}
