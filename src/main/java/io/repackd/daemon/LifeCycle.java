package io.repackd.daemon;

import io.repackd.web.Health;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** In which part of its life the daemon is. Thread-safe. */
final class LifeCycle {
  /** The parts. */
  enum State {
    /** Reads the configuration and opens what it needs. */
    STARTING,
    /** Maintains. */
    RUNNING,
    /** Reads the configuration anew, and maintains meanwhile. */
    RELOADING,
    /** Begins nothing any more and waits for what runs. */
    DRAINING,
    /** Came to its end as it was asked to. */
    STOPPED,
    /** Could not start, or came to an end of its own. */
    FAILED
  }

  private static final Map<State, Set<State>> NEXT = new EnumMap<>(State.class);

  static {
    NEXT.put(State.STARTING, EnumSet.of(State.RUNNING, State.DRAINING, State.FAILED));
    NEXT.put(State.RUNNING, EnumSet.of(State.RELOADING, State.DRAINING, State.FAILED));
    NEXT.put(State.RELOADING, EnumSet.of(State.RUNNING, State.DRAINING, State.FAILED));
    NEXT.put(State.DRAINING, EnumSet.of(State.STOPPED, State.FAILED));
    NEXT.put(State.STOPPED, EnumSet.noneOf(State.class));
    NEXT.put(State.FAILED, EnumSet.noneOf(State.class));
  }

  private State state = State.STARTING;

  synchronized State state() {
    return state;
  }

  /**
   * Goes on to the next part.
   *
   * @throws IllegalStateException if it does not follow the present one
   */
  synchronized void enter(State next) {
    if (!NEXT.getOrDefault(state, Set.of()).contains(next)) {
      throw new IllegalStateException("the daemon cannot be " + next + " after " + state);
    }
    state = next;
  }

  /** Goes on to the next part if the present one is still the expected one: another thread may have begun to drain. */
  synchronized boolean enterFrom(State expected, State next) {
    if (state != expected) {
      return false;
    }
    enter(next);
    return true;
  }

  /** The same for those who ask over HTTP. */
  Health health() {
    State now = state();
    return new Health(
        now != State.STOPPED && now != State.FAILED,
        now == State.RUNNING || now == State.RELOADING,
        now.name().toLowerCase(Locale.ROOT));
  }
}
