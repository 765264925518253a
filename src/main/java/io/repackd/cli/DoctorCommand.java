package io.repackd.cli;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.maintenance.Examination;
import io.repackd.maintenance.Finding;
import io.repackd.objectdir.FoundLock;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code repackd doctor}: what is wrong with a repository, and what to do about it. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Examines a repository, or each registered one, and says what keeps it from being maintained,"
          + " what is damaged, and what others have left behind. Changes nothing.",
      "",
      "A fault is for somebody to mend; a note is good to know. Objects are not read: for that"
          + " there is git fsck."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:no fault was found",
      "1:faults were found, or a repository could not be opened",
      "2:wrong options, or a mistake in the configuration"
    })
final class DoctorCommand extends RegistryCommand {
  @Parameters(
      arity = "0..1",
      paramLabel = "PATH",
      description = "A repository or object directory; it need not be registered.")
  private @Nullable Path path;

  @Option(
      names = "--json",
      description = "Print one JSON object for each repository, one to a line.")
  private boolean json;

  private final RepositoryLocator paths;

  DoctorCommand() {
    this(new ConfigurationLoader(), RepositoryDiscovery::locate);
  }

  DoctorCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    super(loader, locator);
    this.paths = locator;
  }

  @Override
  int run(Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors) {
    ExitStatus status = new ExitStatus();
    if (path != null) {
      try {
        examine(registered(paths.locate(path), configuration, registry), out, status);
      } catch (ObjectDirectoryException e) {
        errors.println(e.getMessage());
        status.failed();
      }
      return status.code();
    }
    for (var failure : registry.failures()) {
      errors.println(failure);
      status.failed();
    }
    registry.registrations().forEach(registration -> examine(registration, out, status));
    return status.code();
  }

  private static Registration registered(
      RepositoryLocation location, Configuration configuration, Registry registry) {
    return registry.registrations().stream()
        .filter(known -> known.location().objectDirectory().equals(location.objectDirectory()))
        .findFirst()
        .orElseGet(
            () -> new Registration(location.path().toString(), location, configuration.defaults()));
  }

  private void examine(Registration registration, PrintWriter out, ExitStatus status) {
    Examination examination =
        Examination.of(
            registration.location(),
            registration.settings(),
            Clock.systemUTC().instant(),
            new Cancellation());
    if (examination.findings().stream().anyMatch(Finding::fault)) {
      status.failed();
    }
    if (json) {
      out.println(
          ConfigValueFactory.fromMap(fields(registration, examination))
              .render(ConfigRenderOptions.concise()));
    } else {
      print(registration, examination.findings(), out);
    }
  }

  private static void print(Registration registration, List<Finding> findings, PrintWriter out) {
    out.println("%s (%s)".formatted(registration.name(), registration.location().path()));
    if (findings.isEmpty()) {
      out.println("  fine");
    }
    for (Finding finding : findings) {
      out.println(
          "  %s: %s: %s"
              .formatted(finding.fault() ? "fault" : "note", finding.subject(), finding.text()));
      if (!finding.hint().isEmpty()) {
        out.println("    " + finding.hint());
      }
    }
  }

  private static Map<String, Object> fields(Registration registration, Examination examination) {
    return Map.of(
        "repository",
        registration.name(),
        "object_directory",
        registration.location().objectDirectory().toString(),
        "findings",
        examination.findings().stream()
            .map(finding ->
                Map.of(
                    "fault", finding.fault(),
                    "subject", finding.subject(),
                    "text", finding.text(),
                    "hint", finding.hint()))
            .toList(),
        "locks",
        examination.locks().stream().map(lock -> fields(lock, examination)).toList());
  }

  private static Map<String, Object> fields(FoundLock lock, Examination examination) {
    return Map.of(
        "lock", lock.kind().label(),
        "file", lock.stamp().path().toString(),
        "age_seconds", lock.age(examination.made()).toSeconds(),
        "owner", lock.owner(),
        "ours", lock.ours(),
        "liveness", lock.liveness().label());
  }
}
