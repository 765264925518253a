package io.repackd.config;

import java.time.Duration;

/**
 * Settings of the repack step.
 *
 * @param enabled whether packs are put together at all
 * @param batchSize how much is put together in one cycle
 * @param minAge how old a pack has to be, at least, before it is taken into a batch: its sidecars may still be on their way
 */
public record RepackSettings(boolean enabled, BatchSize batchSize, Duration minAge) {}
