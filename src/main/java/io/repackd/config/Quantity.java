package io.repackd.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads numbers with units: durations and sizes. Every complaint is an {@link IllegalArgumentException} for a person. */
public final class Quantity {
  /** Longer than any sensible number; keeps a hostile one from costing time. */
  private static final int MAX_CHARACTERS = 100;

  private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([A-Za-z]*)\\s*");

  private static final Map<String, Duration> TIME_UNITS =
      Map.ofEntries(
          Map.entry("ms", Duration.ofMillis(1)),
          Map.entry("millisecond", Duration.ofMillis(1)),
          Map.entry("s", Duration.ofSeconds(1)),
          Map.entry("sec", Duration.ofSeconds(1)),
          Map.entry("second", Duration.ofSeconds(1)),
          Map.entry("m", Duration.ofMinutes(1)),
          Map.entry("min", Duration.ofMinutes(1)),
          Map.entry("minute", Duration.ofMinutes(1)),
          Map.entry("h", Duration.ofHours(1)),
          Map.entry("hour", Duration.ofHours(1)),
          Map.entry("d", Duration.ofDays(1)),
          Map.entry("day", Duration.ofDays(1)),
          Map.entry("w", Duration.ofDays(7)),
          Map.entry("week", Duration.ofDays(7)));

  private static final Map<String, Integer> SIZE_UNIT_POWERS_OF_1024 =
      Map.ofEntries(
          Map.entry("b", 0),
          Map.entry("byte", 0),
          Map.entry("bytes", 0),
          Map.entry("k", 1),
          Map.entry("kib", 1),
          Map.entry("m", 2),
          Map.entry("mib", 2),
          Map.entry("g", 3),
          Map.entry("gib", 3),
          Map.entry("t", 4),
          Map.entry("tib", 4));

  private Quantity() {}

  /**
   * Reads a duration such as {@code 30m}, {@code 1.5h} or {@code 1h30m}; a unit is needed.
   *
   * @throws IllegalArgumentException if it is none, or not within the bounds; the message is for a person
   */
  public static Duration duration(String text, Duration least, Duration most) {
    refuseNegative(text, "a duration such as 1h");
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher part = PART.matcher(text);
    int end = 0;
    do {
      if (!part.find() || part.start() != end) {
        throw new IllegalArgumentException(text + " is no duration; give one such as 1h");
      }
      if (part.group(2).isEmpty()) {
        throw new IllegalArgumentException(
            text + " has no unit; give a duration such as " + part.group(1) + "m");
      }
      Duration unit =
          timeUnit(part.group(2))
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      text + ": there is no unit " + part.group(2) + "; use ms, s, m, h, d or w"));
      nanos = nanos.add(new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unit.toNanos())));
      end = part.end();
    } while (end < text.length());
    if (nanos.compareTo(BigDecimal.valueOf(least.toNanos())) < 0) {
      throw new IllegalArgumentException(text + " is less than the least, " + text(least));
    }
    if (nanos.compareTo(BigDecimal.valueOf(most.toNanos())) > 0) {
      throw new IllegalArgumentException(text + " is more than the most, " + text(most));
    }
    return Duration.ofNanos(nanos.setScale(0, RoundingMode.DOWN).longValueExact());
  }

  /** Reads a size in bytes such as {@code 10 MiB}; a unit is needed for all but 0. */
  static long bytes(String text, long least, long most) {
    refuseNegative(text, "a size such as 1 GiB");
    Matcher part = PART.matcher(text);
    if (!part.matches()) {
      throw new IllegalArgumentException(text + " is no size; give one such as 10 MiB");
    }
    BigDecimal number = new BigDecimal(part.group(1));
    String unit = part.group(2).toLowerCase(Locale.ROOT);
    if (unit.isEmpty() && number.signum() != 0) {
      throw new IllegalArgumentException(
          text + " has no unit; give a size such as " + text + " bytes or 10 MiB");
    }
    Integer power = unit.isEmpty() ? Integer.valueOf(0) : SIZE_UNIT_POWERS_OF_1024.get(unit);
    if (power == null) {
      throw new IllegalArgumentException(
          text + ": there is no unit " + part.group(2) + "; use bytes, KiB, MiB, GiB or TiB");
    }
    BigDecimal bytes = number.multiply(BigDecimal.valueOf(1024).pow(power));
    if (bytes.compareTo(BigDecimal.valueOf(least)) < 0) {
      throw new IllegalArgumentException(text + " is less than the least, " + text(least));
    }
    if (bytes.compareTo(BigDecimal.valueOf(most)) > 0) {
      throw new IllegalArgumentException(text + " is more than the most, " + text(most));
    }
    if (bytes.stripTrailingZeros().scale() > 0) {
      throw new IllegalArgumentException(text + " is no whole number of bytes");
    }
    return bytes.longValueExact();
  }

  /** A duration as the configuration would write it. */
  static String text(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    if (duration.equals(Duration.ofDays(duration.toDays()))) {
      return duration.toDays() + "d";
    }
    return duration.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  /** A size as the configuration would write it. */
  static String text(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int power = 0;
    long number = bytes;
    while (number != 0 && number % 1024 == 0 && power < units.length - 1) {
      number /= 1024;
      power++;
    }
    return number + " " + units[power];
  }

  private static void refuseNegative(String text, String example) {
    if (text.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          text.substring(0, MAX_CHARACTERS) + "… is too long; give " + example);
    }
    if (text.startsWith("-")) {
      throw new IllegalArgumentException(text + " is negative; give " + example);
    }
  }

  /** One-letter units are case-sensitive nowhere; words may have the s of the plural. */
  private static Optional<Duration> timeUnit(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    Duration unit = TIME_UNITS.get(lower);
    if (unit == null && lower.length() > 3 && lower.endsWith("s")) {
      unit = TIME_UNITS.get(lower.substring(0, lower.length() - 1));
    }
    return Optional.ofNullable(unit);
  }
}
