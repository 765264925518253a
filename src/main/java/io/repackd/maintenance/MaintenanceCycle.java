package io.repackd.maintenance;

import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.nio.file.Path;
import java.time.Clock;

/** One run of maintenance over one object directory: write, verify, expire, verify, repack, write, verify. */
public final class MaintenanceCycle {
  private final Clock clock;
  private final Path stateDirectory;

  /**
   * A cycle which can be run any number of times, by any number of threads.
   *
   * @param clock tells the age of things
   * @param stateDirectory where it is remembered since when a pack is unreferenced; made if it is missing
   */
  public MaintenanceCycle(Clock clock, Path stateDirectory) {
    this.clock = clock;
    this.stateDirectory = stateDirectory;
  }

  /** How a cycle is to run: {@code immediately} lifts the age limits, because nobody else is there. */
  public record Request(boolean immediately) {
    /** A cycle of the daemon. */
    public static final Request SCHEDULED = new Request(false);
  }

  /**
   * Runs one cycle. Never throws for what it finds in the object directory: that is an outcome.
   *
   * @param cancellation ends it early, with the step in hand finished or cleanly abandoned
   */
  public CycleOutcome run(
      Registration registration,
      Request request,
      Cancellation cancellation,
      CycleListener listener) {
    throw new IllegalStateException(clock + " " + stateDirectory);
  }

  /**
   * Counts the object directory without changing anything.
   *
   * @throws java.io.IOException if it cannot be read; the message names the file
   */
  public static Measurement measure(Registration registration) throws java.io.IOException {
    throw new java.io.IOException(registration.name());
  }
}
