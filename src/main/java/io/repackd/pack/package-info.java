/**
 * The pack formats: packs, pack indexes (versions 1 and 2) and reverse indexes, read and written. Knows formats and
 * no policy: it takes channels and mapped segments, not repositories.
 *
 * <p>Read {@link io.repackd.pack.PackWriter} first. Calls {@code objectdir} and {@code platform}.
 */
@NullMarked
package io.repackd.pack;

import org.jspecify.annotations.NullMarked;
