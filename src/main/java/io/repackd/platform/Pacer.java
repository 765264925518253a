package io.repackd.platform;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Makes long work wait, wherever it asks whether it is to end ({@link Cancellation#check}).
 *
 * <p>It looks once a second whether there is a reason to wait. One that {@linkplain Throttle#stops stops} work is waited for until it
 * has gone. One that slows work down lets it work for a second and rest for three, unless it goes sooner: so work gets done at a
 * quarter of its speed however busy the machine is for ever, and for the other three quarters it is not what makes it so. Whoever
 * is to end does not wait any more, within half a second.
 *
 * <p>One for all work of a process. Asking costs a look at the clock, which is no system call, and two volatile reads.
 */
public final class Pacer {
  /** Never lets anything wait. */
  public static final Pacer NONE = new Pacer(Optional::empty);

  /** Loaded when there is something to say, which is never where nothing is paced: commands start sooner without. */
  private static final class Log {
    private static final Logger LOG = LoggerFactory.getLogger(Pacer.class);
  }

  private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long REST_NANOS = Duration.ofSeconds(3).toNanos();
  private static final long MAX_WAIT_MILLIS = 500;

  /** Says why work should wait. */
  public interface Conditions {
    /** Looks; quick, because all work waits for it. */
    Optional<Throttle> look();
  }

  /** Tells nanoseconds from any moment, and waits; a test has its own. */
  interface Time {
    Time SYSTEM =
        new Time() {
          @Override
          public long nanos() {
            return System.nanoTime();
          }

          @Override
          public void waitAtMost(Object monitor, long millis) throws InterruptedException {
            monitor.wait(millis);
          }
        };

    long nanos();

    /** Releases the monitor meanwhile. */
    void waitAtMost(Object monitor, long millis) throws InterruptedException;
  }

  private final Conditions conditions;
  private final Time time;

  private volatile long nextLookNanos;
  private volatile Optional<Throttle> resting = Optional.empty();

  // Guarded by this.
  private final Map<Throttle, Long> lostNanos = new EnumMap<>(Throttle.class);
  private long restEndsNanos;
  private long countedUntilNanos;

  /** A pacer which looks at these conditions. */
  public Pacer(Conditions conditions) {
    this(conditions, Time.SYSTEM);
  }

  Pacer(Conditions conditions, Time time) {
    this.conditions = conditions;
    this.time = time;
    this.nextLookNanos = time.nanos();
    this.countedUntilNanos = nextLookNanos;
  }

  /** Waits as long as there is a reason to, and the work is not to end. */
  void pace(Cancellation cancellation) {
    if (this != NONE && (resting.isPresent() || time.nanos() - nextLookNanos >= 0)) {
      rest(cancellation);
    }
  }

  private synchronized void rest(Cancellation cancellation) {
    boolean interrupted = false;
    while (!cancellation.requested()) {
      long now = time.nanos();
      if (now - nextLookNanos >= 0) {
        look(now);
      }
      Optional<Throttle> why = resting;
      if (why.isEmpty()) {
        break;
      }
      try {
        time.waitAtMost(this, MAX_WAIT_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      count(why.get(), now);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Several threads wait at the same time; that is lost once. */
  private void count(Throttle why, long fromNanos) {
    long now = time.nanos();
    long from = Math.max(fromNanos, countedUntilNanos);
    if (now > from) {
      lostNanos.merge(why, now - from, Long::sum);
      countedUntilNanos = now;
    }
  }

  private void look(long now) {
    Optional<Throttle> seen = conditions.look();
    Optional<Throttle> before = resting;
    boolean rested = before.isPresent() && !before.get().stops() && now - restEndsNanos >= 0;
    if (seen.isPresent() && (seen.get().stops() || !rested)) {
      if (before.isEmpty()) {
        restEndsNanos = now + REST_NANOS;
      }
      resting = seen;
    } else {
      resting = Optional.empty();
    }
    nextLookNanos = now + LOOK_NANOS;
    tell(before, resting);
  }

  private static void tell(Optional<Throttle> before, Optional<Throttle> now) {
    if (before.equals(now)) {
      return;
    }
    if (now.isPresent()) {
      Log.LOG
          .atLevel(now.get().stops() ? Level.INFO : Level.DEBUG)
          .log("waiting: {}", now.get().words());
    } else if (before.isPresent() && before.get().stops()) {
      Log.LOG.info("going on");
    }
  }

  /** Why no work is begun at this moment; empty if there is no such reason. Slow work is begun. */
  public Optional<Throttle> stopped() {
    return this == NONE ? Optional.empty() : conditions.look().filter(Throttle::stops);
  }

  /** Why work waits at this moment, as far as there is any. */
  public Optional<Throttle> waiting() {
    return resting;
  }

  /** How much time work has lost for a reason; that several pieces of work wait at the same time counts once. */
  public synchronized Duration lost(Throttle why) {
    return Duration.ofNanos(lostNanos.getOrDefault(why, 0L));
  }
}
