package io.repackd.schedule;

import io.repackd.registry.Registration;
import java.time.Instant;
import java.util.Optional;

/** Is told when the next cycle of a repository is due. Must be quick, and must not call the scheduler. */
@FunctionalInterface
public interface ScheduleListener {
  /**
   * The next cycle was set, or taken away.
   *
   * @param due when it is due; empty if there is none
   */
  void nextRun(Registration registration, Optional<Instant> due);
}
