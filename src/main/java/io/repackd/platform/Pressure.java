package io.repackd.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much of the time somebody has waited for a resource: the kernel's pressure stall information, over the last ten seconds and
 * the whole machine.
 *
 * <p>Source: Documentation/accounting/psi.rst of Linux; the line {@code some avg10=1.53 avg60=…} of {@code /proc/pressure/cpu}.
 */
public final class Pressure {
  private static final Path PROC = Path.of("/proc/pressure");
  private static final String BEFORE = "some avg10=";

  private final Path directory;

  /** The pressure of this machine. */
  public Pressure() {
    this(PROC);
  }

  /** The pressure as files in a directory tell it. */
  public Pressure(Path directory) {
    this.directory = directory;
  }

  /**
   * How many percent of the time.
   *
   * @param resource {@code cpu}, {@code io} or {@code memory}
   * @return 0 where the kernel does not say
   */
  public double percent(String resource) {
    try {
      String line = Files.readString(directory.resolve(resource)).lines().findFirst().orElse("");
      if (line.startsWith(BEFORE)) {
        int end = line.indexOf(' ', BEFORE.length());
        return Double.parseDouble(line.substring(BEFORE.length(), end < 0 ? line.length() : end));
      }
      return 0;
    } catch (IOException | NumberFormatException e) {
      return 0; // an old kernel, or one that was told not to count
    }
  }
}
