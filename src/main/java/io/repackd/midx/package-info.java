/**
 * The multi-pack-index: read, write, verify, count owners, select what to expire and to repack. Knows the format and
 * no policy.
 *
 * <p>Read {@link io.repackd.midx.MultiPackIndex} first. Calls {@code pack}, {@code objectdir} and {@code platform}.
 */
@NullMarked
package io.repackd.midx;

import org.jspecify.annotations.NullMarked;
