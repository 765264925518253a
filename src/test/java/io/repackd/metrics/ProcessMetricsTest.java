package io.repackd.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcessMetricsTest {
  private final Exposition exposition = new Exposition();

  @Test
  @EnabledOnOs(OS.LINUX)
  void theNumbersAreThoseOfThisProcess() {
    ProcessMetrics.register(exposition.meters());

    assertThat(value("process_resident_memory_bytes")).isBetween(10e6, 10e9);
    assertThat(value("process_open_fds")).isBetween(3.0, 10_000.0);
    assertThat(value("process_cpu_seconds_total")).isBetween(0.1, 10_000.0);
    assertThat(value("process_start_time_seconds"))
        .isBetween(1.7e9, System.currentTimeMillis() / 1000.0);
    assertThat(value("process_heap_used_bytes")).isBetween(1e6, 1e9);
  }

  private double value(String name) {
    return exposition
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }
}
