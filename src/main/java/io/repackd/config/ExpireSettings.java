package io.repackd.config;

import java.time.Duration;

/**
 * Settings of the expire step.
 *
 * @param enabled whether packs are deleted at all
 * @param minAge for how long a pack has to be unreferenced, at least, before it is deleted
 */
public record ExpireSettings(boolean enabled, Duration minAge) {}
