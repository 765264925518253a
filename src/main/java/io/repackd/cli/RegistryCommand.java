package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command about the registered repositories: reads the configuration, finds them, and leaves the rest to the subclass. */
abstract class RegistryCommand implements Callable<Integer> {
  @Mixin private final ConfigurationOptions options;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private final RepositoryLocator locator;

  RegistryCommand() {
    this(new ConfigurationLoader(), RepositoryDiscovery::locate);
  }

  RegistryCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    this.options = new ConfigurationOptions(loader);
    this.locator = locator;
  }

  @Override
  public final Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter errors = spec.commandLine().getErr();
    try {
      Optional<Configuration> configuration = options.read(errors);
      return configuration.isEmpty()
          ? ExitCode.USAGE
          : run(configuration.get(), Registry.resolve(configuration.get(), locator), out, errors);
    } finally {
      out.flush();
      errors.flush();
    }
  }

  /**
   * Does what the command is for.
   *
   * @return the exit status
   */
  abstract int run(
      Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors);
}
