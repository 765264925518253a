package io.repackd.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.repackd.platform.Pacer;
import io.repackd.platform.Throttle;

/**
 * The time that work has lost by waiting:
 *
 * <pre>
 * repackd_throttled_seconds_total{reason="battery",} 1800.5
 * </pre>
 */
public final class PacerMetrics {
  static final String THROTTLED = "repackd_throttled_seconds_total";

  private static final double MILLIS_PER_SECOND = 1000;

  private PacerMetrics() {}

  /** Registers the meters of a pacer, which lives as long as they do. */
  public static void register(MeterRegistry meters, Pacer pacer) {
    for (Throttle reason : Throttle.values()) {
      FunctionCounter.builder(
              THROTTLED, pacer, each -> each.lost(reason).toMillis() / MILLIS_PER_SECOND)
          .description("Time that work has lost by waiting, by the reason.")
          .tags("reason", reason.label())
          .register(meters);
    }
  }
}
