package io.repackd.schedule;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** Remembers, over restarts, when cycles began. */
@FunctionalInterface
public interface LastRun {
  /**
   * When the last cycle of an object directory began. One that was skipped did not begin.
   *
   * @return empty if it never had one
   * @throws IOException if that cannot be read
   */
  Optional<Instant> lastStarted(Path objectDirectory) throws IOException;

  /**
   * How many of the last cycles of an object directory failed, one after the other, or found a pack damaged. Skipped ones say
   * nothing.
   *
   * @throws IOException if that cannot be read
   */
  default int failuresInARow(Path objectDirectory) throws IOException {
    return 0;
  }
}
