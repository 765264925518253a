/**
 * What the machine knows: process table and stamps, pressure and power, directory fsync, service notification; and
 * how work is ended, paced and told of.
 *
 * <p>Read {@link io.repackd.platform.ProcessStamp} and {@link io.repackd.platform.Cancellation} first. Calls no other package of ours.
 */
@NullMarked
package io.repackd.platform;

import org.jspecify.annotations.NullMarked;
