package io.repackd.cli;

import io.repackd.maintenance.RequestListener;
import io.repackd.maintenance.RequestedLooseObjects;
import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.RepositorySearch;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
final class LooseObjectsCommand extends RequestedStepCommand {
  private static final int DEFAULT_BATCH = 50_000;

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

  LooseObjectsCommand() {}

  LooseObjectsCommand(RepositorySearch search, boolean terminal) {
    super(search, terminal);
  }

  @Override
  void checkOptions() {
    if (batchSize < 0) {
      throw usageError("--batch-size takes a number from 0, and not " + batchSize);
    }
  }

  @Override
  int run(RepositoryLocation location, PrintWriter errors) throws IOException {
    try (StopRequest stop = new StopRequest()) {
      StepOutcome outcome =
          new RequestedLooseObjects(
                  ObjectDirectory.open(location),
                  Clock.systemUTC(),
                  stop.cancellation(),
                  new Warnings(errors))
              .run(batchSize == 0 ? Integer.MAX_VALUE : batchSize, now);
      return report(outcome, errors);
    }
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
