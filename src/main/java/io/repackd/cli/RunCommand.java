package io.repackd.cli;

import io.repackd.config.ConfigurationLoader;
import io.repackd.daemon.ConfigurationSource;
import io.repackd.daemon.Daemon;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code repackd run}: the daemon in the foreground. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Maintains the registered repositories until it is told to stop.",
    footer = {
      "",
      "Stays in the foreground. SIGTERM and SIGINT stop it: running cycles get 10 seconds to end.",
      "SIGHUP reads the configuration anew; a changed file is noticed without it.",
      "",
      "Exit status: 0 stopped as told, 1 it could not start, 2 usage or configuration."
    })
final class RunCommand implements Callable<Integer> {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "The configuration file. Without it, and without --repository, the usual places.")
  private @Nullable Path config;

  @Option(
      names = "--repository",
      paramLabel = "PATH",
      description =
          "A repository to maintain, beside those of the file that --config names. Without --config"
              + " no file is read, and the defaults count. The first cycle begins at once.")
  private List<Path> repositories = List.of();

  @Override
  public Integer call() {
    return Daemon.run(source(), repositories.isEmpty() ? FirstRun.WHEN_DUE : FirstRun.AT_ONCE);
  }

  ConfigurationSource source() {
    ConfigurationLoader loader = new ConfigurationLoader();
    Path file = config;
    List<Path> paths = repositories.stream().map(Path::toAbsolutePath).toList();
    if (file != null) {
      return () -> loader.load(file).plus(paths);
    }
    return paths.isEmpty() ? loader::load : () -> loader.withoutFile(paths);
  }
}
