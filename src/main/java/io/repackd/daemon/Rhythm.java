package io.repackd.daemon;

import java.time.Duration;

/**
 * How often the daemon does what it does besides cycles.
 *
 * @param configuration how often the configuration files are looked at: soon enough for somebody who has just saved one, and
 *     a few system calls each time
 * @param registry how often paths and globs are resolved anew, for repositories that appear, vanish and come back
 * @param measurement how old the numbers of an idle repository may become: counting reads the directories of loose objects
 * @param drain for how long running cycles are waited for when the daemon stops: service managers and people lose patience
 *     soon after, and a cycle that is killed loses its work, no more
 */
record Rhythm(Duration configuration, Duration registry, Duration measurement, Duration drain) {
  static final Rhythm DEFAULT =
      new Rhythm(
          Duration.ofSeconds(10),
          Duration.ofMinutes(1),
          Duration.ofMinutes(5),
          Duration.ofSeconds(10));
}
