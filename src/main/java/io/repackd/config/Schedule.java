package io.repackd.config;

import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import org.quartz.CronExpression;

/** When the cycles of a repository run. Its text is what the configuration writes for it. */
public sealed interface Schedule {
  /**
   * The first time after the given one at which a cycle is due, or nothing if there is none any more.
   *
   * @param after usually when the last cycle began
   * @param zone the time zone in which calendar fields count
   */
  Optional<Instant> next(Instant after, ZoneId zone);

  /**
   * At a fixed distance from the last cycle's beginning.
   *
   * @param interval at least a minute
   */
  record Every(Duration interval) implements Schedule {
    /** The least distance between two cycles of one repository. */
    public static final Duration MIN_INTERVAL = Duration.ofMinutes(1);

    public Every {
      if (interval.compareTo(MIN_INTERVAL) < 0) {
        throw new IllegalArgumentException("at least 1 minute, not " + interval);
      }
    }

    @Override
    public Optional<Instant> next(Instant after, ZoneId zone) {
      return Optional.of(after.plus(interval));
    }

    @Override
    public String toString() {
      return "every " + Quantity.text(interval);
    }
  }

  /**
   * By the calendar.
   *
   * @param expression a cron expression in the form of Quartz: seconds, minutes, hours, day of month, month, day of week
   */
  record Cron(String expression) implements Schedule {
    /** At the beginning of every hour. */
    public static final Cron HOURLY = new Cron("0 0 * * * ?");

    /** At midnight. */
    public static final Cron DAILY = new Cron("0 0 0 * * ?");

    /** At midnight before Monday. */
    public static final Cron WEEKLY = new Cron("0 0 0 ? * MON");

    private static final Map<String, String> WORDS =
        Map.of(HOURLY.expression, "hourly", DAILY.expression, "daily", WEEKLY.expression, "weekly");

    public Cron {
      parse(expression);
    }

    @Override
    public Optional<Instant> next(Instant after, ZoneId zone) {
      CronExpression cron = parse(expression);
      cron.setTimeZone(TimeZone.getTimeZone(zone));
      return Optional.ofNullable(cron.getNextValidTimeAfter(Date.from(after))).map(Date::toInstant);
    }

    private static CronExpression parse(String expression) {
      try {
        return new CronExpression(expression);
      } catch (ParseException e) {
        throw new IllegalArgumentException(
            "not a cron expression: " + expression + ": " + e.getMessage(), e);
      }
    }

    @Override
    public String toString() {
      return WORDS.getOrDefault(expression, expression);
    }
  }
}
