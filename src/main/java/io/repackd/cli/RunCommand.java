package io.repackd.cli;

import io.repackd.daemon.Daemon;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code repackd run}: the daemon in the foreground. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Maintains the registered repositories until it is told to stop. Stays in the foreground.",
      "",
      "SIGTERM and SIGINT stop it: running cycles get 10 seconds to end, and a second SIGINT ends"
          + " it at once. SIGHUP has it read the configuration anew; a changed file is noticed"
          + " without it. With --repository the first cycle of each repository begins at once."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:stopped as it was told",
      "1:it could not start, or not go on",
      "2:wrong options, or a mistake in the configuration"
    })
final class RunCommand implements Callable<Integer> {
  @Mixin private final ConfigurationOptions options = new ConfigurationOptions();

  @Override
  public Integer call() {
    return Daemon.run(
        options::read, options.namesRepositories() ? FirstRun.AT_ONCE : FirstRun.WHEN_DUE);
  }
}
