package io.repackd.daemon;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationException;
import io.repackd.config.WebSettings;
import io.repackd.daemon.LifeCycle.State;
import io.repackd.metrics.DaemonMetrics;
import io.repackd.metrics.Exposition;
import io.repackd.metrics.PacerMetrics;
import io.repackd.metrics.ProcessMetrics;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.platform.ServiceNotification;
import io.repackd.platform.Version;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import io.repackd.web.WebServer;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of the daemon: start, run, reload, drain, stop.
 *
 * <p>It is ready as soon as the configuration is read, the address is bound and the scheduler runs; the repositories are
 * found and counted after that. A broken configuration keeps it from starting, but not from running: then the one before
 * stays in force.
 */
public final class Daemon {
  /** It came to its end as it was asked to. */
  public static final int EXIT_OK = 0;

  /** It could not start, or not go on. */
  public static final int EXIT_FAILED = 1;

  /** Its configuration cannot be used. */
  public static final int EXIT_CONFIGURATION = 2;

  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  private final Surroundings surroundings;
  private final ServiceNotification notification;
  private final LifeCycle lifeCycle = new LifeCycle();
  private final CountDownLatch stopRequested = new CountDownLatch(1);
  private final Timer timer = new Timer();
  private final ConfigurationWatch watch = new ConfigurationWatch();
  private final Exposition exposition = new Exposition();
  private final DaemonMetrics metrics =
      new DaemonMetrics(
          exposition.meters(), Version.current(), System.getProperty("java.version", "unknown"));
  private final WebServer web = new WebServer(exposition, lifeCycle::health, this::describe);
  private volatile @Nullable Engine engine;
  private volatile @Nullable WebSettings webSettings;

  /**
   * Runs a daemon in the foreground until it is told to stop: by SIGTERM or SIGINT. SIGHUP has it read its configuration
   * anew.
   *
   * @param configuration where the configuration comes from
   * @param firstRun when the first cycle of a repository runs
   * @return the exit status
   */
  public static int run(ConfigurationSource configuration, FirstRun firstRun) {
    Logging logging = Logging.ofThisProcess();
    Clock clock = Clock.system(ZoneId.systemDefault());
    Daemon daemon =
        new Daemon(
            new Surroundings(
                configuration,
                Registry::resolve,
                loaded -> new CyclesOnDisk(loaded, clock),
                logging::apply,
                ServiceNotification.of(System.getenv(), ProcessHandle.current().pid()),
                firstRun,
                clock,
                Rhythm.DEFAULT));
    Signals.attach(daemon);
    int status = daemon.run();
    logging.close();
    return status;
  }

  Daemon(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.notification = surroundings.notification();
    ProcessMetrics.register(exposition.meters());
  }

  /**
   * Runs until {@link #stop} is called.
   *
   * @return the exit status
   */
  int run() {
    try {
      Engine started = start();
      awaitStop();
      drain(started);
      return EXIT_OK;
    } catch (ConfigurationException e) {
      complain(e);
      lifeCycle.enter(State.FAILED);
      return EXIT_CONFIGURATION;
    } catch (RuntimeException e) {
      LOG.error("the daemon ends before its time", e);
      lifeCycle.enter(State.FAILED);
      return EXIT_FAILED;
    } finally {
      timer.stop();
      web.stop();
    }
  }

  private Engine start() throws ConfigurationException {
    Configuration configuration = surroundings.configuration().load();
    watch.watch(configuration.files());
    surroundings.log().accept(configuration.log());
    metrics.configurationRead(surroundings.clock().instant());
    webSettings = configuration.web();
    listen();
    Engine started =
        new Engine(
            configuration,
            surroundings,
            new RepositoryMetrics(exposition.meters()),
            metrics,
            timer);
    PacerMetrics.register(exposition.meters(), started.pacer());
    started.start();
    engine = started;
    lifeCycle.enter(State.RUNNING);
    notification.ready("looking for repositories");
    LOG.info("repackd {} runs", Version.current());
    timer.every(WebServer.RETRY, "listen", this::listen);
    timer.every(
        surroundings.rhythm().configuration(),
        "look at the configuration files",
        () -> {
          if (watch.changed()) {
            readConfiguration();
          }
        });
    return started;
  }

  private void listen() {
    WebSettings settings = webSettings;
    if (settings != null) {
      web.listen(settings);
    }
  }

  /** Reads the configuration anew, soon and on another thread. */
  void reload() {
    timer.soon("reload", this::readConfiguration);
  }

  private void readConfiguration() {
    Engine running = engine;
    if (running == null || !lifeCycle.enterFrom(State.RUNNING, State.RELOADING)) {
      return;
    }
    notification.reloading();
    try {
      Configuration configuration = surroundings.configuration().load();
      watch.watch(configuration.files());
      surroundings.log().accept(configuration.log());
      webSettings = configuration.web();
      listen();
      running.follow(configuration);
      metrics.configurationRead(surroundings.clock().instant());
      LOG.info("configuration reloaded");
    } catch (ConfigurationException e) {
      watch.watch(e.files());
      complain(e);
      keepConfiguration();
    } catch (RuntimeException e) {
      LOG.error("cannot read the configuration", e);
      keepConfiguration();
    } finally {
      if (lifeCycle.enterFrom(State.RELOADING, State.RUNNING)) {
        notification.ready(running.status());
      }
    }
  }

  private void keepConfiguration() {
    metrics.configurationRefused();
    LOG.error("the configuration cannot be used; the one before stays in force");
  }

  private static void complain(ConfigurationException refused) {
    refused.complaints().forEach(complaint -> LOG.error("{}", complaint));
  }

  /**
   * Asks the daemon to end.
   *
   * @return false if it had been asked before
   */
  synchronized boolean stop() {
    boolean first = stopRequested.getCount() > 0;
    stopRequested.countDown();
    return first;
  }

  private void awaitStop() {
    boolean interrupted = false;
    while (true) {
      try {
        stopRequested.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // Only stop() ends the daemon.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void drain(Engine running) {
    lifeCycle.enter(State.DRAINING);
    notification.stopping("waiting for running cycles");
    LOG.info("stopping");
    running.stop();
    lifeCycle.enter(State.STOPPED);
    LOG.info("stopped");
  }

  /** What it does at the moment, as JSON. */
  private String describe() {
    Engine running = engine;
    Map<String, Object> fields = new HashMap<>();
    fields.put("version", Version.current());
    fields.put("state", lifeCycle.health().state());
    if (running != null) {
      fields.putAll(running.describe());
    }
    return ConfigValueFactory.fromMap(fields).render(ConfigRenderOptions.concise()) + "\n";
  }

  /** The part of its life it is in. */
  State state() {
    return lifeCycle.state();
  }

  /** Where it can be asked; empty if it listens nowhere. */
  Optional<InetSocketAddress> address() {
    return web.address();
  }
}
