package io.repackd.daemon;

import java.time.Duration;
import java.util.Locale;

/** The tail of a log line: {@code key=value}, for people and for {@code grep}. Values with a blank are in quotes. */
final class LogFields {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private static final long UNIT_STEP = 1024;

  private final StringBuilder text = new StringBuilder();

  LogFields add(String key, String value) {
    text.append(' ').append(key).append('=');
    if (!value.isEmpty() && value.chars().noneMatch(c -> c <= ' ' || c == '"' || c == '=')) {
      text.append(value);
    } else {
      text.append('"').append(value.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
    }
    return this;
  }

  LogFields add(String key, long value) {
    return add(key, Long.toString(value));
  }

  LogFields addBytes(String key, long bytes) {
    return add(key, bytes(bytes));
  }

  LogFields add(String key, Duration duration) {
    return add(key, duration(duration));
  }

  /** {@code 0B}, {@code 1.2GiB}: three digits at most, except from 1000 on. */
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= UNIT_STEP) {
      value /= UNIT_STEP;
      unit++;
    }
    return (unit == 0 || value >= 100
            ? Long.toString(Math.round(value))
            : String.format(Locale.ROOT, "%.1f", value))
        + UNITS[unit];
  }

  /** {@code 0.020s}, {@code 12.3s}, {@code 10m03s}, {@code 2h05m}. */
  static String duration(Duration duration) {
    if (duration.toSeconds() < 1) {
      return String.format(Locale.ROOT, "%.3fs", duration.toMillis() / 1000.0);
    }
    if (duration.toMinutes() < 1) {
      return String.format(
          Locale.ROOT, "%d.%ds", duration.toSeconds(), duration.toMillisPart() / 100);
    }
    return duration.toHours() < 1
        ? String.format(Locale.ROOT, "%dm%02ds", duration.toMinutes(), duration.toSecondsPart())
        : String.format(Locale.ROOT, "%dh%02dm", duration.toHours(), duration.toMinutesPart());
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
