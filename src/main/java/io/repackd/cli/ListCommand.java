package io.repackd.cli;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.registry.Registration;
import io.repackd.registry.RegistrationFailure;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** {@code repackd list}: what is registered. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the registered repositories: name, path, schedule and state.",
      "",
      "The state is enabled; disabled, so not scheduled; or failed, if it could not be opened: the"
          + " reason is then printed on standard error. Other paths to the same object directory"
          + " stand below the path that counts."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:the list was printed", "2:wrong options, or a mistake in the configuration"})
final class ListCommand extends RegistryCommand {
  @Option(
      names = "--json",
      description = "Print one JSON object for each repository, one to a line.")
  private boolean json;

  ListCommand() {}

  ListCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    super(loader, locator);
  }

  @Override
  int run(Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors) {
    if (json) {
      printJson(registry, out);
    } else {
      printTable(registry, out);
      registry.failures().forEach(errors::println);
    }
    return ExitCode.OK;
  }

  private static void printTable(Registry registry, PrintWriter out) {
    Table table = new Table("NAME", "PATH", "SCHEDULE", "STATE");
    for (Registration registration : registry.registrations()) {
      table.add(
          registration.name(),
          registration.location().path().toString(),
          registration.settings().schedule().toString(),
          state(registration));
      otherPaths(registry, registration).forEach(path -> table.add("", path.toString(), "", ""));
    }
    for (RegistrationFailure failure : registry.failures()) {
      table.add(
          "-",
          failure.path().toString(),
          failure.entry().settings().schedule().toString(),
          "failed");
    }
    table.print(out);
  }

  private static void printJson(Registry registry, PrintWriter out) {
    for (Registration registration : registry.registrations()) {
      out.println(
          line(
              Map.of(
                  "name", registration.name(),
                  "path", registration.location().path().toString(),
                  "object_directory", registration.location().objectDirectory().toString(),
                  "other_paths",
                      otherPaths(registry, registration).stream().map(Path::toString).toList(),
                  "schedule", registration.settings().schedule().toString(),
                  "state", state(registration))));
    }
    for (RegistrationFailure failure : registry.failures()) {
      out.println(
          line(
              Map.of(
                  "path", failure.path().toString(),
                  "schedule", failure.entry().settings().schedule().toString(),
                  "state", "failed",
                  "origin", failure.entry().origin(),
                  "reason", failure.reason())));
    }
  }

  private static String line(Map<String, ?> fields) {
    return ConfigValueFactory.fromMap(fields).render(ConfigRenderOptions.concise());
  }

  private static List<Path> otherPaths(Registry registry, Registration registration) {
    return registry.otherPaths().getOrDefault(registration.name(), List.of());
  }

  private static String state(Registration registration) {
    return registration.settings().enabled() ? "enabled" : "disabled";
  }
}
