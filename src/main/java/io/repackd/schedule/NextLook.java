package io.repackd.schedule;

import io.repackd.config.AggregateSettings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Decides when it is next looked whether there is something to bundle. With {@code aggregate.interval = 1m}, {@code min-age =
 * 1m} and the clock at 12:00:20:
 *
 * <pre>
 * what happened                       next look
 * the repository was registered       12:00:26
 * a look found nothing to do          12:01:00   with all others of the same interval: one wake-up for all
 * a round did something               12:00:26   for what it left, and 12:01:21 for what it superseded
 * a round did nothing, the first      12:01:20
 * the second in a row                 12:02:20
 * the fifth in a row, and any after   12:15:20
 * a pack came at :16 and at :20       12:00:26
 * a pack came each second since :00   12:00:30
 * </pre>
 *
 * <p>A round that did nothing although the look said otherwise waits for somebody: for a reader that holds a bundled pack, for
 * a lock, for room on the disk; or the look, which counts one directory of 256, was wrong. That costs more than a look, so
 * it is tried less and less often until something new comes.
 */
final class NextLook {
  /**
   * For how long nothing may have come before it is looked. A pack is not taken before its index is 5 seconds old, and time
   * stamps of files count by seconds.
   */
  static final Duration QUIET = Duration.ofSeconds(6);

  /** How long packs that come one after the other put the look off, at most. */
  static final Duration MAX_UNREST = QUIET.multipliedBy(5);

  /** Up to where the distance of rounds that do nothing is doubled. */
  static final Duration MAX_BACK_OFF = Duration.ofMinutes(15);

  /** What came of a look. */
  enum Look {
    /** There was nothing to do. */
    IDLE,
    /** A round did something, and may have left something. */
    DONE,
    /** A round did nothing. */
    IN_VAIN
  }

  /**
   * Packs that came since the last look.
   *
   * @param first when the first of them was noticed
   * @param last when the last of them was noticed
   */
  record Arrivals(Instant first, Instant last) {
    /** When it is looked for them. */
    Instant look() {
      Instant quiet = last.plus(QUIET);
      Instant patience = first.plus(MAX_UNREST);
      return quiet.isBefore(patience) ? quiet : patience;
    }
  }

  private final Clock clock;

  NextLook(Clock clock) {
    this.clock = clock;
  }

  /** The first look at a repository. */
  Instant first() {
    return clock.instant().plus(QUIET);
  }

  /**
   * The look after one that has just ended.
   *
   * @param inVain how many rounds in a row, this one included, did nothing
   */
  Instant after(Look look, AggregateSettings settings, int inVain) {
    Instant now = clock.instant();
    return switch (look) {
      case IDLE -> nextMultiple(now, settings.interval());
      // Not at once: what the round wrote counts as small pack too, once it is old enough.
      case DONE -> now.plus(QUIET);
      case IN_VAIN -> now.plus(backOff(settings.interval(), inVain));
    };
  }

  /**
   * When what a round that ends now has bundled may be deleted. Looked at then, it does not wait for the interval.
   *
   * @return a second more than its age, which counts by seconds
   */
  Instant ripe(AggregateSettings settings) {
    return clock.instant().plus(settings.minAge()).plusSeconds(1);
  }

  private static Instant nextMultiple(Instant now, Duration interval) {
    long millis = interval.toMillis();
    return Instant.ofEpochMilli((Math.floorDiv(now.toEpochMilli(), millis) + 1) * millis);
  }

  private static Duration backOff(Duration interval, int inVain) {
    Duration distance = interval;
    for (int i = 1; i < inVain && distance.compareTo(MAX_BACK_OFF) < 0; i++) {
      distance = distance.multipliedBy(2);
    }
    Duration most = interval.compareTo(MAX_BACK_OFF) < 0 ? MAX_BACK_OFF : interval;
    return distance.compareTo(most) < 0 ? distance : most;
  }
}
