/**
 * The typed configuration, read from HOCON with a file and a line for every complaint.
 *
 * <p>Read {@link io.repackd.config.Configuration} first; {@code config/reference.conf} documents every key. Calls no other
 * package of ours.
 */
@NullMarked
package io.repackd.config;

import org.jspecify.annotations.NullMarked;
