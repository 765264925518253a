package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.GitRepository;
import io.repackd.HeldGit;
import io.repackd.LooseFiles;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.internal.storage.file.GC;
import org.eclipse.jgit.lib.EmptyProgressMonitor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Other tools are at work in a repository, stopped in the middle; and ours works while others come. */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CoexistenceTest {
  private static final Request NOW = new Request(true);

  @TempDir Path directory;

  private GitRepository repository;
  private final Random random = new Random(20261121);

  /** Packs that own nothing, packs to put together, packs to bundle, loose objects to drop: something of each to do. */
  @BeforeEach
  void aRepositoryWithWorkToDo() throws Exception {
    repository = GitRepository.withWorktree(directory.resolve("r"), "-b", "main");
    repository.fetches(3, random);
    repository.git("multi-pack-index", "write");
    repository.git("repack", "-a", "-q"); // without -d: the three stay and own nothing
    repository.git("multi-pack-index", "write");
    repository.fetches(3, random);
    repository.git("reset", "-q", "--hard");
    for (int i = 0; i < 8; i++) {
      repository.gitWithInput("loose " + i, "hash-object", "-w", "--stdin");
    }
    repository.git("tag", "-m", "keeps the tree", "t");
  }

  private Registration registration() throws IOException {
    AggregateSettings aggregate =
        new AggregateSettings(
            true,
            Duration.ofMinutes(5),
            2,
            1,
            Duration.ofMinutes(1),
            1000,
            50_000,
            2_000_000,
            1L << 30,
            false);
    return new Registration(
        "r",
        RepositoryDiscovery.locate(repository.path()),
        TestRegistrations.settings(
            aggregate,
            new ExpireSettings(true, Duration.ZERO),
            new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO)));
  }

  /** Some minutes after all files were made, so that nothing is too young, and what is being written not too old. */
  private static Clock clock() {
    return Clock.fixed(Instant.now().plus(Duration.ofMinutes(5)), ZoneOffset.UTC);
  }

  private CycleOutcome cycle(CycleListener listener) throws IOException {
    return new MaintenanceCycle(clock(), directory.resolve("state"))
        .run(registration(), NOW, new Cancellation(), listener);
  }

  private CycleOutcome cycle() throws IOException {
    return cycle(new CycleListener() {});
  }

  private StepOutcome round() throws IOException {
    return new Aggregation(clock())
        .run(registration(), AggregateRequest.SCHEDULED, new Cancellation());
  }

  private record Contents(List<Path> packs, List<String> loose) {}

  private Contents files() {
    return new Contents(repository.packFiles(), LooseFiles.ids(repository));
  }

  /** Nothing goes, and no pack is written from others. */
  private void assertWeKeepAway(String reason) throws Exception {
    Contents before = files();
    StepOutcome round = round();
    assertThat(round.work().packsDeleted()).isZero();
    assertThat(round.work().looseObjectsDeleted()).isZero();
    CycleOutcome cycle = cycle();
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.SKIPPED);
    assertThat(cycle.reason()).isEqualTo(reason);
    assertThat(cycle.work().packsDeleted()).isZero();
    Contents after = files();
    assertThat(after.loose()).isEqualTo(before.loose());
    assertThat(after.packs()).containsAll(before.packs());
    // What is loose may be packed, because that takes nothing from anybody.
    assertThat(after.packs().size() - before.packs().size()).isLessThanOrEqualTo(1);
  }

  private void assertAllIsWell(String reachable) throws Exception {
    for (int i = 0; i < 2; i++) {
      CycleOutcome cycle = cycle();
      assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    }
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
  }

  private HeldGit held(Path workingDirectory, Map<String, String> environment, String... arguments)
      throws Exception {
    return HeldGit.start(
        directory.resolve("held"),
        "pack-objects",
        workingDirectory,
        environment,
        List.of(arguments));
  }

  static Stream<Arguments> maintainers() {
    return Stream.of(
        arguments("gc", "locked"),
        arguments("gc --aggressive --prune=now", "locked"),
        arguments("repack -d", "busy"),
        arguments("repack -a -d", "busy"),
        arguments("repack -d --geometric=2 --write-midx", "busy"),
        arguments("maintenance run --task=loose-objects --task=incremental-repack", "locked"),
        arguments("maintenance run --task=gc", "locked"),
        arguments("multi-pack-index repack", "busy"));
  }

  @ParameterizedTest(name = "git {0}")
  @MethodSource("maintainers")
  void whileGitMaintainsItWeKeepAway(String command, String reason) throws Exception {
    String reachable = repository.reachable();
    try (HeldGit git = held(repository.path(), Map.of(), command.split(" "))) {
      assertWeKeepAway(reason);
      git.finish();
    }
    assertAllIsWell(reachable);
  }

  /** Also from an index that lists what it has written beside what it is about to delete. */
  @ParameterizedTest
  @EnumSource(names = {"RECOVER", "WRITE"})
  void oneThatBeginsWhileWeAreAtItKeepsUsFromItsPacks(Step after) throws Exception {
    String reachable = repository.reachable();
    byte[] index = Files.readAllBytes(repository.index());
    List<HeldGit> begun = new ArrayList<>();
    CycleOutcome cycle = cycleInWhichARepackBegins(after, begun, () -> {});
    try (HeldGit git = begun.getFirst()) {
      assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.SKIPPED);
      assertThat(cycle.reason()).isEqualTo("busy");
      assertThat(cycle.work().packsDeleted()).isZero();
      assertThat(cycle.steps()).extracting(StepOutcome::step).doesNotContain(Step.REPACK);
      if (after == Step.RECOVER) {
        assertThat(repository.index()).hasBinaryContent(index);
      }
      git.finish();
    }
    assertAllIsWell(reachable);
  }

  /** Something that is done in the middle of a cycle. */
  private interface Event {
    void happen() throws Exception;
  }

  /**
   * Git begins to repack when a step has ended for the first time, and is held.
   *
   * @param begun takes it
   * @param then what happens after that
   */
  private CycleOutcome cycleInWhichARepackBegins(Step after, List<HeldGit> begun, Event then)
      throws IOException {
    List<Throwable> wrong = new ArrayList<>();
    CycleOutcome cycle =
        cycle(
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome outcome) {
                if (outcome.step() == after && begun.isEmpty()) {
                  try {
                    begun.add(held(repository.path(), Map.of(), "repack", "-a", "-d"));
                    then.happen();
                  } catch (Exception | AssertionError e) {
                    wrong.add(e);
                  }
                }
              }
            });
    assertThat(wrong).isEmpty();
    return cycle;
  }

  /** A pack that the installed index takes nothing from. */
  private Path unreferenced() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena);
      OwnerCounts owners = index.countOwners();
      return index.packNames().stream()
          .filter(name -> owners.of(name) == 0)
          .map(name -> repository.packs().resolve(name.replaceFirst("\\.idx$", ".pack")))
          .findFirst()
          .orElseThrow();
    }
  }

  /** What it is about to delete yet would be in that index, beside what it has written. */
  @ParameterizedTest
  @EnumSource(names = {"WRITE", "VERIFY"})
  void whileItDeletesNoIndexIsWrittenWithoutWhatHasGone(Step after) throws Exception {
    String reachable = repository.reachable();
    List<HeldGit> begun = new ArrayList<>();
    List<byte[]> indexes = new ArrayList<>();
    CycleOutcome cycle =
        cycleInWhichARepackBegins(
            after,
            begun,
            () -> {
              GitRepository.remove(unreferenced());
              indexes.add(Files.readAllBytes(repository.index()));
            });
    try (HeldGit git = begun.getFirst()) {
      assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.SKIPPED);
      assertThat(cycle.reason()).as(cycle.detail()).isEqualTo("busy");
      assertThat(repository.index()).hasBinaryContent(indexes.getFirst());
      git.finish();
    }
    assertAllIsWell(reachable);
  }

  @Test
  void aRepackIsSeenWhereverItStands() throws Exception {
    String gitDirectory = repository.path().resolve(".git").toString();
    assertSeenAtItsBeginning(directory, "--git-dir=" + gitDirectory, "repack", "-a", "-d");
    assertSeenAtItsBeginning(directory, "--git-dir", "r/.git", "gc");
  }

  @Test
  void anIndexWriterIsSeenThatWorksForAnotherRepository() throws Exception {
    Path other = GitRepository.bare(directory.resolve("other.git")).path();
    Path link = Files.createSymbolicLink(directory.resolve("link"), repository.objects());
    assertSeenAtItsBeginning(other, "multi-pack-index", "--object-dir=" + link + "/.", "expire");
  }

  @Test
  void aRepackIsSeenByItsEnvironment() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), repository.path());
    assertSeenAtItsBeginning(
        Path.of("/"), Map.of("GIT_DIR", link.resolve(".git").toString()), "repack", "-a", "-d");
  }

  @Test
  void aRepackIsSeenInALinkedWorktree() throws Exception {
    Path linked = directory.resolve("linked");
    repository.git("worktree", "add", "-q", "--detach", linked.toString());
    assertSeenAtItsBeginning(linked, "repack", "-a", "-d");
  }

  @Test
  void aRepackIsSeenInASubmodule() throws Exception {
    GitRepository outer = GitRepository.withWorktree(directory.resolve("outer"), "-b", "main");
    outer.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        repository.path().toString(),
        "inner");
    Path inner = outer.path().resolve("inner");
    // As somebody registers it who looks for object directories.
    repository = GitRepository.at(outer.path().resolve(".git/modules/inner"));
    repository.fetches(2, random);
    assertSeenAtItsBeginning(inner, "repack", "-a", "-d");
  }

  @ParameterizedTest
  @MethodSource("brief")
  void aCommandThatStartsNoOtherIsSeenByItsName(String command) throws Exception {
    assertSeenAtItsBeginning(repository.path(), command.split(" "));
  }

  static Stream<String> brief() {
    return Stream.of("prune", "prune-packed", "multi-pack-index expire");
  }

  private void assertSeenAtItsBeginning(Path workingDirectory, String... arguments)
      throws Exception {
    assertSeenAtItsBeginning(workingDirectory, Map.of(), arguments);
  }

  /** It is held before its first look at anything, because nobody reads its trace. */
  private void assertSeenAtItsBeginning(
      Path workingDirectory, Map<String, String> environment, String... arguments)
      throws Exception {
    Path trace = directory.resolve("trace");
    new ProcessBuilder("mkfifo", trace.toString()).start().waitFor();
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(workingDirectory.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("GIT_TRACE2_EVENT", trace.toString());
    Process git = builder.start();
    try {
      GitRepository.awaitCommandLine(git);
      assertWeKeepAway("busy");
    } finally {
      git.destroyForcibly().waitFor(); // it has done nothing yet
      Files.delete(trace);
    }
  }

  /** The lock is gone with the process in the foreground; what it began goes on. */
  @Test
  void maintenanceThatGoesOnInTheBackgroundIsSeenWithoutItsLock() throws Exception {
    for (String key : List.of("gc.auto=1", "gc.autoPackLimit=1", "maintenance.auto=true")) {
      repository.git("config", key.split("=")[0], key.split("=")[1]);
    }
    String reachable = repository.reachable();
    try (HeldGit git = held(repository.path(), Map.of(), "maintenance", "run", "--auto")) {
      assertThat(git.process().waitFor()).isZero();
      assertThat(repository.objects().resolve("maintenance.lock")).doesNotExist();
      assertWeKeepAway("locked");
      Path pid = repository.path().resolve(".git/gc.pid");
      assertThat(pid).exists();
      long background = Long.parseLong(Files.readString(pid).split(" ")[0]);
      Files.delete(pid);
      assertWeKeepAway("busy");
      git.release();
      ProcessHandle.of(background).ifPresent(process -> process.onExit().join());
    }
    assertAllIsWell(reachable);
  }

  @Test
  void whileJGitCollectsGarbageWeKeepAway() throws Exception {
    String reachable = repository.reachable();
    List<Throwable> wrong = new ArrayList<>();
    int[] looks = {0};
    // Not by the command of JGit's API: that counts the packs in the end, which fails if there is a
    // multi-pack-index, whoever wrote it (seen with 7.8.1).
    try (FileRepository opened = new FileRepository(repository.path().resolve(".git").toFile())) {
      GC gc = new GC(opened);
      gc.setProgressMonitor(
          new EmptyProgressMonitor() {
            @Override
            public void beginTask(String title, int total) {
              try {
                looks[0]++;
                assertWeKeepAway("locked");
              } catch (Exception | AssertionError e) {
                wrong.add(e);
              }
            }
          });
      gc.gc().get();
    }
    assertThat(wrong).isEmpty();
    assertThat(looks[0]).isPositive();
    assertAllIsWell(reachable);
  }

  /** It adds a pack, and deletes none: maintenance goes on beside it, and leaves its files alone. */
  @Test
  void aFetchKeepsNobodyAway() throws Exception {
    GitRepository other = repository.copyTo(directory.resolve("other"));
    other.commits(5, random);
    byte[] pack = pack(other);
    Process fetch =
        new ProcessBuilder("git", "index-pack", "--stdin", "--keep=fetch-pack 1 on here")
            .directory(repository.path().toFile())
            .start();
    try (OutputStream in = fetch.getOutputStream()) {
      in.write(pack, 0, pack.length / 2);
      in.flush();
      Path staged = awaitStaged();
      CycleOutcome cycle = cycle();
      assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
      assertThat(cycle.work().packsWritten()).isPositive();
      assertThat(staged).exists();
      in.write(pack, pack.length / 2, pack.length - pack.length / 2);
    }
    assertThat(fetch.waitFor()).isZero();
    repository.assertHealthy();
  }

  private static byte[] pack(GitRepository other) throws Exception {
    Process process =
        new ProcessBuilder("git", "pack-objects", "--all", "--stdout", "-q")
            .directory(other.path().toFile())
            .start();
    process.getOutputStream().close();
    byte[] pack = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
    return pack;
  }

  private Path awaitStaged() {
    while (true) {
      List<Path> staged =
          repository.files("").stream()
              .filter(file -> file.getFileName().toString().startsWith("tmp_pack_"))
              .toList();
      if (!staged.isEmpty()) {
        return staged.getFirst();
      }
      Thread.onSpinWait();
    }
  }

  /** Of a repack on another machine, or in a container, that is all there is to be seen. */
  @Test
  void packsThatAnUnseenRepackHasReadyKeepUsAwayForAnHour() throws Exception {
    Path ready = Files.createFile(repository.packs().resolve(".tmp-999999999-pack-12.pack"));
    assertWeKeepAway("busy");
    GitRepository.setModified(ready, clock().instant().minus(Duration.ofMinutes(50)));
    assertWeKeepAway("busy");
    GitRepository.setModified(ready, clock().instant().minus(Duration.ofMinutes(62)));
    assertThat(cycle().result()).isEqualTo(Result.OK);
    assertThat(ready).exists();
  }

  @Test
  void aPackThatNobodyVisibleWritesKeepsUsAwayForTenMinutes() throws Exception {
    for (String name : List.of("tmp_pack_AbC123", "gc_1234.pack_tmp")) {
      Path written = Files.createFile(repository.packs().resolve(name));
      assertWeKeepAway("busy");
      GitRepository.setModified(written, clock().instant().minus(Duration.ofMinutes(12)));
    }
    assertThat(cycle().result()).isEqualTo(Result.OK);
    assertThat(repository.packs().resolve("tmp_pack_AbC123")).exists();
  }

  @Test
  void gitsMaintenanceLockKeepsRoundsAwayAsWellAsCycles() throws Exception {
    Path lock = Files.createFile(repository.objects().resolve("maintenance.lock"));
    assertWeKeepAway("locked");
    Files.delete(lock);
    assertThat(round().work().packsWritten()).isPositive();
  }

  /** The process is real, and is killed. */
  @Test
  void aSecondRepackdIsRespectedWhileItLivesAndFollowedWhenItIsDead() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LockingProgram.class.getName(),
                repository.path().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("locked");
      CycleOutcome cycle = cycle();
      assertThat(cycle.result()).isEqualTo(Result.SKIPPED);
      assertThat(cycle.detail()).contains("repackd " + other.pid());
      assertThat(round().result()).isEqualTo(Result.SKIPPED);
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(round().result()).isEqualTo(Result.OK);
    CycleOutcome cycle = cycle();
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(repository.packs().resolve("multi-pack-index.lock")).doesNotExist();
  }

  /** Takes every lock that there is, and keeps them until it is killed. */
  static final class LockingProgram {
    private LockingProgram() {}

    public static void main(String[] arguments) throws Exception {
      ObjectDirectory directory =
          ObjectDirectory.open(RepositoryDiscovery.locate(Path.of(arguments[0])));
      List<AutoCloseable> locks = new ArrayList<>();
      for (ObjectDirectory.Lock lock : ObjectDirectory.Lock.values()) {
        locks.add(directory.lock(lock));
      }
      System.out.println("locked");
      System.in.read();
      System.err.println("not killed, with %d locks".formatted(locks.size()));
    }
  }

  static Stream<String> tools() {
    return Stream.of(
        "gc",
        "gc --prune=now",
        "repack -d",
        "repack -a -d --write-midx",
        "repack -d --geometric=2 --write-midx",
        "maintenance run",
        "maintenance run --task=incremental-repack",
        "prune --expire=now",
        "prune-packed",
        "multi-pack-index write",
        "fetch ../other",
        "pull ../other main",
        "fsck --full");
  }

  /** Between any two steps of ours each tool does what it is told, and we do not fail for it. */
  @ParameterizedTest(name = "git {0}")
  @MethodSource("tools")
  void besideOurStepsGitSucceeds(String command) throws Exception {
    GitRepository other = repository.copyTo(directory.resolve("other"));
    String reachable = repository.reachable();
    List<String> seen = new ArrayList<>();
    List<Throwable> wrong = new ArrayList<>();
    CycleOutcome cycle =
        cycle(
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome outcome) {
                try {
                  seen.add(outcome.step().label());
                  if (command.contains("other")) {
                    other.commits(1, random);
                  }
                  repository.git(command.split(" "));
                } catch (RuntimeException | AssertionError e) {
                  wrong.add(e);
                }
              }
            });
    assertThat(wrong).as("%s", seen).isEmpty();
    assertThat(seen).contains("recover");
    assertThat(cycle.result()).as("%s: %s", seen, cycle.detail()).isIn(Result.OK, Result.SKIPPED);
    assertThat(repository.reachable()).contains(reachable.lines().toList());
    repository.assertHealthy();
  }
}
