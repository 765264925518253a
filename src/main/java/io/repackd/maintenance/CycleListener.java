package io.repackd.maintenance;

import io.repackd.registry.Registration;

/** Is told what a cycle does while it does it. Called on the thread of the cycle; what it throws is not caught. */
public interface CycleListener {
  /** A cycle begins. */
  default void cycleStarted(Registration registration) {}

  /** The object directory was counted. */
  default void measured(Registration registration, Measurement measurement) {}

  /** A step ended. */
  default void stepFinished(Registration registration, StepOutcome outcome) {}

  /** The cycle ended. */
  default void cycleFinished(Registration registration, CycleOutcome outcome) {}
}
