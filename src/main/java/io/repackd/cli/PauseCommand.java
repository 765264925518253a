package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Quantity;
import io.repackd.platform.Pause;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code repackd pause}: the daemon waits. */
@Command(
    name = "pause",
    mixinStandardHelpOptions = true,
    description = {
      "Makes the daemon wait: it begins nothing, and what is under way goes on afterwards where it"
          + " stood.",
      "",
      "Kept in the state directory, so it outlives a restart of the daemon, which need not run."
          + " `repackd once` runs all the same."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the daemon waits within a second",
      "1:the state directory cannot be written",
      "2:wrong options, or a mistake in the configuration"
    })
final class PauseCommand implements Callable<Integer> {
  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofDays(365);

  @Parameters(
      paramLabel = "DURATION",
      arity = "0..1",
      description = "How long, such as 2h or 30m. Default: until `repackd resume`.")
  private @Nullable String duration;

  @Mixin private ConfigurationOptions options;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private final Clock clock;

  PauseCommand() {
    this(new ConfigurationLoader(), Clock.systemUTC());
  }

  PauseCommand(ConfigurationLoader loader, Clock clock) {
    this.options = new ConfigurationOptions(loader);
    this.clock = clock;
  }

  @Override
  public Integer call() {
    PrintWriter errors = spec.commandLine().getErr();
    Optional<Instant> until = Optional.empty();
    try {
      if (duration != null) {
        until =
            Optional.of(
                clock
                    .instant()
                    .plus(Quantity.duration(duration, LEAST, MOST))
                    .truncatedTo(ChronoUnit.SECONDS));
      }
    } catch (IllegalArgumentException e) {
      errors.println(e.getMessage());
      return ExitCode.USAGE;
    }
    Optional<Configuration> configuration = options.read(errors);
    if (configuration.isEmpty()) {
      return ExitCode.USAGE;
    }
    try {
      new Pause(configuration.get().stateDirectory()).begin(until);
      return ExitCode.OK;
    } catch (IOException e) {
      errors.println(
          "cannot write %s/pause: %s"
              .formatted(configuration.get().stateDirectory(), Reason.of(e)));
      return ExitCode.SOFTWARE;
    }
  }
}
