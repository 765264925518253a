package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** What the daemon has done: maintenance and its history. */
interface Cycles {
  /** Runs a cycle. */
  CycleOutcome run(Registration registration, Cancellation cancellation, CycleListener listener);

  /**
   * Counts an object directory without changing it.
   *
   * @throws IOException if it cannot be read
   */
  Measurement measure(Registration registration) throws IOException;

  /**
   * Remembers how a cycle ended.
   *
   * @throws IOException if that cannot be written
   */
  void append(CycleOutcome outcome) throws IOException;

  /** When a cycle of the object directory last began. */
  Optional<Instant> lastStarted(Path objectDirectory);
}
