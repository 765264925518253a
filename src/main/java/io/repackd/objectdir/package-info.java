/**
 * What lies in an object directory: packs and their sidecars, loose objects, locks and keep files; and the one
 * way in which a file is published there.
 *
 * <p>Read {@link io.repackd.objectdir.ObjectDirectory} first. Calls {@code platform}.
 */
@NullMarked
package io.repackd.objectdir;

import org.jspecify.annotations.NullMarked;
