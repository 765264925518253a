package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.PrintWriter;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/** {@code repackd check-config}: whether the configuration is right, and what it comes to. */
@Command(
    name = "check-config",
    mixinStandardHelpOptions = true,
    description = {
      "Checks the configuration, and prints every mistake in it with file and line.",
      "",
      "If there is none, prints a line for each repository with all its settings, and on standard"
          + " error a warning for each path that leads to no repository. Changes nothing and needs"
          + " no running daemon."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the configuration is right; there may be warnings",
      "2:wrong options, or a mistake in the configuration"
    })
final class CheckConfigCommand extends RegistryCommand {
  CheckConfigCommand() {}

  CheckConfigCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    super(loader, locator);
  }

  @Override
  int run(Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors) {
    registry.registrations().forEach(registration -> out.println(line(registration)));
    registry.failures().forEach(failure -> errors.println("warning: " + failure));
    if (configuration.repositories().isEmpty()) {
      errors.println("warning: no repositories are configured, so there is nothing to maintain");
    }
    return ExitCode.OK;
  }

  private static String line(Registration registration) {
    String settings =
        registration.settings().asWritten().entrySet().stream()
            .map(CheckConfigCommand::setting)
            .collect(Collectors.joining(" "));
    return registration.name() + ": " + registration.location().path() + ": " + settings;
  }

  private static String setting(Map.Entry<String, String> setting) {
    boolean oneWord = setting.getValue().chars().allMatch(Character::isLetterOrDigit);
    String value = oneWord ? setting.getValue() : '"' + setting.getValue() + '"';
    return setting.getKey() + "=" + value;
  }
}
