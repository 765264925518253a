/** Tests of what surrounds the program: launcher, alert rules, and a whole machine with systemd and Prometheus. */
@NullMarked
package io.repackd.container;

import org.jspecify.annotations.NullMarked;
