package io.repackd.cli;

import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.RepositorySearch;
import io.repackd.platform.Reason;
import io.repackd.platform.StandardError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that does one step of maintenance to one repository, by hand: without a daemon, and without a configuration. */
abstract class RequestedStepCommand implements Callable<Integer> {
  @Option(
      names = "--object-dir",
      paramLabel = "DIR",
      description =
          "Work on this object directory, of a repository, an alternate or a shared cache.")
  private @Nullable Path objectDirectory;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private final RepositorySearch search;
  private final boolean terminal;

  RequestedStepCommand() {
    this(new RepositorySearch(Path.of(""), System.getenv()), StandardError.isTerminal());
  }

  /**
   * A command.
   *
   * @param terminal whether somebody is looking, who wants to see what was done
   */
  RequestedStepCommand(RepositorySearch search, boolean terminal) {
    this.search = search;
    this.terminal = terminal;
  }

  /**
   * Does it.
   *
   * @return the exit status
   * @throws IOException if a file cannot be used
   */
  abstract int run(RepositoryLocation location, PrintWriter errors) throws IOException;

  /** Refuses options that picocli takes. */
  abstract void checkOptions();

  @Override
  public Integer call() {
    checkOptions();
    PrintWriter errors = spec.commandLine().getErr();
    try {
      return run(
          objectDirectory == null ? search.search() : search.objectDirectory(objectDirectory),
          errors);
    } catch (IOException e) {
      errors.println("error: " + describe(e));
      return ExitCode.SOFTWARE;
    } finally {
      errors.flush();
    }
  }

  ParameterException usageError(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  boolean terminal() {
    return terminal;
  }

  /**
   * Says how a step ended: whatever is wrong in any case, and what was done to whoever watches.
   *
   * @return the exit status
   */
  int report(StepOutcome outcome, PrintWriter errors) {
    return switch (outcome.result()) {
      case OK -> {
        if (terminal) {
          errors.println(outcome.detail());
        }
        yield ExitCode.OK;
      }
      case SKIPPED, CANCELLED -> {
        errors.println("skipped: " + outcome.detail());
        yield ExitStatus.SKIPPED;
      }
      case DEGRADED -> {
        if (terminal) {
          errors.println(outcome.detail());
        }
        yield ExitCode.SOFTWARE;
      }
      case FAILED -> {
        errors.println("error: " + outcome.detail());
        yield ExitCode.SOFTWARE;
      }
    };
  }

  private static String describe(IOException error) {
    return error instanceof FileSystemException file
        ? "cannot use %s: %s".formatted(file.getFile(), Reason.of(file))
        : Reason.of(error);
  }
}
