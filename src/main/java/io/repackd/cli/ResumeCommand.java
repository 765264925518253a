package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.platform.Pause;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code repackd resume}: the end of a pause. */
@Command(
    name = "resume",
    mixinStandardHelpOptions = true,
    description = "Ends a pause: the daemon goes on within a second.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:there is no pause any more",
      "1:the state directory cannot be written",
      "2:wrong options, or a mistake in the configuration"
    })
final class ResumeCommand implements Callable<Integer> {
  @Mixin private ConfigurationOptions options;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  ResumeCommand() {
    this(new ConfigurationLoader());
  }

  ResumeCommand(ConfigurationLoader loader) {
    this.options = new ConfigurationOptions(loader);
  }

  @Override
  public Integer call() {
    PrintWriter errors = spec.commandLine().getErr();
    Optional<Configuration> configuration = options.read(errors);
    if (configuration.isEmpty()) {
      return ExitCode.USAGE;
    }
    try {
      if (!new Pause(configuration.get().stateDirectory()).end()) {
        errors.println("there was no pause");
      }
      return ExitCode.OK;
    } catch (IOException e) {
      errors.println(
          "cannot remove %s/pause: %s"
              .formatted(configuration.get().stateDirectory(), Reason.of(e)));
      return ExitCode.SOFTWARE;
    }
  }
}
