package io.repackd.proof;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/** Runs one cycle for each line of its input, with no age to wait for, and says what came of it. */
final class BackToBack {
  private BackToBack() {}

  /**
   * Runs until its input ends.
   *
   * @param arguments the directory of the configuration file
   */
  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    Environment environment = new Environment(Map.of(), directory, false, directory);
    Path file = directory.resolve("repackd.conf");
    Configuration configuration = new ConfigurationLoader(environment).load(file);
    Registration registration =
        Registry.resolve(configuration, RepositoryDiscovery::locate).registrations().getFirst();
    MaintenanceCycle cycle =
        new MaintenanceCycle(Clock.systemUTC(), configuration.stateDirectory());
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (lines.readLine() != null) {
      CycleOutcome outcome =
          cycle.run(registration, new Request(true), new Cancellation(), new CycleListener() {});
      System.out.printf(
          "%s %s %d %d %d %s%n",
          outcome.result(),
          outcome.reason().isEmpty() ? "-" : outcome.reason(),
          outcome.work().packsWritten(),
          outcome.work().packsDeleted(),
          outcome.work().looseObjectsDeleted(),
          outcome.detail().replace('\n', ' '));
      System.out.flush();
    }
  }
}
