package io.repackd.schedule;

import io.repackd.registry.Registration;
import java.time.Instant;

/** Is told when the next cycle of a repository is due. Must be quick, and must not call the scheduler. */
public interface ScheduleListener {
  /** The next cycle was set to the given time. */
  void nextRun(Registration registration, Instant due);

  /** There is no next cycle: the repository is disabled or gone, or its schedule has no further time. */
  void noNextRun(Registration registration);
}
