package io.repackd.maintenance;

import java.time.Duration;
import java.util.Locale;

/** Bytes and durations as a person reads them. */
public final class Amounts {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final double UNIT_STEP = 1024;

  private Amounts() {}

  /** A number of bytes: {@code 812 B}, {@code 1.2 GiB}. */
  public static String bytes(long bytes) {
    double amount = bytes;
    int unit = 0;
    while (amount >= UNIT_STEP && unit < UNITS.length - 1) {
      amount /= UNIT_STEP;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", amount, UNITS[unit]);
  }

  /** A duration: {@code 2 h 5 min}, {@code 40 s}, {@code 0.8 s}. */
  public static String duration(Duration duration) {
    if (duration.toHours() > 0) {
      return duration.toMinutesPart() == 0
          ? duration.toHours() + " h"
          : "%d h %d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
    if (duration.toMinutes() > 0) {
      return duration.toSecondsPart() == 0
          ? duration.toMinutes() + " min"
          : "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart());
    }
    return duration.toMillisPart() == 0
        ? duration.toSeconds() + " s"
        : String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }
}
