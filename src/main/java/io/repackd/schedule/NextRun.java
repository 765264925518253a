package io.repackd.schedule;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.Result;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Decides when a repository's next cycle begins: {@code schedule.next(last start)}, put off by a random part of the jitter.
 *
 * <p>There is one rule for every kind of schedule, so what was missed needs no rule of its own. A machine that slept, or a
 * daemon that was down, finds the computed time in the past; the cycle is then due now. With {@code every 1h}, jitter 5 min
 * and the clock at 12:00:
 *
 * <pre>
 * last start    next
 * 11:30         12:30 to 12:35
 * 10:00         12:00:00 to 12:00:30   overdue
 * never         12:00 to 12:05
 * </pre>
 *
 * <p>A cycle that failed is given more and more time, up to a day: what made it fail is mostly still there, each attempt costs as
 * much as a success, and others wait for its place. After the failures in a row:
 *
 * <pre>
 * 1      2       3       4       5        6        7        8         9 and more
 * 5 min  10 min  20 min  40 min  80 min   160 min  320 min  640 min   24 h
 * </pre>
 *
 * <p>Its schedule counts where that is later. One that could not begin is tried again in the same way, but at its next scheduled
 * time at the latest.
 */
final class NextRun {
  /** Over how long cycles that are due at once are spread: enough that they do not all start in one second. */
  static final Duration CATCH_UP_SPREAD = Duration.ofSeconds(30);

  /**
   * How long to wait after a cycle that could not begin. What made it wait, somebody else's maintenance or little free
   * disk, passes in minutes; a schedule of a day would lose a day to it.
   */
  static final Duration RETRY_AFTER_SKIP = Duration.ofMinutes(5);

  /** How long to wait after a first failure. */
  static final Duration RETRY_AFTER_FAILURE = Duration.ofMinutes(5);

  /** How long to wait at most, however many there were. */
  static final Duration MAX_BACK_OFF = Duration.ofDays(1);

  private static final int DOUBLINGS = 8;

  private final Clock clock;
  private final RandomGenerator random;

  /**
   * A decision by the given clock.
   *
   * @param clock also tells the time zone in which the calendar of a schedule counts
   * @param random the source of jitter
   */
  NextRun(Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /** The first cycle of a repository that never had one. */
  Instant first(MaintenanceSettings settings) {
    return clock.instant().plus(upTo(settings.jitter()));
  }

  /**
   * The cycle after one that began at the given time, whatever came of it.
   *
   * @return empty if the schedule has no further time
   */
  Optional<Instant> after(MaintenanceSettings settings, Instant lastStart) {
    Instant now = clock.instant();
    // A start in the future was written by a wrong clock; the repository must not wait until then.
    Instant last = lastStart.isAfter(now) ? now : lastStart;
    return settings
        .schedule()
        .next(last, clock.getZone())
        .map(due ->
            due.isAfter(now)
                ? due.plus(upTo(settings.jitter()))
                : now.plus(upTo(spread(settings))));
  }

  /**
   * The cycle after one that began at the given time, and was the last of several that failed.
   *
   * @param failures how many failed in a row; 0 if the last one did not
   * @return empty if the schedule has no further time
   */
  Optional<Instant> after(MaintenanceSettings settings, Instant lastStart, int failures) {
    Optional<Instant> scheduled = after(settings, lastStart);
    if (failures == 0) {
      return scheduled;
    }
    Instant now = clock.instant();
    Instant last = lastStart.isAfter(now) ? now : lastStart;
    Instant earliest = last.plus(backOff(RETRY_AFTER_FAILURE, failures));
    return scheduled.map(due -> due.isBefore(earliest) ? earliest : due);
  }

  /**
   * The cycle after one that just ended.
   *
   * @param started when the one that ended began
   * @param result how it ended
   * @param inARow how many ended like it, this one included, since one ended well
   * @return empty if the schedule has no further time
   */
  Optional<Instant> following(
      MaintenanceSettings settings, Instant started, Result result, int inARow) {
    Optional<Instant> scheduled = after(settings, started);
    return switch (result) {
      case OK, CANCELLED -> scheduled;
      case FAILED, DEGRADED -> {
        Instant earliest = retry(settings, RETRY_AFTER_FAILURE, inARow);
        yield scheduled.map(due -> due.isBefore(earliest) ? earliest : due);
      }
      case SKIPPED -> {
        Instant latest = retry(settings, RETRY_AFTER_SKIP, inARow);
        yield Optional.of(scheduled.filter(latest::isAfter).orElse(latest));
      }
    };
  }

  private Instant retry(MaintenanceSettings settings, Duration first, int inARow) {
    return clock.instant().plus(backOff(first, inARow)).plus(upTo(spread(settings)));
  }

  private static Duration backOff(Duration first, int inARow) {
    return inARow > DOUBLINGS ? MAX_BACK_OFF : first.multipliedBy(1L << (inARow - 1));
  }

  private static Duration spread(MaintenanceSettings settings) {
    return settings.jitter().compareTo(CATCH_UP_SPREAD) < 0 ? settings.jitter() : CATCH_UP_SPREAD;
  }

  private Duration upTo(Duration bound) {
    return Duration.ofMillis(random.nextLong(bound.toMillis() + 1));
  }
}
