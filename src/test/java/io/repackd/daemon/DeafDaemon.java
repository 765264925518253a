package io.repackd.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.repackd.TestRegistrations;
import io.repackd.config.ConfigurationLoader;
import io.repackd.platform.ServiceNotification;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** A process for a test: a daemon with a cycle that runs for ever and does not listen. Prints {@code running} when it does. */
final class DeafDaemon {
  private DeafDaemon() {}

  public static void main(String[] arguments) {
    ((Logger) LoggerFactory.getLogger("io.repackd")).setLevel(Level.INFO);
    FakeCycles cycles = new FakeCycles();
    cycles.body =
        (registration, cancellation) -> {
          System.out.println("running");
          while (true) {
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              System.out.println("interrupted");
            }
          }
        };
    Rhythm rhythm =
        new Rhythm(
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofMillis(Long.parseLong(arguments[0])));
    Daemon daemon =
        new Daemon(
            new Surroundings(
                () -> new ConfigurationLoader().load(Path.of(arguments[1])),
                configuration ->
                    new Registry(
                        List.of(
                            TestRegistrations.registration("linux", TestRegistrations.EVERY_DAY)),
                        List.of(),
                        Map.of()),
                configuration -> cycles,
                settings -> {},
                ServiceNotification.of(Map.of(), 0),
                FirstRun.AT_ONCE,
                Clock.systemUTC(),
                rhythm));
    Signals.attach(daemon);
    System.exit(daemon.run());
  }
}
