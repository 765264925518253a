package io.repackd.config;

/**
 * What is refused for safety's sake.
 *
 * @param allowForeignOwner whether an object directory that belongs to another user is maintained
 * @param diskReserveBytes how much free space a step leaves on the file system, in bytes
 */
public record SafetySettings(boolean allowForeignOwner, long diskReserveBytes) {}
