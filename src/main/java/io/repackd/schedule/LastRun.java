package io.repackd.schedule;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** Remembers, over restarts, when cycles began. */
@FunctionalInterface
public interface LastRun {
  /** When the last cycle of an object directory began; empty if it never had one. */
  Optional<Instant> lastStarted(Path objectDirectory);
}
