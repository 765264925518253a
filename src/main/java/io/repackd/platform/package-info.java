/**
 * What the machine knows: process table and stamps, directory fsync, service notification.
 *
 * <p>Read {@link io.repackd.platform.ProcessStamp} first. Calls no other package of ours.
 */
@NullMarked
package io.repackd.platform;

import org.jspecify.annotations.NullMarked;
