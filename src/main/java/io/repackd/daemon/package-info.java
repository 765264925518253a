/**
 * The life cycle: start, reload, drain, stop; and the wiring.
 *
 * <p>Read {@link io.repackd.daemon.Daemon} first. Calls every package but {@code cli}.
 */
@NullMarked
package io.repackd.daemon;

import org.jspecify.annotations.NullMarked;
