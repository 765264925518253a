package io.repackd.platform;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Tells the time since the machine was booted, which nobody can set. It goes on while the machine sleeps. */
public interface BootClock {
  /** The clock of this machine: {@code /proc/uptime}, to a hundredth of a second. */
  BootClock SYSTEM = BootClock::read;

  /**
   * A moment.
   *
   * @param bootId the kernel's name for this boot: moments of two boots cannot be compared
   * @param sinceBoot how long the machine had been running
   */
  record Moment(String bootId, Duration sinceBoot) {}

  /**
   * The present moment.
   *
   * @throws IOException if there is no process table
   */
  Moment now() throws IOException;

  private static Moment read() throws IOException {
    String line = Files.readString(Path.of("/proc/uptime"), StandardCharsets.ISO_8859_1);
    String bootId = ProcessStamp.own().bootId();
    if (bootId.isEmpty()) {
      throw new IOException("cannot tell one boot of this machine from another");
    }
    BigDecimal seconds = new BigDecimal(line.substring(0, line.indexOf(' ')));
    return new Moment(bootId, Duration.ofMillis(seconds.movePointRight(3).longValue()));
  }
}
