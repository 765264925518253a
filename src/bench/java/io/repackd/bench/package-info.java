/**
 * The benchmark: makes sample repositories, lets git and repackd do the same jobs on them in turn, checks that both did
 * them rightly, and prints how their times compare.
 *
 * <p>Read {@link io.repackd.bench.Compare} first, then {@link io.repackd.bench.Sample}. Not part of the product; may call all
 * of it.
 */
@NullMarked
package io.repackd.bench;

import org.jspecify.annotations.NullMarked;
