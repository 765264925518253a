package io.repackd.config;

/**
 * What makes the work of the daemon wait. Pressure is the share of the time in which somebody waits for a resource.
 *
 * @param maxCpuPercent the pressure on the processors above which work slows down; 100 is never exceeded
 * @param maxIoPercent the same of the disks
 * @param maxMemoryPercent the same of memory
 * @param runOnBattery whether work goes on while the machine runs on its battery
 */
public record PacingSettings(
    int maxCpuPercent, int maxIoPercent, int maxMemoryPercent, boolean runOnBattery) {}
