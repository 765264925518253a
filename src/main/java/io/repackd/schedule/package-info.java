/**
 * When cycles run: Quartz jobs and triggers, jitter, catch-up of what was missed; and the aggregate loop beside them, with
 * the watch over pack directories.
 *
 * <p>Read {@link io.repackd.schedule.MaintenanceScheduler} first, then {@link io.repackd.schedule.AggregateScheduler}. Calls {@code maintenance}, {@code history}, {@code registry}
 * and what is below.
 */
@NullMarked
package io.repackd.schedule;

import org.jspecify.annotations.NullMarked;
