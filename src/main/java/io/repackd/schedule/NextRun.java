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
 */
final class NextRun {
  /** Over how long cycles that are due at once are spread: enough that they do not all start in one second. */
  static final Duration CATCH_UP_SPREAD = Duration.ofSeconds(30);

  /**
   * How long to wait after a cycle that could not begin. What made it wait, somebody else's maintenance or little free
   * disk, passes in minutes; a schedule of a day would lose a day to it.
   */
  static final Duration RETRY_AFTER_SKIP = Duration.ofMinutes(5);

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
   * The cycle after one that just ended. A failed one waits for its schedule like a good one: what made it fail is seldom
   * gone in minutes, and each attempt costs as much as a success.
   *
   * @param started when the one that ended began
   * @param result how it ended
   * @return empty if the schedule has no further time
   */
  Optional<Instant> following(MaintenanceSettings settings, Instant started, Result result) {
    Optional<Instant> scheduled = after(settings, started);
    if (result != Result.SKIPPED) {
      return scheduled;
    }
    Instant retry = clock.instant().plus(RETRY_AFTER_SKIP).plus(upTo(spread(settings)));
    return Optional.of(scheduled.filter(retry::isAfter).orElse(retry));
  }

  private static Duration spread(MaintenanceSettings settings) {
    return settings.jitter().compareTo(CATCH_UP_SPREAD) < 0 ? settings.jitter() : CATCH_UP_SPREAD;
  }

  private Duration upTo(Duration bound) {
    return Duration.ofMillis(random.nextLong(bound.toMillis() + 1));
  }
}
