/**
 * When cycles run: Quartz jobs and triggers, jitter, catch-up of what was missed.
 *
 * <p>Read {@link io.repackd.schedule.MaintenanceScheduler} first. Calls {@code maintenance}, {@code history}, {@code registry}
 * and what is below.
 */
@NullMarked
package io.repackd.schedule;

import org.jspecify.annotations.NullMarked;
