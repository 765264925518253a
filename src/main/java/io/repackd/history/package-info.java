/**
 * What happened: one line of JSON for each cycle, kept across restarts.
 *
 * <p>Read {@link io.repackd.history.CycleHistory} first. Calls {@code maintenance} and {@code config}.
 */
@NullMarked
package io.repackd.history;

import org.jspecify.annotations.NullMarked;
