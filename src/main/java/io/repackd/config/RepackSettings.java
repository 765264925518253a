package io.repackd.config;

import java.time.Duration;

/**
 * Settings of the repack step.
 *
 * @param enabled whether packs are put together at all
 * @param strategy by which rule they are chosen
 * @param batchSize how much is put together in one cycle, where the strategy is {@link RepackStrategy#BATCH}
 * @param minAge how old a pack has to be, at least, before it is taken into a batch: its sidecars may still be on their way
 * @param deltaSearch whether deltas are searched for what has none that is worth keeping
 */
public record RepackSettings(
    boolean enabled,
    RepackStrategy strategy,
    BatchSize batchSize,
    Duration minAge,
    boolean deltaSearch) {
  /** Batches of a size, with a search for deltas. */
  public RepackSettings(boolean enabled, BatchSize batchSize, Duration minAge) {
    this(enabled, RepackStrategy.BATCH, batchSize, minAge, true);
  }
}
