package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.StepOutcome;
import io.repackd.registry.Registration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Several listeners as one. What one of them throws reaches neither the others nor the cycle. */
final class Listeners implements CycleListener {
  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

  private final List<CycleListener> listeners;

  Listeners(CycleListener... listeners) {
    this.listeners = List.of(listeners);
  }

  @Override
  public void cycleStarted(Registration registration) {
    tell(listener -> listener.cycleStarted(registration));
  }

  @Override
  public void measured(Registration registration, Measurement measurement) {
    tell(listener -> listener.measured(registration, measurement));
  }

  @Override
  public void stepFinished(Registration registration, StepOutcome outcome) {
    tell(listener -> listener.stepFinished(registration, outcome));
  }

  @Override
  public void cycleFinished(Registration registration, CycleOutcome outcome) {
    tell(listener -> listener.cycleFinished(registration, outcome));
  }

  private void tell(Consumer<CycleListener> event) {
    for (CycleListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (RuntimeException e) {
        LOG.error("{} could not take what a cycle reports", listener.getClass().getSimpleName(), e);
      }
    }
  }
}
