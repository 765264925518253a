package io.repackd.config;

/**
 * Settings of the multi-pack-index.
 *
 * @param enabled whether repackd writes one; without it nothing is repacked or expired
 */
public record MultiPackIndexSettings(boolean enabled) {}
