package io.repackd.proof;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.Result;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.proof.Gate.Action;
import io.repackd.proof.Gate.Program;
import io.repackd.proof.Gate.Run;
import io.repackd.registry.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A cycle in which everything is done that a cycle can do, by a process of its own, over and over from the same beginning; and
 * interrupted at one of its system calls that change files.
 *
 * <p>There are loose objects, some of them packed already, small packs that have come, packs that are bundled and wait for being
 * deleted, and packs that own nothing. While it decides what to repack, a push of packs and of loose objects comes in; and the
 * repack does not publish its pack before the rounds of aggregation beside it have nothing left to do. So the only thing that
 * differs from run to run is which of two threads comes first: the numbers of the calls are not always those of the run before.
 */
final class InterruptedCycle {
  private static final Path DISTRIBUTION =
      Path.of(requireNonNull(System.getProperty("repackd.distribution")));

  /** Its packs come in the middle. */
  private static final int PACKS_OF_THE_PUSH = 3;

  /** The first file that is written once the index is verified, and before it is planned what to repack. */
  private static final String WHEN_THE_PUSH_COMES = "tmp_ledger_";

  /** What the repack writes just before its pack becomes visible. */
  private static final String BEFORE_THE_PACK_COMES = "tmp_keep_";

  /** Younger packs and loose objects are not bundled. */
  private static final Duration AGE = Duration.ofMinutes(5);

  /** More than are needed: each cycle can do one more step of what was interrupted. */
  private static final int CYCLES_TO_THE_END = 4;

  private static final int MOST_TRIES = 10;

  /** What becomes of the small packs that have come. */
  enum Course {
    /** They are bundled before the repack, and the index lists the bundle: what a limited size of packs has the cycle do. */
    BUNDLED_FIRST,
    /** They go into the new pack, and are in no index. */
    LEFT_TO_THE_REPACK,
    /**
     * A large pack is there that somebody keeps, and of those that have most of what it has, and are much larger than what is written of
     * them, one has been repacked by the cycle before, and the index lists it no more, and one is repacked.
     */
    LISTED_NO_MORE
  }

  /** Some times what the other packs have together. */
  private static final int KEPT_OBJECTS = 2000;

  private final Gate gate;
  private final Course course;
  private final Path directory;
  private final Path template;
  private final Path push;
  private final Path stage;
  private final Program program;
  private final String objectsBefore;
  private final String objectsWithPush;

  /**
   * Prepares the beginning.
   *
   * @param directory empty
   * @param course what becomes of the small packs
   * @param seed of what is in the repository
   */
  InterruptedCycle(Gate gate, Path directory, Course course, long seed) throws Exception {
    this.gate = gate;
    this.course = course;
    this.directory = directory.toRealPath();
    this.template = this.directory.resolve("template");
    this.push = this.directory.resolve("push");
    this.stage = this.directory.resolve("stage");
    prepare(new Random(seed));
    Path cache = this.directory.resolve("repackd.aot");
    reset();
    this.objectsBefore = objects();
    comeIn();
    this.objectsWithPush = objects();
    runAlone(program(List.of("-XX:AOTCacheOutput=" + cache)));
    this.program = program(List.of("-XX:AOTCache=" + cache, "-XX:TieredStopAtLevel=1"));
  }

  private GitRepository repository() {
    return GitRepository.at(stage.resolve("r.git"));
  }

  private void prepare(Random random) throws Exception {
    Files.createDirectories(stage);
    Files.createDirectories(push);
    Files.writeString(
        stage.resolve("repackd.conf"),
        """
        repositories = [ "r.git" ]
        state-directory = state
        aggregate { min-packs = 2, min-loose = 1, min-age = 0s }
        expire.min-age = 0s
        repack { min-age = 0s, batch-size = 0 }
        safety.disk-reserve = 0
        """);
    GitRepository repository = GitRepository.bare(stage.resolve("r.git"), "-b", "main");
    if (course == Course.BUNDLED_FIRST) {
      repository.git("config", "pack.packSizeLimit", "1g");
    }
    if (course == Course.LISTED_NO_MORE) {
      keepALargePack(repository);
    }
    // What owns nothing and what was bundled is left by two cycles.
    for (int cycle = 0; cycle < 2; cycle++) {
      repository.fetches(2, random);
      if (course == Course.LISTED_NO_MORE && cycle == 1) {
        mostOfTheLargePack(repository, "repacked");
      }
      loose(repository, "cycle %d".formatted(cycle), random);
      age(repository);
      assertThat(cycle(cycle == 0).result()).isEqualTo(Result.OK);
    }
    repository.fetches(2, random);
    twoOfOneSize(repository, random);
    if (course == Course.LISTED_NO_MORE) {
      mostOfTheLargePack(repository, "to be repacked");
      assertThat(repository.files(".supersedes")).isNotEmpty();
    }
    loose(repository, "last", random);
    age(repository);
    copy(stage, template);
    List<Path> before = files(repository.objects());
    repository.fetches(PACKS_OF_THE_PUSH, random);
    loose(repository, "push", random);
    age(repository);
    for (Path file : files(repository.objects())) {
      if (!before.contains(file)) {
        Path copy = push.resolve(repository.path().relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private static void keepALargePack(GitRepository repository) throws IOException {
    StringBuilder blobs = new StringBuilder();
    for (int i = 0; i < KEPT_OBJECTS; i++) {
      blobs.append("blob\ndata 9\nkept %04d\n".formatted(i));
    }
    repository.gitWithInput(blobs.toString(), "fast-import", "--quiet");
    Files.writeString(keepOf(repository.packFiles().getFirst()), "for good\n");
  }

  private static Path keepOf(Path pack) {
    return Path.of(pack.toString().replaceFirst("pack$", "keep"));
  }

  /** A pack of all that the large one has, and of an object more; it is older. */
  private static void mostOfTheLargePack(GitRepository repository, String text) throws IOException {
    Path keep = repository.files(".keep").getFirst();
    Path large = Path.of(keep.toString().replaceFirst("keep$", "pack"));
    List<String> ids = new ArrayList<>(repository.objectsIn(large));
    ids.add(repository.gitWithInput(text, "hash-object", "-w", "--stdin").strip());
    repository.gitWithInput(
        String.join("\n", ids) + "\n",
        "pack-objects",
        "-q",
        repository.packs().resolve("pack").toString());
    repository.git("prune-packed", "-q");
    GitRepository.setModified(large, Instant.now());
  }

  /** The largest of the small packs: so that none of these is larger than all smaller ones together. */
  private static void twoOfOneSize(GitRepository repository, Random random) {
    for (int i = 0; i < 2; i++) {
      byte[] bytes = new byte[1 << 12];
      random.nextBytes(bytes);
      String content = HexFormat.of().formatHex(bytes);
      String blob = repository.gitWithInput(content, "hash-object", "-w", "--stdin");
      repository.gitWithInput(
          blob, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    }
    repository.git("prune-packed", "-q");
  }

  /** Nothing has just arrived. */
  static void age(GitRepository repository) throws IOException {
    for (Path file : files(repository.objects())) {
      GitRepository.setModified(file, Files.getLastModifiedTime(file).toInstant().minus(AGE));
    }
  }

  /** A commit with a blob and a tree that are loose, of which the blob is packed too. */
  static void loose(GitRepository repository, String text, Random random) {
    for (int i = 0; i < 3; i++) {
      String content = "%s, %d, %d".formatted(text, i, random.nextLong());
      String blob = repository.gitWithInput(content, "hash-object", "-w", "--stdin").strip();
      String tree =
          repository.gitWithInput("100644 blob %s\tfile\n".formatted(blob), "mktree").strip();
      String commit = repository.git("commit-tree", "-m", text, tree).strip();
      repository.git("update-ref", "refs/heads/%s-%d".formatted(text.replace(' ', '-'), i), commit);
      if (i == 0) {
        repository.gitWithInput(
            blob + "\n", "pack-objects", "-q", repository.packs().resolve("pack").toString());
      }
    }
  }

  private Program program(List<String> options) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + DISTRIBUTION.resolve("jvm.options")));
    command.addAll(options);
    command.addAll(
        List.of(
            "-jar",
            DISTRIBUTION.resolve("lib/repackd.jar").toString(),
            "once",
            "--now",
            "--json",
            "--config",
            stage.resolve("repackd.conf").toString()));
    return new Program(
        command, Map.of("LC_ALL", "C.UTF-8"), List.of(repository().path(), stage.resolve("state")));
  }

  private void runAlone(Program alone) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(alone.command())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile());
    builder.environment().putAll(alone.environment());
    assertThat(builder.start().waitFor()).isZero();
  }

  /**
   * Begins anew, and runs the cycle.
   *
   * @param at the number of the call at which something happens
   */
  Run run(Action action, int at) throws Exception {
    reset();
    return gate.run(
        program, action, at, directory, WHEN_THE_PUSH_COMES, this::comeIn, BEFORE_THE_PACK_COMES);
  }

  private void reset() throws IOException {
    delete(stage);
    copy(template, stage);
  }

  /** As {@code git receive-pack} does it: first the pack, then the index. */
  private void comeIn() throws IOException {
    List<Path> files = new ArrayList<>(files(push));
    files.sort(Comparator.comparing((Path file) -> file.toString().endsWith(".idx")));
    for (Path file : files) {
      Path goal = stage.resolve("r.git").resolve(push.relativize(file).toString());
      Files.createDirectories(goal.getParent());
      if (!Files.exists(goal)) {
        Files.copy(file, goal, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private String objects() {
    return repository().git("cat-file", "--batch-all-objects", "--batch-check");
  }

  /** Has git judge what is there: nothing is missing, nothing is damaged. */
  void assertNothingLost(Run run, String when) {
    repository().assertHealthy();
    boolean pushed =
        run.calls().stream().anyMatch(call -> call.text().contains(WHEN_THE_PUSH_COMES));
    assertThat(objects()).as(when).isEqualTo(pushed ? objectsWithPush : objectsBefore);
  }

  /** The next cycle does all that it has to, and leaves no trace of the one before. */
  void assertRecovers(Run run, String when) throws Exception {
    CycleOutcome next = cycle(true);
    assertThat(next.result()).as("%s: %s", when, next.detail()).isEqualTo(Result.OK);
    assertNothingLost(run, when + ", recovered");
    assertThat(leftovers()).as("%s, recovered", when).isEmpty();
    // Some more for what a process that another thread was starting had open for a moment.
    for (int cycle = 1;
        cycle < CYCLES_TO_THE_END
            || (cycle <= CYCLES_TO_THE_END + 2 && repository().packFiles().size() > packsAtLast());
        cycle++) {
      CycleOutcome later = cycle(true);
      assertThat(later.result()).as("%s: %s", when, later.detail()).isEqualTo(Result.OK);
    }
    assertNothingLost(run, when + ", at last");
    assertThat(repository().packFiles()).as("%s, at last", when).hasSize(packsAtLast());
    assertThat(leftovers()).as("%s, at last", when).isEmpty();
  }

  private int packsAtLast() {
    return course == Course.LISTED_NO_MORE ? 2 : 1;
  }

  /** Files that are there for the time being. */
  List<String> leftovers() throws IOException {
    List<String> left = new ArrayList<>();
    for (Path file : files(stage)) {
      String name = file.getFileName().toString();
      // That of the history is a lock of the kernel, and its file is always there.
      boolean lock = name.endsWith(".lock") && !name.equals("history.jsonl.lock");
      boolean keep = name.endsWith(".keep") && !Files.readString(file).equals("for good\n");
      if (lock || name.contains("tmp_") || keep) {
        left.add(stage.relativize(file).toString());
      }
    }
    return left;
  }

  /**
   * Runs a cycle in this process. Whatever process another thread starts has, for a moment, all files open that this one has: a
   * cycle that met it is run again.
   */
  CycleOutcome cycle(boolean immediately) throws Exception {
    ConfigurationLoader loader =
        new ConfigurationLoader(new Environment(Map.of(), stage, false, stage));
    Configuration configuration = loader.load(stage.resolve("repackd.conf"));
    Registry registry = Registry.resolve(configuration, RepositoryDiscovery::locate);
    MaintenanceCycle cycle =
        new MaintenanceCycle(Clock.systemUTC(), configuration.stateDirectory());
    CycleOutcome outcome;
    int tries = 0;
    do {
      outcome =
          cycle.run(
              registry.registrations().getFirst(),
              new Request(immediately),
              new Cancellation(),
              new CycleListener() {});
      tries++;
    } while (outcome.reason().equals("busy") && tries < MOST_TRIES);
    return outcome;
  }

  static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)).toList();
    }
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(
            file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
