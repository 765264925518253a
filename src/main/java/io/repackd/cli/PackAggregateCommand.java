package io.repackd.cli;

import io.repackd.config.AggregateSettings;
import io.repackd.config.Quantity;
import io.repackd.maintenance.AggregateRequest;
import io.repackd.maintenance.RequestedAggregation;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.RepositorySearch;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** {@code repackd pack-aggregate}: bundles loose objects and small packs, once or in a loop. */
@Command(
    name = "pack-aggregate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Bundles new loose objects into a pack, and small packs into one. Cheap: what is compressed"
          + " is copied as it is, no delta is searched, no history walked and no index written.",
      "",
      "What is bundled stays for a minute at least, and until no process is seen that could still"
          + " want it; then a later round deletes it. With --loop that is a round of the same"
          + " command; else run it again. Packs that a multi-pack-index lists, that have a .keep,"
          + " a bitmap or a .promisor file, and cruft packs are left alone.",
      "",
      "Beside a repack of git's: while git repack or git gc is seen to run, packs are left alone"
          + " and nothing is deleted, for nobody can tell what it uses. With --exclude-pack-file"
          + " you tell: then packs that are not named there are bundled, and deleted.",
      "",
      "The repository is the one around the current directory, or what GIT_DIR or"
          + " GIT_OBJECT_DIRECTORY say. Needs no daemon and no configuration."
    },
    footer = {
      "",
      "Environment: GIT_TEST_PACK_AGGREGATE_INTERVAL (seconds), GIT_TEST_PACK_AGGREGATE_MIN_PACKS"
          + " and GIT_TEST_PACK_AGGREGATE_MIN_LOOSE stand in for options that are not given."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done; there may have been nothing to do, or the loop was told to stop",
      "1:an object or a pack is damaged, or a file cannot be used",
      "2:wrong options",
      "75:skipped: somebody else is at it, or there is no room"
    })
final class PackAggregateCommand extends RequestedStepCommand {
  private static final String VARIABLE = "GIT_TEST_PACK_AGGREGATE_";

  private static final Duration LEAST_INTERVAL = Duration.ofSeconds(1);
  private static final Duration MOST_INTERVAL = Duration.ofDays(1);

  /** The same as aggregate.min-age by default. */
  private static final Duration MIN_AGE = Duration.ofMinutes(1);

  private static final int MAX_PACKS = 1000;
  private static final int MAX_LOOSE = 50_000;
  private static final long MAX_OBJECTS = 2_000_000;
  private static final long MAX_BYTES = 512L << 20;

  @Option(
      names = "--loop",
      description = "Go on until SIGTERM or SIGINT, and end within a second then.")
  private boolean loop;

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      description =
          "With --loop: from one round to the next, at most, such as 30s or 5m; it is looked every"
              + " two seconds whether there is something to do. 1s to 1d. Default: 1m.")
  private @Nullable String intervalText;

  @Option(
      names = "--min-packs",
      paramLabel = "N",
      description = "Bundle packs if there are N small ones at least. From 2. Default: 10.")
  private @Nullable Integer minPacks;

  @Option(
      names = "--min-loose",
      paramLabel = "N",
      description = "Pack loose objects if there are N at least. From 1. Default: 256.")
  private @Nullable Integer minLoose;

  @Option(
      names = "--exclude-pack-file",
      paramLabel = "FILE",
      description =
          "Leave alone the packs that FILE names, one to a line, by the names of their .pack or"
              + " .idx files. Has to name all that a repack under way uses. Read again when it"
              + " changes.")
  private @Nullable Path excludedPacks;

  @Option(
      names = "--exclude-loose-file",
      paramLabel = "FILE",
      description =
          "Leave alone the loose objects whose ids FILE has, one to a line. Read again when it"
              + " changes.")
  private @Nullable Path excludedLoose;

  @Option(
      names = "--promisor",
      description = "Bundle promisor packs, too, among themselves: a partial clone has many.")
  private boolean promisor;

  @Option(
      names = "--now",
      description =
          "Do not wait for a minute before anything is deleted: nobody else uses the repository.")
  private boolean now;

  private final Map<String, String> environment;

  PackAggregateCommand() {
    this.environment = System.getenv();
  }

  PackAggregateCommand(RepositorySearch search, Map<String, String> environment, boolean terminal) {
    super(search, terminal);
    this.environment = environment;
  }

  @Override
  void checkOptions() {
    Duration _ = interval();
    if (minPacks() < 2) {
      throw usageError("--min-packs takes a number from 2, and not " + minPacks());
    }
    if (minLoose() < 1) {
      throw usageError("--min-loose takes a number from 1, and not " + minLoose());
    }
  }

  private Duration interval() {
    String text = intervalText == null ? variable("INTERVAL", 60) + "s" : intervalText;
    try {
      return Quantity.duration(text, LEAST_INTERVAL, MOST_INTERVAL);
    } catch (IllegalArgumentException e) {
      throw usageError("--interval: " + e.getMessage());
    }
  }

  private int minPacks() {
    return minPacks != null ? minPacks : variable("MIN_PACKS", 10);
  }

  private int minLoose() {
    return minLoose != null ? minLoose : variable("MIN_LOOSE", 256);
  }

  private int variable(String name, int otherwise) {
    String value = environment.get(VARIABLE + name);
    try {
      return value == null ? otherwise : Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw usageError("%s is no number: '%s'".formatted(VARIABLE + name, value));
    }
  }

  private AggregateSettings settings() {
    return new AggregateSettings(
        true,
        interval(),
        minPacks(),
        minLoose(),
        MIN_AGE,
        Math.max(MAX_PACKS, minPacks()),
        Math.max(MAX_LOOSE, minLoose()),
        MAX_OBJECTS,
        MAX_BYTES,
        promisor);
  }

  @Override
  int run(RepositoryLocation location, PrintWriter errors) throws IOException {
    ExcludeFiles excluded = new ExcludeFiles(excludedPacks, excludedLoose);
    RequestedAggregation aggregation =
        new RequestedAggregation(location, settings(), Clock.systemUTC());
    try (StopRequest stop = new StopRequest()) {
      if (!loop) {
        return untilNothingIsLeft(aggregation, excluded, stop.cancellation(), errors);
      }
      Rounds rounds = new Rounds(errors);
      aggregation.loop(() -> request(excluded), rounds::report, stop.cancellation());
      return rounds.status;
    }
  }

  /** A round is bounded. Each that writes something leaves fewer packs, so there is a last one. */
  private int untilNothingIsLeft(
      RequestedAggregation aggregation,
      ExcludeFiles excluded,
      Cancellation cancellation,
      PrintWriter errors)
      throws IOException {
    StepOutcome outcome = aggregation.once(request(excluded), cancellation);
    boolean worked = false;
    while (outcome.result() == Result.OK && outcome.work().packsWritten() > 0) {
      worked = true;
      report(outcome, errors);
      outcome = aggregation.once(request(excluded), cancellation);
    }
    return worked && outcome.result() == Result.OK && outcome.work().equals(Work.NONE)
        ? ExitCode.OK
        : report(outcome, errors);
  }

  private AggregateRequest request(ExcludeFiles excluded) throws IOException {
    return new AggregateRequest(now, excluded.packs(), excluded.looseObjects());
  }

  /** Reports what changes: that nothing is to be done is not said again and again. */
  private final class Rounds {
    private final PrintWriter errors;
    private int status = ExitCode.OK;
    private String complaint = "";

    Rounds(PrintWriter errors) {
      this.errors = errors;
    }

    void report(StepOutcome outcome) {
      boolean complains = outcome.result() != Result.OK && outcome.result() != Result.CANCELLED;
      boolean news = complains && !outcome.detail().equals(complaint);
      complaint = complains ? outcome.detail() : "";
      if (news || (!complains && !outcome.work().equals(Work.NONE))) {
        int ended = PackAggregateCommand.this.report(outcome, errors);
        status = ended == ExitCode.SOFTWARE ? ended : status;
        errors.flush();
      }
    }
  }
}
