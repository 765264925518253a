package io.repackd.config;

import java.time.Duration;

/**
 * How one repository is maintained.
 *
 * @param enabled whether it is scheduled at all
 * @param schedule when its cycles run
 * @param jitter by how much a cycle is put off at random, at most, so that repositories do not all start together
 * @param multiPackIndex the multi-pack-index
 * @param expire which packs are deleted, and when
 * @param repack which packs are put together
 * @param safety what is refused
 */
public record MaintenanceSettings(
    boolean enabled,
    Schedule schedule,
    Duration jitter,
    MultiPackIndexSettings multiPackIndex,
    ExpireSettings expire,
    RepackSettings repack,
    SafetySettings safety) {}
