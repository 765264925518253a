package io.repackd.daemon;

import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds the watchdog of the service manager while cycles are being started, and only then: a daemon which is fed by a mere timer
 * looks alive and does nothing.
 */
final class Watchdog {
  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

  private final BooleanSupplier responsive;
  private final Runnable food;
  private boolean hungry;

  /**
   * A watchdog.
   *
   * @param responsive whether the daemon does its work
   * @param food tells the service manager that it does
   */
  Watchdog(BooleanSupplier responsive, Runnable food) {
    this.responsive = responsive;
    this.food = food;
  }

  /** To be called at the interval that the service manager asks for. */
  void feed() {
    if (responsive.getAsBoolean()) {
      food.run();
      hungry = false;
    } else if (!hungry) {
      hungry = true;
      LOG.error("no cycles are being started: the scheduler hangs; the watchdog is not fed");
    }
  }
}
