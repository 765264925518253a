package io.repackd.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.platform.Throttle;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PacerMetricsTest {
  @Test
  void timeThatIsLostIsCountedByReason() {
    AtomicInteger looks = new AtomicInteger();
    Pacer pacer =
        new Pacer(
            () -> looks.getAndIncrement() == 0 ? Optional.of(Throttle.BATTERY) : Optional.empty());
    Exposition exposition = new Exposition();
    PacerMetrics.register(exposition.meters(), pacer);

    new Cancellation(pacer).check();

    assertThat(exposition.text())
        .contains("# TYPE repackd_throttled_seconds_total counter")
        .contains("repackd_throttled_seconds_total{reason=\"pause\",} 0.0")
        .contains("repackd_throttled_seconds_total{reason=\"cpu\",} 0.0")
        .containsPattern("repackd_throttled_seconds_total\\{reason=\"battery\",} [1-9]\\d*\\.\\d+");
  }
}
