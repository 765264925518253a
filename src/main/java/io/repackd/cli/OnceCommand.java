package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.daemon.CycleLog;
import io.repackd.daemon.Logging;
import io.repackd.history.CycleHistory;
import io.repackd.history.CycleJson;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Reason;
import io.repackd.platform.StandardError;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.registry.RepositoryLocator;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** {@code repackd once}: one full cycle over each registered repository. */
@Command(
    name = "once",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one full cycle over each registered repository, one after the other, and exits.",
      "",
      "A cycle writes and verifies the multi-pack-index, deletes packs that nothing refers to and"
          + " whose safety window has passed, and puts small packs together. The packs that were"
          + " put together stay until a later cycle: run it twice to see them go."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every cycle did what it planned",
      "1:a cycle failed, or a repository could not be opened",
      "2:wrong options, or a mistake in the configuration",
      "75:a cycle was skipped: somebody else maintains the repository, or it is busy"
    })
final class OnceCommand extends RegistryCommand {
  @Option(
      names = "--now",
      description =
          "Do not wait for the safety window: nobody else uses the repository. What is deleted is"
              + " proven to be elsewhere all the same, and nothing that a process has open goes.")
  private boolean now;

  @Option(names = "--json", description = "Print one JSON object for each cycle, one to a line.")
  private boolean json;

  OnceCommand() {}

  OnceCommand(ConfigurationLoader loader, RepositoryLocator locator) {
    super(loader, locator);
  }

  @Override
  int run(Configuration configuration, Registry registry, PrintWriter out, PrintWriter errors) {
    registry.failures().forEach(errors::println);
    errors.flush();
    ExitStatus status = new ExitStatus();
    if (!registry.failures().isEmpty()) {
      status.failed();
    } else if (registry.registrations().isEmpty()) {
      errors.println("nothing to do: no repository is registered, and --repository names none");
      return ExitCode.USAGE;
    }
    try (StopRequest stop = new StopRequest();
        Logging logging = Logging.ofThisProcess()) {
      logging.apply(configuration.log());
      CycleHistory history =
          new CycleHistory(configuration.stateDirectory(), configuration.history());
      MaintenanceCycle cycle =
          new MaintenanceCycle(Clock.systemUTC(), configuration.stateDirectory());
      for (Registration registration : registry.registrations()) {
        CycleOutcome outcome = run(cycle, registration, stop.cancellation());
        status.add(outcome);
        if (json) {
          out.println(CycleJson.line(outcome));
          out.flush();
        }
        remember(history, outcome, errors);
      }
    }
    return status.code();
  }

  private CycleOutcome run(
      MaintenanceCycle cycle, Registration registration, Cancellation cancellation) {
    if (!StandardError.isTerminal()) {
      return cycle.run(registration, new Request(now), cancellation, new CycleLog());
    }
    try (ProgressLine _ = new ProgressLine(cancellation.progress(), System.err)) {
      return cycle.run(registration, new Request(now), cancellation, new CycleLog());
    }
  }

  private static void remember(CycleHistory history, CycleOutcome outcome, PrintWriter errors) {
    try {
      history.append(outcome);
    } catch (IOException e) {
      errors.println("cannot write the history: " + Reason.of(e));
    }
  }
}
