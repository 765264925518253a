package io.repackd.schedule;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.Result;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.platform.Progress;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the cycles of the registered repositories when they are due: never two at once in one object directory, and no more
 * than a limit at a time.
 *
 * <p>Each repository has one trigger which fires once. After a cycle, whatever its end, the next time is computed and
 * the trigger set anew (see {@link NextRun}). {@link #update} may be called at any time, and again with the same
 * registrations: it also sets again what has come to have no trigger.
 *
 * <p>Running cycles are ended through their {@link Cancellation}, never by an interrupt, which would close the files they
 * have open. Thread-safe.
 */
public final class MaintenanceScheduler {
  private static final Logger LOG = LoggerFactory.getLogger(MaintenanceScheduler.class);

  /** When the first cycle of a repository runs. */
  public enum FirstRun {
    /** As its schedule and its history say. */
    WHEN_DUE,
    /** At once: somebody named it on the command line and looks on. */
    AT_ONCE
  }

  /** A cycle under way. */
  private record Running(Registration registration, Cancellation cancellation) {}

  private final CycleRunner runner;
  private final LastRun history;
  private final ScheduleListener listener;
  private final FirstRun firstRun;
  private final Pacer pacer;
  private final Clock clock;
  private final NextRun nextRun;
  private final Triggers triggers;

  // All guarded by this.
  private final Map<Path, Registration> registered = new LinkedHashMap<>();
  // Kept here too, because the history may be unable to write, or may have forgotten.
  private final Map<Path, Instant> lastStarts = new HashMap<>();
  private final Map<Path, Running> running = new HashMap<>();
  private final Map<Path, Integer> failures = new HashMap<>();
  private final Map<Path, Integer> skips = new HashMap<>();
  private boolean stopping;

  /**
   * A scheduler which knows no repositories and has not been started.
   *
   * @param listener is told each next run
   * @param maxConcurrent how many cycles run at a time, at least 1
   * @param pacer makes running cycles wait
   * @param random the source of jitter
   */
  public MaintenanceScheduler(
      CycleRunner runner,
      LastRun history,
      ScheduleListener listener,
      FirstRun firstRun,
      int maxConcurrent,
      Pacer pacer,
      Clock clock,
      RandomGenerator random) {
    this.runner = runner;
    this.history = history;
    this.listener = listener;
    this.firstRun = firstRun;
    this.pacer = pacer;
    this.clock = clock;
    this.nextRun = new NextRun(clock, random);
    this.triggers = new Triggers("cycle", this::runCycle, maxConcurrent);
  }

  /** Begins to run what is due. */
  public void start() {
    triggers.start();
  }

  /** Changes how many cycles run at a time, at least 1. Those that run already are let run. */
  public void limit(int maxConcurrent) {
    triggers.limit(maxConcurrent);
  }

  /** Whether what is due is being started: false once the thread that starts cycles has died or hangs. */
  public boolean responsive() {
    return triggers.responsive();
  }

  /**
   * Replaces the registered repositories, told apart by their object directories. Those that are no longer there are
   * unscheduled; a cycle of theirs that runs is let run to its end, and if they come back meanwhile, the next waits for it.
   */
  public synchronized void update(Collection<Registration> registrations) {
    if (stopping) {
      return;
    }
    Map<Path, Registration> wanted = new LinkedHashMap<>();
    registrations.forEach(registration ->
        wanted.putIfAbsent(registration.location().objectDirectory(), registration));
    Map.copyOf(registered)
        .forEach((objectDirectory, registration) -> {
          if (!wanted.containsKey(objectDirectory)) {
            registered.remove(objectDirectory);
            triggers.remove(objectDirectory);
            listener.noNextRun(registration);
          }
        });
    wanted.forEach((objectDirectory, registration) -> {
      @Nullable Registration before = registered.put(objectDirectory, registration);
      boolean waits = triggers.due(objectDirectory).isPresent();
      if (before != null && !registration.equals(before)) {
        failures.put(objectDirectory, 0); // somebody may have done something about it
      }
      if (!registration.equals(before) || (!waits && registration.settings().enabled())) {
        scheduleFirst(objectDirectory, registration);
      }
    });
  }

  private void scheduleFirst(Path objectDirectory, Registration registration) {
    if (running.containsKey(objectDirectory)) {
      return; // Its end sets the next.
    }
    Optional<Instant> lastStart = Optional.ofNullable(lastStarts.get(objectDirectory));
    if (lastStart.isEmpty() && firstRun == FirstRun.AT_ONCE) {
      schedule(registration, clock.instant());
      return;
    }
    MaintenanceSettings settings = registration.settings();
    lastStart
        .or(() -> remembered(registration))
        .map(last -> nextRun.after(settings, last, failuresOf(registration)))
        .orElseGet(() -> Optional.of(nextRun.first(settings)))
        .ifPresentOrElse(due -> schedule(registration, due), () -> unschedule(registration));
  }

  private Optional<Instant> remembered(Registration registration) {
    try {
      return history.lastStarted(registration.location().objectDirectory());
    } catch (IOException e) {
      LOG.warn("{} counts as never maintained: {}", registration.name(), e.toString());
      return Optional.empty();
    }
  }

  private int failuresOf(Registration registration) {
    Path objectDirectory = registration.location().objectDirectory();
    return failures.computeIfAbsent(
        objectDirectory,
        _ -> {
          try {
            return history.failuresInARow(objectDirectory);
          } catch (IOException e) {
            LOG.warn("{} counts as never failed: {}", registration.name(), e.toString());
            return 0;
          }
        });
  }

  private void schedule(Registration registration, Instant due) {
    if (!registration.settings().enabled()) {
      unschedule(registration);
      return;
    }
    Instant inMillis = due.truncatedTo(ChronoUnit.MILLIS); // As Quartz counts.
    triggers.set(registration.location().objectDirectory(), inMillis);
    listener.nextRun(registration, inMillis);
  }

  private void unschedule(Registration registration) {
    triggers.clear(registration.location().objectDirectory());
    listener.noNextRun(registration);
  }

  /**
   * Makes a repository's next cycle due now. One that runs already is as good.
   *
   * @return false if no enabled repository with that object directory is registered
   */
  public synchronized boolean runNow(Path objectDirectory) {
    Registration registration = registered.get(objectDirectory);
    if (stopping || registration == null || !registration.settings().enabled()) {
      return false;
    }
    if (!running.containsKey(objectDirectory)) {
      schedule(registration, clock.instant());
    }
    return true;
  }

  /** When the next cycle of each repository is due, by registered name. Without those which have none or run now. */
  public synchronized Map<String, Instant> nextRuns() {
    Map<String, Instant> due = new TreeMap<>();
    registered.forEach((objectDirectory, registration) ->
        triggers.due(objectDirectory).ifPresent(next -> due.put(registration.name(), next)));
    return due;
  }

  /** The object directories in which a cycle runs. */
  public synchronized Set<Path> running() {
    return Set.copyOf(running.keySet());
  }

  /** How far the running cycles have come, by registered name; nothing for those which cannot tell at the moment. */
  public synchronized Map<String, Optional<Progress.Seen>> progress() {
    Map<String, Optional<Progress.Seen>> seen = new TreeMap<>();
    running
        .values()
        .forEach(
            cycle -> seen.put(cycle.registration().name(), cycle.cancellation().progress().look()));
    return seen;
  }

  private void runCycle(Path objectDirectory) {
    Instant started = clock.instant();
    begin(objectDirectory, started).ifPresent(cycle -> run(objectDirectory, started, cycle));
  }

  private void run(Path objectDirectory, Instant started, Running cycle) {
    Result result = Result.FAILED;
    try {
      result = runner.run(cycle.registration(), cycle.cancellation()).result();
    } catch (
        Throwable e) { // An Error too: one repository's end must not be the end of its schedule.
      LOG.error("cycle of {} broke off: {}", cycle.registration().name(), e.toString());
      LOG.debug("cycle of {} broke off", cycle.registration().name(), e);
    } finally {
      end(objectDirectory, started, result);
    }
  }

  private synchronized Optional<Running> begin(Path objectDirectory, Instant started) {
    Registration registration = registered.get(objectDirectory);
    if (stopping || registration == null || running.containsKey(objectDirectory)) {
      return Optional.empty();
    }
    Thread.currentThread().setName("cycle " + registration.name());
    failuresOf(registration); // before the history has this one, too
    Running cycle = new Running(registration, new Cancellation(pacer));
    running.put(objectDirectory, cycle);
    lastStarts.put(objectDirectory, started);
    return Optional.of(cycle);
  }

  private synchronized void end(Path objectDirectory, Instant started, Result result) {
    running.remove(objectDirectory);
    notifyAll();
    Registration registration = registered.get(objectDirectory);
    if (registration != null && !stopping) {
      nextRun
          .following(registration.settings(), started, result, inARow(registration, result))
          .ifPresentOrElse(due -> schedule(registration, due), () -> unschedule(registration));
    }
  }

  /** How many cycles have ended so, one after the other. One that was skipped or cancelled does not end a row of failures. */
  private int inARow(Registration registration, Result result) {
    Path objectDirectory = registration.location().objectDirectory();
    if (result == Result.SKIPPED) {
      return skips.merge(objectDirectory, 1, Integer::sum);
    }
    skips.remove(objectDirectory);
    if (result == Result.FAILED || result == Result.DEGRADED) {
      int known = failuresOf(registration);
      failures.put(objectDirectory, known + 1);
      return known + 1;
    }
    if (result == Result.OK) {
      failures.put(objectDirectory, 0);
    }
    return 1;
  }

  /**
   * Starts nothing any more, asks the running cycles to end, and waits for them.
   *
   * @param grace how long to wait for all of them together
   * @return the names of the repositories whose cycle has not ended, in order
   */
  public List<String> stop(Duration grace) {
    long deadlineNanos = System.nanoTime() + grace.toNanos();
    synchronized (this) {
      stopping = true;
      running.values().forEach(cycle -> cycle.cancellation().request());
    }
    triggers.stop();
    synchronized (this) {
      long remainingMillis = remainingMillis(deadlineNanos);
      while (!running.isEmpty() && remainingMillis > 0) {
        try {
          wait(remainingMillis);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          break;
        }
        remainingMillis = remainingMillis(deadlineNanos);
      }
      return running.values().stream().map(cycle -> cycle.registration().name()).sorted().toList();
    }
  }

  private static long remainingMillis(long deadlineNanos) {
    return Math.ceilDiv(deadlineNanos - System.nanoTime(), 1_000_000);
  }
}
