package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.StepOutcome;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.schedule.LastRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Maintenance and its history. */
interface Cycles extends LastRun {
  /** Runs a cycle. */
  CycleOutcome run(Registration registration, Cancellation cancellation, CycleListener listener);

  /**
   * Whether a round of aggregation would have something to do: a short look.
   *
   * @throws IOException if it cannot be looked
   */
  boolean worthAggregating(Registration registration) throws IOException;

  /** Runs one round of aggregation beside the cycles. */
  StepOutcome aggregate(Registration registration, Cancellation cancellation);

  /**
   * Counts an object directory without changing it.
   *
   * @throws IOException if it cannot be read
   */
  Measurement measure(Registration registration) throws IOException;

  /**
   * Remembers how a cycle ended.
   *
   * @throws IOException if that cannot be written
   */
  void append(CycleOutcome outcome) throws IOException;

  /**
   * When the last cycle of the object directory that ended well began.
   *
   * @throws IOException if that cannot be read
   */
  Optional<Instant> lastSuccess(Path objectDirectory) throws IOException;

  /**
   * When the cycles of the object directory began that repacked since one last deleted packs, the oldest first.
   *
   * @throws IOException if that cannot be read
   */
  default List<Instant> repacksWithoutExpiry(Path objectDirectory) throws IOException {
    return List.of();
  }
}
