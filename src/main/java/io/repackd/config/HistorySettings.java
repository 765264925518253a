package io.repackd.config;

/**
 * Settings of the history.
 *
 * @param maxCycles how many cycles are remembered, over all repositories; at least 1
 */
public record HistorySettings(int maxCycles) {}
