package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationException;
import io.repackd.config.ConfigurationLoader;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options that say which repositories a command is about. With {@code --repository} alone no configuration file is read;
 * with both, the repositories are added to those of the file.
 */
final class ConfigurationOptions {
  private final ConfigurationLoader loader;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Read this configuration, and conf.d/*.conf beside it. Default:"
              + " $XDG_CONFIG_HOME/repackd/repackd.conf if it exists and you are not root, else"
              + " /etc/repackd/repackd.conf.")
  private @Nullable Path config;

  @Option(
      names = "--repository",
      paramLabel = "PATH",
      description =
          "Take this repository or object directory, with the default settings; can be given"
              + " several times. Without --config no configuration file is read.")
  private List<Path> repositories = new ArrayList<>();

  ConfigurationOptions() {
    this(new ConfigurationLoader());
  }

  /** Options for a test, which has files of its own. */
  ConfigurationOptions(ConfigurationLoader loader) {
    this.loader = loader;
  }

  /**
   * Reads the configuration; can be called again to see a change.
   *
   * @throws ConfigurationException if anything is wrong with it
   */
  Configuration read() throws ConfigurationException {
    if (config != null) {
      return loader.load(config).plus(repositories);
    }
    return repositories.isEmpty() ? loader.load() : loader.withoutFile(repositories);
  }

  /** Whether repositories were named on the command line: somebody waits for something to happen to them. */
  boolean namesRepositories() {
    return !repositories.isEmpty();
  }

  /** Reads the configuration; prints a line for everything that is wrong with it, and returns nothing if there is any. */
  Optional<Configuration> read(PrintWriter errors) {
    try {
      return Optional.of(read());
    } catch (ConfigurationException e) {
      e.complaints().forEach(errors::println);
      errors.flush();
      return Optional.empty();
    }
  }
}
