package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the numbers depend on. */
final class Conditions {
  private static final int STARTS = 21;

  private Conditions() {}

  /** The machine, how busy it is, the versions, and what it costs here to start a process which does nothing. */
  static String of(List<Git> gits) throws IOException {
    return ("%s, %s: %d processors of type %s, %s of memory, load %s. JDK %s; %s. To start a"
            + " process that does nothing takes %.1f ms here, and counts for whoever is a"
            + " process of its own.")
        .formatted(
            LocalDate.now(java.time.ZoneOffset.UTC),
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            Runtime.getRuntime().availableProcessors(),
            field("/proc/cpuinfo", "model name"),
            field("/proc/meminfo", "MemTotal"),
            Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0],
            Runtime.version(),
            gits.stream().map(Git::label).collect(Collectors.joining(", ")),
            Contest.median(starts()) / 1e6);
  }

  private static String field(String file, String name) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    }
  }

  private static List<Long> starts() throws IOException {
    List<Long> nanos = new ArrayList<>();
    for (int i = 0; i < STARTS; i++) {
      long start = System.nanoTime();
      try {
        Git.undisturbed(List.of("true")).start().waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while a process was started", e);
      }
      nanos.add(System.nanoTime() - start);
    }
    return nanos;
  }
}
