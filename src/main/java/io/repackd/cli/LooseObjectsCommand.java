package io.repackd.cli;

import io.repackd.maintenance.RequestListener;
import io.repackd.maintenance.RequestedLooseObjects;
import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.RepositorySearch;
import io.repackd.platform.Reason;
import io.repackd.platform.StandardError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code repackd loose-objects}: drops the loose objects that are packed, and packs the others. */
@Command(
    name = "loose-objects",
    mixinStandardHelpOptions = true,
    description = {
      "Drops the loose objects that a pack has, too, and packs the others, as git maintenance run"
          + " --task=loose-objects does. What is packed now is dropped the next time.",
      "",
      "An object is packed if its content has the id that its name says, and dropped if its copy in"
          + " a pack of this repository is sound. Cruft packs, promisor packs and the packs of"
          + " alternates are no reason to drop anything, and nothing is dropped while git gc, git"
          + " repack or git maintenance is seen to run here. A bad object is named, and stays.",
      "",
      "The repository is the one around the current directory, or what GIT_DIR or"
          + " GIT_OBJECT_DIRECTORY say. Needs no daemon and no configuration."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done; there may have been nothing to do",
      "1:an object or a pack is damaged, or a file cannot be used",
      "2:wrong options",
      "75:skipped: somebody else is at it, or there is no room"
    })
final class LooseObjectsCommand implements Callable<Integer> {
  private static final int DEFAULT_BATCH = 50_000;

  @Option(
      names = "--object-dir",
      paramLabel = "DIR",
      description =
          "Work on this object directory, of a repository, an alternate or a shared cache.")
  private @Nullable Path objectDirectory;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "" + DEFAULT_BATCH,
      description =
          "Pack at most N objects. 0 means all; more than a million go into several packs. Default:"
              + " ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--now",
      description =
          "Drop objects although the pack that has them is younger than a minute: nobody else uses"
              + " the repository.")
  private boolean now;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private final RepositorySearch search;
  private final boolean terminal;

  LooseObjectsCommand() {
    this(new RepositorySearch(Path.of(""), System.getenv()), StandardError.isTerminal());
  }

  /**
   * A command.
   *
   * @param terminal whether somebody is looking, who wants to see what was done
   */
  LooseObjectsCommand(RepositorySearch search, boolean terminal) {
    this.search = search;
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    if (batchSize < 0) {
      throw new ParameterException(
          spec.commandLine(), "--batch-size takes a number from 0, and not " + batchSize);
    }
    PrintWriter errors = spec.commandLine().getErr();
    try (StopRequest stop = new StopRequest()) {
      ObjectDirectory directory = ObjectDirectory.open(locate());
      StepOutcome outcome =
          new RequestedLooseObjects(
                  directory, Clock.systemUTC(), stop.cancellation(), new Warnings(errors))
              .run(batchSize == 0 ? Integer.MAX_VALUE : batchSize, now);
      return report(outcome, errors);
    } catch (IOException e) {
      errors.println("error: " + describe(e));
      return ExitCode.SOFTWARE;
    } finally {
      errors.flush();
    }
  }

  private RepositoryLocation locate() throws IOException {
    return objectDirectory == null ? search.search() : search.objectDirectory(objectDirectory);
  }

  /** Whatever is wrong is said in any case; what was done is of interest to whoever watches. */
  private int report(StepOutcome outcome, PrintWriter errors) {
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

  /** One line each. */
  private record Warnings(PrintWriter errors) implements RequestListener {
    @Override
    public void warn(String line) {
      errors.println("error: " + line);
    }

    @Override
    public void begin(String step) {}
  }
}
