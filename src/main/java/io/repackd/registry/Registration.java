package io.repackd.registry;

import io.repackd.config.MaintenanceSettings;
import io.repackd.objectdir.RepositoryLocation;

/**
 * One registered object directory.
 *
 * @param name what logs, metrics and history call it; no two registrations have the same
 * @param location where it lies
 * @param settings how it is maintained
 */
public record Registration(
    String name, RepositoryLocation location, MaintenanceSettings settings) {}
