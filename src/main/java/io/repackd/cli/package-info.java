/**
 * The command line: one class for each command.
 *
 * <p>Read {@link io.repackd.cli.Repackd} first. Calls every package below it.
 */
@NullMarked
package io.repackd.cli;

import org.jspecify.annotations.NullMarked;
