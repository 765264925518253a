package io.repackd.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * What this process uses, under the names that Prometheus' client libraries have in common. Read from {@code /proc} when
 * somebody asks, so that it costs nothing between; the JVM's management beans would cost memory all the time. Where there
 * is no {@code /proc} the meters that need it are missing.
 */
public final class ProcessMetrics {
  private static final Path PROC = Path.of("/proc/self");
  private static final long KIB = 1024;

  private ProcessMetrics() {}

  /** Registers the meters. */
  public static void register(MeterRegistry meters) {
    ProcessHandle self = ProcessHandle.current();
    self.info()
        .startInstant()
        .ifPresent(started -> {
          double seconds = started.toEpochMilli() / 1000.0;
          gauge(meters, "process_start_time_seconds", "When the process began.", () -> seconds);
        });
    FunctionCounter.builder(
            "process_cpu_seconds_total",
            self,
            handle -> handle.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1000.0)
        .description("Processor time used, in user and system mode.")
        .register(meters);
    gauge(
        meters,
        "process_heap_used_bytes",
        "Memory used by Java objects, with those nobody needs any more.",
        () -> Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    if (Files.isDirectory(PROC)) {
      gauge(
          meters,
          "process_resident_memory_bytes",
          "Physical memory used.",
          ProcessMetrics::residentBytes);
      gauge(meters, "process_open_fds", "Open file descriptors.", ProcessMetrics::openFiles);
    }
  }

  private static void gauge(
      MeterRegistry meters, String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).register(meters);
  }

  private static Number residentBytes() {
    try {
      for (String line : Files.readAllLines(PROC.resolve("status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.substring(6, line.length() - 2).strip()) * KIB;
        }
      }
    } catch (IOException e) {
      // As if it were missing.
    }
    return Double.NaN;
  }

  private static Number openFiles() {
    long count = -1; // The directory itself is open while it is read.
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(PROC.resolve("fd"))) {
      for (Path _ : descriptors) {
        count++;
      }
      return count;
    } catch (IOException e) {
      return Double.NaN;
    }
  }
}
