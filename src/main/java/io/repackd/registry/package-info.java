/**
 * Which object directories are ours: the configured paths and globs, resolved.
 *
 * <p>Read {@link io.repackd.registry.Registry} first. Calls {@code config}, {@code objectdir} and {@code platform}.
 */
@NullMarked
package io.repackd.registry;

import org.jspecify.annotations.NullMarked;
