package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code src/bench/compare}: the whole comparison. */
@Command(
    name = "src/bench/compare",
    usageHelpWidth = 110,
    sortOptions = false,
    description = {
      "Compares repackd with git: makes sample repositories, lets both do the same jobs on the same"
          + " files in turn, checks that what they leave is valid and equal, and prints the medians"
          + " of their times and the ratio.",
      "",
      "\"warm\" is repackd in a JVM which has the options of the daemon and has done the job a few"
          + " times; \"cold\" is its command in a process of its own, as git always is. A sample is"
          + " made once and kept. Nothing but the sample and the results is written.",
      ""
    },
    footer = {
      "",
      "Samples:",
      "  real-N        the history given by --history, cut into N packs, as N fetches leave it",
      "  thin-N        the same, with the bases that fetches add to thin packs",
      "  synOBJECTS-N  as many objects, such as 10m or 500k, in N packs alike; 10%% of them in two",
      "  synOBJECTS-Ns packs of skewed sizes; 1%% of the objects in two",
      "  synOBJECTS-Nx one pack more, after which only it and 100 others are needed: for expire",
      "",
      "Jobs:",
      "  write      a multi-pack-index where there is none",
      "  add-10     where the ten newest packs are not listed yet",
      "  unchanged  where all are listed already",
      "  verify     against all packs",
      "  expire     the packs that own nothing",
      "  aggregate  all packs into one, without a search for deltas; git is given the ids",
      "             of the objects, or the names of the packs",
      "  aggregate-316, aggregate-100  the newest packs only; real-3000 only",
      "  loose      50,000 loose objects into a pack, and delete them; real-3000 only",
      "  first      the first ten writes of a fresh JVM, real-3000 only",
      "",
      "Results: results.md, and runs.tsv with every single run.",
      "Exit status: 0 done; 1 somebody failed or left something else than git; 2 wrong options."
    })
public final class Compare implements Callable<Integer> {
  private static final String FIRST = "first";
  private static final String FIRST_SAMPLE = "real-3000";
  private static final List<String> SYNTHETIC =
      List.of("syn10m-316s", "syn10m-3000", "syn10m-3000x");
  private static final List<String> REAL = List.of("real-100", FIRST_SAMPLE);
  private static final List<String> ALL =
      List.of(
          "real-100",
          "real-316",
          "real-1000",
          FIRST_SAMPLE,
          "thin-1000",
          "syn1m-1000",
          "syn10m-3000",
          "syn10m-316s",
          "syn35m-316s",
          "syn10m-3000x");

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "target/bench/data",
      description = "Where the samples are kept. Default: ${DEFAULT-VALUE}")
  private Path samplesDirectory = Path.of(".");

  @Option(
      names = "--sets",
      paramLabel = "NAME",
      split = ",",
      description =
          "The samples to use, separated by commas, or \"all\". Default: some that take minutes,"
              + " and the real ones only if there is a --history")
  private List<String> sets = List.of();

  @Option(
      names = "--jobs",
      paramLabel = "NAME",
      split = ",",
      description = "The jobs to do, separated by commas. Default: all")
  private List<String> jobs = List.of();

  @Option(
      names = "--history",
      paramLabel = "REPOSITORY",
      description = "A clone of a large public repository, from which the real samples are cut")
  private Optional<Path> history = Optional.empty();

  @Option(
      names = "--git",
      paramLabel = "PATH",
      description =
          "A git to compare with; may be given several times, and the fastest counts. The first is"
              + " also the judge, and makes the real samples. Default: git")
  private List<String> gits = List.of("git");

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "How often each does each job; three times at most where a run passes 10 s. Default:"
              + " ${DEFAULT-VALUE}")
  private int runs;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      defaultValue = "0",
      description =
          "How long to wait before each run, at most, until nobody else uses the processors."
              + " Default: ${DEFAULT-VALUE}")
  private int patienceSeconds;

  @Option(
      names = "--cold-cache",
      description =
          "Empty the page cache before each run that counts, so that it reads from the disk. Takes"
              + " root")
  private boolean coldCache;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = "target/bench",
      description = "Where the results come to be. Default: ${DEFAULT-VALUE}")
  private Path output = Path.of(".");

  @Option(names = "--make-only", description = "Make the samples, and compare nothing.")
  private boolean makeOnly;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this and exit.")
  private boolean help;

  @Option(names = "--distribution", hidden = true, required = true)
  private Path home = Path.of(".");

  @Option(names = "--java", hidden = true, required = true)
  private Path java = Path.of(".");

  @Option(names = "--classes", hidden = true, required = true)
  private Path classes = Path.of(".");

  @Option(names = "--start-up-cache", hidden = true)
  private Optional<Path> startUpCache = Optional.empty();

  private Compare() {}

  /** Runs the comparison. */
  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new Compare())
            .setExecutionExceptionHandler((e, commandLine, result) -> {
              commandLine.getErr().println("compare: " + e.getMessage());
              return e instanceof IllegalArgumentException ? 2 : 1;
            })
            .execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    checkOptions();
    List<Git> known = new ArrayList<>();
    for (String executable : gits) {
      known.add(Git.at(executable));
    }
    Distribution distribution = new Distribution(home, java, classes, startUpCache);
    Samples samples = new Samples(samplesDirectory, history, known.getFirst());
    List<String> names = names();
    for (String name : names) {
      samples.repository(name);
    }
    if (makeOnly) {
      return 0;
    }
    List<Contender> fresh = new ArrayList<>();
    known.forEach(git -> fresh.add(FreshProcess.of(git)));
    FreshProcess cold = FreshProcess.ofRepackd(distribution.launcher());
    Report report = new Report(output, Conditions.of(known));
    report.begin();
    if (cold.isAvailable()) {
      fresh.add(cold);
    } else {
      report.note("(cold: skipped, this repackd has no command multi-pack-index)");
    }
    for (String name : names) {
      compare(samples.repository(name), name, known, fresh, distribution, report);
    }
    return 0;
  }

  private void checkOptions() {
    List<String> known = new ArrayList<>(List.of(FIRST));
    for (Job job : Job.values()) {
      known.add(job.label());
    }
    for (String job : jobs) {
      if (!known.contains(job)) {
        throw new IllegalArgumentException(
            "unknown job \"%s\": the jobs are %s".formatted(job, String.join(", ", known)));
      }
    }
    if (coldCache) {
      PageCache.requireDroppable();
    }
    if (runs < 1) {
      throw new IllegalArgumentException("--runs is %d, and has to be 1 at least".formatted(runs));
    }
  }

  private List<String> names() {
    if (sets.equals(List.of("all"))) {
      return ALL;
    }
    if (!sets.isEmpty()) {
      return sets;
    }
    List<String> names = new ArrayList<>(SYNTHETIC);
    if (history.isPresent()) {
      names.addAll(REAL);
    }
    return names;
  }

  private boolean wanted(String job) {
    return jobs.isEmpty() || jobs.contains(job);
  }

  private void compare(
      Path sample,
      String name,
      List<Git> known,
      List<Contender> fresh,
      Distribution distribution,
      Report report)
      throws IOException {
    Path scratch = samplesDirectory.resolve(name + ".stage").toAbsolutePath();
    Stage stage = new Stage(sample, scratch, known.getFirst());
    Quiet quiet = new Quiet(Duration.ofSeconds(patienceSeconds));
    List<Job> wanted = Job.of(name).stream().filter(job -> wanted(job.label())).toList();
    try (WarmJvm warm = new WarmJvm("repackd warm", distribution, List.of())) {
      stage.rehearse(wanted);
      List<Contender> contenders = new ArrayList<>(fresh);
      contenders.add(warm);
      List<Contender> bundlers = new ArrayList<>();
      for (Git git : known) {
        bundlers.add(new GitBundler(git, stage.bundles(), true));
        bundlers.add(new GitBundler(git, stage.bundles(), false));
      }
      bundlers.add(warm);
      for (Job job : wanted) {
        List<Contender> able = job.isOfIndex() ? contenders : bundlers;
        report.add(name, job, new Contest(stage, job, able, quiet, coldCache).hold(runs));
      }
      if (name.equals(FIRST_SAMPLE) && wanted(FIRST)) {
        for (Map.Entry<String, List<List<Long>>> kind :
            new FirstJobs(stage, distribution, quiet).run(runs).entrySet()) {
          report.addFirst(name, kind.getKey(), kind.getValue());
        }
      }
    } finally {
      stage.strike();
    }
  }
}
