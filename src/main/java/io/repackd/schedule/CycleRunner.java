package io.repackd.schedule;

import io.repackd.maintenance.CycleOutcome;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;

/** Runs one cycle on the calling thread. What it throws, whatever it is, counts as a failed cycle. */
@FunctionalInterface
public interface CycleRunner {
  /**
   * Runs one cycle to its end.
   *
   * @param cancellation ends it early
   */
  CycleOutcome run(Registration registration, Cancellation cancellation);
}
