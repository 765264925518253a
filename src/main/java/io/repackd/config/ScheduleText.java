package io.repackd.config;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;

/** Reads the value of {@code schedule}. */
final class ScheduleText {
  private static final Duration MAX_INTERVAL = Duration.ofDays(365);

  private static final String EVERY = "every ";

  private static final int UNIX_FIELDS = 5;

  /** The year is optional. */
  private static final List<Integer> QUARTZ_FIELDS = List.of(6, 7);

  private ScheduleText() {}

  /**
   * Reads a schedule.
   *
   * @throws IllegalArgumentException if it is none, or comes more than once a minute, or never; the message is for a person
   */
  static Schedule parse(String text) {
    return switch (text) {
      case "hourly" -> Schedule.Cron.HOURLY;
      case "daily" -> Schedule.Cron.DAILY;
      case "weekly" -> Schedule.Cron.WEEKLY;
      default -> text.startsWith(EVERY) ? every(text) : cron(text);
    };
  }

  private static Schedule every(String text) {
    String interval = text.substring(EVERY.length()).strip();
    return new Schedule.Every(
        Quantity.duration(interval, Schedule.Every.MIN_INTERVAL, MAX_INTERVAL));
  }

  private static Schedule cron(String text) {
    List<String> fields = Arrays.asList(text.split("\\s+"));
    boolean unix = fields.size() == UNIX_FIELDS;
    if (!unix && !QUARTZ_FIELDS.contains(fields.size())) {
      throw new IllegalArgumentException(
          text
              + " is no schedule; give hourly, daily, weekly, \"every 30m\" or a cron expression"
              + " such as \"0 3 * * 1-5\"");
    }
    String expression = unix ? UnixCron.toQuartz(fields) : String.join(" ", fields);
    if (!unix && !fields.getFirst().matches("\\d{1,2}")) {
      throw new IllegalArgumentException(
          text
              + " comes more than once a minute; of "
              + fields.size()
              + " fields the first is the second and has to be one number, such as 0");
    }
    Schedule schedule = new Schedule.Cron(expression);
    if (schedule.next(Instant.EPOCH, ZoneOffset.UTC).isEmpty()) {
      throw new IllegalArgumentException(text + " never comes: there is no such date");
    }
    return schedule;
  }
}
