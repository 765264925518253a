/**
 * The cycle: snapshot, plan, steps, outcome. All policy is here, as pure functions of a snapshot.
 *
 * <p>Read {@link io.repackd.maintenance.MaintenanceCycle} first, then {@link io.repackd.maintenance.CyclePlan}. Calls the
 * formats below it, {@code config}, {@code objectdir} and {@code platform}.
 */
@NullMarked
package io.repackd.maintenance;

import org.jspecify.annotations.NullMarked;
