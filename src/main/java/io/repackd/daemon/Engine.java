package io.repackd.daemon;

import io.repackd.config.Configuration;
import io.repackd.metrics.DaemonMetrics;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.platform.Pacer;
import io.repackd.platform.Pause;
import io.repackd.platform.PowerSupply;
import io.repackd.platform.Pressure;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.schedule.AggregateScheduler;
import io.repackd.schedule.MaintenanceScheduler;
import io.repackd.schedule.ScheduleListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs between start and stop: the schedulers, and what follows the registry and the repositories. */
final class Engine {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /** As seldom as numbers are measured, which is most of what makes garbage in an idle daemon. */
  private static final Duration GIVE_BACK_MEMORY = Duration.ofMinutes(5);

  /** Often enough for somebody who wonders whether a long repack still does anything. */
  private static final Duration PROGRESS = Duration.ofMinutes(1);

  private final Surroundings surroundings;
  private final MaintenanceScheduler scheduler;
  private final AggregateScheduler aggregates;
  private final Registrations registrations;
  private final Measurements measurements;
  private final PaceConditions pace;
  private final Pacer pacer;
  private final Timer timer;
  private volatile Configuration configuration;
  private volatile boolean stopping;
  private volatile String toldStatus = "";

  /** Parts which do nothing yet. */
  Engine(
      Configuration configuration,
      Surroundings surroundings,
      RepositoryMetrics repositoryMetrics,
      DaemonMetrics daemonMetrics,
      Timer timer) {
    this.configuration = configuration;
    this.surroundings = surroundings;
    this.timer = timer;
    Cycles cycles = surroundings.cycles().apply(configuration);
    measurements = new Measurements(cycles, repositoryMetrics, surroundings.rhythm().measurement());
    pace =
        new PaceConditions(
            configuration.pacing(),
            new Pause(configuration.stateDirectory()),
            new Pressure(),
            new PowerSupply(),
            surroundings.clock());
    pacer = new Pacer(pace);
    CycleLog log = new CycleLog();
    ExpiryWatch expiryWatch = new ExpiryWatch(cycles, repositoryMetrics);
    Listeners listeners = new Listeners(repositoryMetrics, measurements, log, expiryWatch);
    scheduler =
        new MaintenanceScheduler(
            new RecordedCycle(cycles, listeners, surroundings.clock()),
            cycles,
            nextRuns(repositoryMetrics),
            surroundings.firstRun(),
            configuration.maxConcurrent(),
            pacer,
            surroundings.clock(),
            new Random());
    aggregates =
        new AggregateScheduler(
            new RecordedRound(cycles, new Listeners(repositoryMetrics), log, measurements::measure),
            objectDirectory -> scheduler.running().contains(objectDirectory),
            pacer,
            surroundings.clock());
    registrations = new Registrations(cycles, scheduler, repositoryMetrics, daemonMetrics);
  }

  private static ScheduleListener nextRuns(RepositoryMetrics metrics) {
    return new ScheduleListener() {
      @Override
      public void nextRun(Registration registration, Instant due) {
        metrics.nextRun(registration, due);
      }

      @Override
      public void noNextRun(Registration registration) {
        metrics.noNextRun(registration);
      }
    };
  }

  /** Begins to maintain. The repositories are found in the background: a hanging file system must not hold up the start. */
  void start() {
    scheduler.start();
    aggregates.start();
    // While the daemon drains nothing is started, and that it comes to an end is sure.
    Watchdog watchdog =
        new Watchdog(() -> stopping || responsive(), surroundings.notification()::alive);
    timer.every(surroundings.rhythm().registry(), "look for repositories", this::lookSoon);
    timer.every(GIVE_BACK_MEMORY, "give back memory", this::giveBackMemory);
    timer.every(PROGRESS, "log how far cycles have come", this::logProgress);
    surroundings
        .notification()
        .watchdogInterval()
        .ifPresent(interval -> timer.every(interval, "feed the watchdog", watchdog::feed));
    lookSoon();
  }

  private boolean responsive() {
    return scheduler.responsive() && aggregates.responsive();
  }

  /** Goes on with another configuration. */
  void follow(Configuration next) {
    if (!next.stateDirectory().equals(configuration.stateDirectory())
        || !next.history().equals(configuration.history())) {
      LOG.warn("state-directory and history are read at the start only: restart to change them");
    }
    configuration = next;
    pace.follow(next.pacing());
    scheduler.limit(next.maxConcurrent());
    lookSoon();
  }

  /**
   * Collects garbage while nothing else is done. The serial collector gives memory back to the system at a full collection
   * only, and an idle daemon would reach one in days: seen 9 of 107 MiB, for some milliseconds every five minutes.
   */
  private void giveBackMemory() {
    if (scheduler.running().isEmpty() && !aggregates.busy()) {
      System.gc();
    }
  }

  private void lookSoon() {
    timer.inBackground("look for repositories", this::look);
  }

  private void look() {
    Registry registry = surroundings.registry().apply(configuration);
    if (stopping) {
      return;
    }
    registrations.follow(registry);
    aggregates.update(registrations.current());
    if (!status().equals(toldStatus)) {
      toldStatus = status();
      surroundings.notification().status(toldStatus);
    }
    timer.inBackground(
        "count packs",
        () -> measurements.refresh(registrations.current(), scheduler.running(), () -> stopping));
  }

  /** What makes work wait. */
  Pacer pacer() {
    return pacer;
  }

  private void logProgress() {
    scheduler
        .progress()
        .forEach((repository, progress) ->
            progress.ifPresent(seen -> LOG.info("{}", CycleLog.line(repository, seen))));
  }

  /** What is being done, for a program. */
  Map<String, Object> describe() {
    return new DaemonStatus(
            scheduler.progress(),
            scheduler.nextRuns(),
            pacer,
            pace.paused(),
            registrations.status())
        .fields();
  }

  /** What is being done, in a line. */
  String status() {
    return registrations.status();
  }

  /**
   * Ends the running cycles and the round of aggregation, and waits for them. Those that do not end in time are named in the
   * log, and left.
   */
  void stop() {
    stopping = true;
    Duration drain = surroundings.rhythm().drain();
    long startedNanos = System.nanoTime();
    aggregates.cancel();
    List<String> left = new ArrayList<>(scheduler.stop(drain));
    Duration rest = drain.minusNanos(System.nanoTime() - startedNanos);
    aggregates.stop(rest).ifPresent(left::add);
    if (!left.isEmpty()) {
      LOG.warn("cycles did not end within {} s: {}", drain.toSeconds(), String.join(", ", left));
    }
  }
}
