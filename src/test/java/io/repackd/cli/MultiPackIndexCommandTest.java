package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.LargeHistory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command beside git's own, on two copies of a repository. */
class MultiPackIndexCommandTest {
  @TempDir Path given;

  private final Random random = new Random(20261121);
  private Path directory = Path.of("");

  @BeforeEach
  void resolve() throws Exception {
    directory = given.toRealPath();
  }

  private GitRepository repository(String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("-b", "main"));
    return GitRepository.bare(directory.resolve("r.git"), all.toArray(String[]::new));
  }

  /** Six packs, no two of one second. */
  private GitRepository packs(String... options) {
    return repository(options).fetches(6, random).distinctTimes();
  }

  /** One pack has everything since, and owns it; the other six own nothing. */
  private GitRepository repacked() {
    GitRepository repository = packs();
    repository.git("multi-pack-index", "write");
    repository.git("multi-pack-index", "repack");
    assertThat(repository.packFiles()).hasSize(7);
    return repository;
  }

  private static Path sidecar(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", "." + extension));
  }

  private static Path first(GitRepository repository) {
    return repository.packFiles().getFirst();
  }

  /** A state of a repository, in words. */
  record Situation(String words, MultiPackIndexCommandTest.Making making) {
    @Override
    public String toString() {
      return words;
    }
  }

  interface Making {
    GitRepository make(MultiPackIndexCommandTest test) throws Exception;
  }

  static Stream<Situation> situations() {
    return Stream.of(
        new Situation("no packs", MultiPackIndexCommandTest::repository),
        new Situation("one pack", test -> test.repository().fetches(1, test.random)),
        new Situation("packs and no index", MultiPackIndexCommandTest::packs),
        new Situation("SHA-256", test -> test.packs("--object-format=sha256")),
        new Situation(
            "nothing to do",
            test -> {
              GitRepository repository = test.packs();
              repository.git("multi-pack-index", "write");
              return repository;
            }),
        new Situation(
            "packs that have come since",
            test -> {
              GitRepository repository = test.packs();
              repository.git("multi-pack-index", "write");
              return repository.fetches(2, test.random).distinctTimes();
            }),
        new Situation("packs that own nothing", MultiPackIndexCommandTest::repacked),
        new Situation(
            "a pack that owns nothing is kept",
            test -> {
              GitRepository repository = test.repacked();
              Files.createFile(sidecar(Path.of(unreferencedPack(repository)), "keep"));
              return repository;
            }),
        new Situation(
            "a pack that owns nothing is a cruft pack",
            test -> {
              GitRepository repository = test.repacked();
              Files.createFile(sidecar(Path.of(unreferencedPack(repository)), "mtimes"));
              return repository;
            }),
        new Situation(
            "a pack is there twice under two names",
            test -> {
              GitRepository repository = test.packs();
              Path pack = first(repository);
              for (String extension : List.of("pack", "idx")) {
                Path copy = repository.packs().resolve("loose-1." + extension);
                Files.copy(sidecar(pack, extension), copy);
              }
              GitRepository.setModified(
                  repository.packs().resolve("loose-1.pack"), Instant.ofEpochSecond(1_700_000_000));
              return repository;
            }),
        new Situation(
            "git is told not to use an index",
            test -> {
              GitRepository repository = test.repacked();
              repository.git("config", "core.multiPackIndex", "false");
              return repository;
            }),
        new Situation(
            "somebody maintains it",
            test -> {
              GitRepository repository = test.repacked().fetches(1, test.random).distinctTimes();
              Files.createFile(repository.objects().resolve("maintenance.lock"));
              return repository;
            }),
        new Situation(
            "somebody replaces the index",
            test -> {
              GitRepository repository = test.packs();
              Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
              return repository;
            }));
  }

  private static String unreferencedPack(GitRepository repository) throws Exception {
    String index = Twins.unreferenced(repository).iterator().next();
    return repository.packs().resolve(index.replace(".idx", ".pack")).toString();
  }

  @Test
  void repackKeepsToPackSizeLimitAsGitDoes() throws Exception {
    GitRepository repository = repository();
    repository.git("config", "pack.packSizeLimit", "1m");
    new LargeHistory(repository, random).arrivals(12);
    repository.git("multi-pack-index", "write");
    Twins repack = Twins.of(repository);
    assertThat(repack.repackd("repack")).isEqualTo(repack.git("repack"));
    for (GitRepository each : List.of(repack.ours(), repack.gits())) {
      assertThat(each.packFiles())
          .hasSizeGreaterThan(repository.packFiles().size() + 1)
          .allSatisfy(pack -> assertThat(Files.size(pack)).isLessThanOrEqualTo(1 << 20));
      each.assertHealthy();
    }
    assertThat(repack.ours().reachable()).isEqualTo(repository.reachable());
  }

  @ParameterizedTest
  @MethodSource("situations")
  void theEffectIsThatOfGit(Situation situation) throws Exception {
    GitRepository repository = situation.making().make(this);
    Twins.of(repository).both("write");
    Twins.of(repository).both("verify");
    Twins.of(repository).both("expire");
    Twins repack = Twins.of(repository);
    assertThat(repack.repackd("repack", "--batch-size=1"))
        .isEqualTo(repack.git("repack", "--batch-size=1"));
    // Git puts packs that own nothing together to a pack with nothing in it.
    assertThat(repack.ours().packFiles()).hasSameSizeAs(repository.packFiles());
    Twins all = Twins.of(repository);
    all.both("write", "--no-progress");
    all.both("expire");
    if (Files.exists(all.ours().index())) {
      assertThat(all.both("verify")).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "frobnicate",
        "--frobnicate",
        "--frobnicate write",
        "write --frobnicate",
        "write -x",
        "write something",
        "verify something",
        "expire something",
        "repack something",
        "verify -- something",
        "verify --",
        "verify --batch-size=1",
        "verify --progress=1",
        "verify --no-object-dir",
        "verify --prog",
        "verify --obj=objects",
        "--object-dir=objects verify",
        "--object-dir objects verify",
        "verify --object-dir=objects",
        "verify --object-dir objects",
        "--object-dir=nowhere verify --object-dir=objects",
        "verify --object-dir",
        "write --preferred-pack",
        "write --stdin-packs=1",
        "repack --batch-size",
        "repack --batch-size=",
        "repack --batch-size=z",
        "repack --batch-size=-1",
        "repack --batch-size=1kb",
        "repack --batch-size=1.5k",
        "repack --batch-size=08",
        "repack --batch-size=0x",
        "repack --batch-size=++1",
        "repack --batch-size=18446744073709551616",
        "repack --batch-size=17179869184g",
        "repack --no-batch-size",
        "repack --batch-size=0x1",
        "repack --batch-size=+1",
        "repack --batch-size 1",
        "repack --batch=1",
      })
  void argumentsAreTakenAndRefusedAsByGit(String arguments) throws Exception {
    GitRepository repository = repository().fetches(1, random);
    repository.git("multi-pack-index", "write");
    Twins twins = Twins.of(repository);
    int status = twins.both(arguments.isEmpty() ? new String[0] : arguments.split(" ", -1));
    if (status == 129) {
      assertThat(twins.errors()).startsWith("error: ").contains("--help");
    }
  }

  @Test
  void anIndexOfManyPacksIsTheSameToTheByte() throws Exception {
    Twins twins = Twins.of(packs());
    assertThat(twins.both("write")).isZero();
    assertThat(twins.errors()).isEmpty();
    assertThat(twins.out()).isEmpty();
    byte[] before = Files.readAllBytes(twins.ours().index());
    Object inode = Files.getAttribute(twins.ours().index(), "unix:ino");
    assertThat(twins.both("write")).isZero();
    assertThat(Files.readAllBytes(twins.ours().index())).isEqualTo(before);
    assertThat(Files.getAttribute(twins.ours().index(), "unix:ino")).isEqualTo(inode);
    twins.ours().assertHealthy();
  }

  @Test
  void itWorksFromASubdirectoryAndALinkedWorktree() throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    GitRepository main =
        GitRepository.withWorktree(root.resolve("main"), "-b", "main").fetches(3, random);
    main.distinctTimes();
    // Relative, so that the copies lead to each other and not to the original.
    main.git("worktree", "add", "-q", "-b", "other", "../linked", "main");
    Path link = root.resolve("main/.git/worktrees/linked");
    Files.writeString(root.resolve("linked/.git"), "gitdir: ../main/.git/worktrees/linked\n");
    Files.writeString(link.resolve("gitdir"), "../../../../linked/.git\n");
    for (String place : List.of("main/dir0", "linked", "main/.git", "main/.git/objects/pack")) {
      Files.createDirectories(root.resolve(place));
      Twins twins = Twins.of(root, Path.of(place));
      assertThat(twins.git("write")).as(place).isZero();
      assertThat(twins.repackd("write")).as(place).isZero();
      Path index = Path.of("main/.git/objects/pack/multi-pack-index");
      Path top = Path.of("").resolve(Path.of(place).relativize(Path.of("")));
      assertThat(twins.ours().path().resolve(top).resolve(index))
          .hasSameBinaryContentAs(twins.gits().path().resolve(top).resolve(index));
    }
  }

  @Test
  void variablesSayWhichRepositoryIsMeant() throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    GitRepository here = GitRepository.bare(root.resolve("here.git"), "-b", "main");
    GitRepository there = GitRepository.bare(root.resolve("there.git"), "-b", "main");
    here.fetches(2, random);
    there.fetches(2, random);
    Twins twins = Twins.of(root, Path.of("here.git"));
    assertThat(twins.repackd(Map.of("GIT_DIR", "../there.git"), "write")).isZero();
    assertThat(twins.ours().index()).doesNotExist();
    Path written = twins.ours().path().resolve("../there.git/objects/pack/multi-pack-index");
    assertThat(written).exists();
    Files.delete(written);
    Map<String, String> objects = Map.of("GIT_OBJECT_DIRECTORY", "../there.git/objects");
    assertThat(twins.repackd(objects, "write")).isZero();
    assertThat(written).exists();
  }

  @Test
  void whereThereIsNoRepositoryItIsFatal() throws Exception {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    for (String verb : List.of("write", "verify", "expire", "repack")) {
      Twins twins = Twins.of(empty, Path.of(""));
      assertThat(twins.repackd(verb)).isEqualTo(128).isEqualTo(twins.git(verb));
      assertThat(twins.errors()).startsWith("fatal: not a git repository");
      assertThat(twins.repackd(verb, "--object-dir=gone")).isEqualTo(128);
      assertThat(twins.errors()).startsWith("fatal: ").contains("gone");
    }
  }

  @Test
  void anAlternateIsWorkedOnByItsObjectDirectory() throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    GitRepository lender = GitRepository.bare(root.resolve("lender.git"), "-b", "main");
    lender.fetches(4, random).distinctTimes();
    GitRepository borrower = GitRepository.bare(root.resolve("borrower.git"), "-b", "main");
    Files.writeString(borrower.objects().resolve("info/alternates"), "../../lender.git/objects\n");
    for (List<String> arguments :
        List.of(
            List.of("--object-dir=../lender.git/objects", "write"),
            List.of("write", "--object-dir", "../lender.git/objects"))) {
      Twins twins = Twins.of(root, Path.of("borrower.git"));
      twins.both(arguments.toArray(String[]::new));
      Path index = Path.of("../lender.git/objects/pack/multi-pack-index");
      assertThat(twins.ours().path().resolve(index))
          .hasSameBinaryContentAs(twins.gits().path().resolve(index));
    }
  }

  @Test
  void anObjectDirectoryMayStandAloneOrBeEmpty() throws Exception {
    GitRepository repository = packs("--object-format=sha256");
    Twins twins = Twins.of(repository);
    Path cache = directory.resolve("cache");
    Files.move(twins.ours().objects(), cache);
    assertThat(twins.repackd("write", "--object-dir=" + cache)).isZero();
    assertThat(twins.repackd("verify", "--level=packs", "--object-dir=" + cache)).isZero();
    twins.git("write");
    assertThat(cache.resolve("pack/multi-pack-index")).hasSameBinaryContentAs(twins.gits().index());
    Path empty = Files.createDirectory(directory.resolve("empty"));
    assertThat(twins.repackd("verify", "--object-dir=" + empty)).isZero();
    assertThat(twins.repackd("write", "--object-dir=" + empty)).isEqualTo(1);
    assertThat(twins.errors()).startsWith("error: no pack files to index");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "900", "2k", "0x1000", "6K", "10k", "1m", "1G"})
  void repackTakesThePacksThatGitTakes(String batchSize) throws Exception {
    GitRepository repository = repository();
    for (int commits : List.of(3, 12, 1, 30, 2, 6, 1, 4)) {
      repository.fetch(commits, random);
    }
    repository.distinctTimes();
    Files.createFile(sidecar(repository.packFiles().get(3), "keep"));
    repository.git("multi-pack-index", "write");
    Twins twins = Twins.of(repository);
    String option = "--batch-size=" + batchSize;
    assertThat(twins.git("repack", option)).isZero();
    assertThat(twins.repackd("repack", option)).as(twins.errors()).isZero();
    Set<String> replaced = Twins.unreferenced(twins.gits());
    assertThat(Twins.unreferenced(twins.ours())).isEqualTo(replaced);
    assertThat(twins.ours().packFiles()).hasSameSizeAs(twins.gits().packFiles());
    twins.ours().assertHealthy();
    assertThat(twins.errors()).isEmpty();

    assertThat(twins.git("expire")).isZero();
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.ours().packFiles()).hasSameSizeAs(twins.gits().packFiles());
    twins.ours().assertHealthy();
    assertThat(twins.ours().reachable()).isEqualTo(repository.reachable());
  }

  @Test
  void batchesOfSeveralSizesAreNotAllTheSame() throws Exception {
    GitRepository repository = repository().fetches(5, random).distinctTimes();
    repository.git("multi-pack-index", "write");
    Twins small = Twins.of(repository);
    small.repackd("repack", "--batch-size=2k");
    Twins all = Twins.of(repository);
    all.repackd("repack");
    assertThat(Twins.unreferenced(all.ours()))
        .hasSize(5)
        .hasSizeGreaterThan(Twins.unreferenced(small.ours()).size());
  }

  @Test
  void whatIsNotAskedOfItIsRefusedWithAWordOnWhatToUse() throws Exception {
    GitRepository repository = packs();
    Twins twins = Twins.of(repository);
    for (String option : List.of("--bitmap", "--refs-snapshot=refs")) {
      assertThat(twins.repackd("write", option)).isEqualTo(128);
      assertThat(twins.errors())
          .startsWith("fatal: ")
          .contains("git multi-pack-index write --bitmap");
    }
    assertThat(twins.repackd("write", "--incremental")).isEqualTo(128);
    assertThat(twins.errors()).startsWith("fatal: ").contains("chain");
    assertThat(twins.repackd("compact", "a", "b")).isEqualTo(128);
    assertThat(twins.errors()).startsWith("fatal: ").contains("compact");
    assertThat(twins.ours().index()).doesNotExist();
    assertThat(twins.both("write", "--no-bitmap")).isZero();
  }

  @Test
  void progressIsShownOnATerminalOrIfAskedFor() throws Exception {
    Twins twins = Twins.of(packs());
    assertThat(twins.repackd("write")).isZero();
    assertThat(twins.errors()).isEmpty();
    assertThat(twins.repackd("--progress", "verify")).isZero();
    assertThat(twins.errors()).isEqualTo("Verifying the multi-pack-index\n");
    twins.onATerminal();
    assertThat(twins.repackd("repack")).isZero();
    assertThat(twins.errors()).contains("Putting 6 ordinary packs together into one\n");
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.errors()).contains("Deleting 6 unreferenced packs\n");
    assertThat(twins.repackd("verify", "--no-progress")).isZero();
    assertThat(twins.errors()).isEmpty();
  }

  @Test
  void itExplainsItself() throws Exception {
    Twins twins = Twins.of(repository());
    for (String help : List.of("-h", "--help")) {
      assertThat(twins.repackd(help)).isZero();
      assertThat(twins.out())
          .contains("write", "verify", "expire", "repack", "--object-dir=DIR", "Exit status:");
    }
    for (String verb : List.of("write", "verify", "expire", "repack")) {
      assertThat(twins.repackd(verb, "--help")).isZero();
      assertThat(twins.out()).startsWith("Usage: repackd multi-pack-index " + verb);
      assertThat(twins.out().lines()).allMatch(line -> line.length() <= 100);
    }
    assertThat(twins.errors()).isEmpty();
  }

  @Test
  void picocliLeadsToIt() throws Exception {
    Twins twins = Twins.of(packs());
    String objects = "--object-dir=" + twins.ours().objects();
    StringWriter errors = new StringWriter();
    assertThat(picocli(errors, objects, "write")).isZero();
    assertThat(twins.ours().index()).exists();
    assertThat(picocli(errors, "verify", objects, "--level=packs")).isZero();
    assertThat(errors.toString()).isEmpty();
    assertThat(picocli(errors, "verify", "--frobnicate")).isEqualTo(129);
    assertThat(errors.toString()).contains("--frobnicate");
  }

  private static int picocli(StringWriter errors, String... arguments) {
    return new CommandLine(new MultiPackIndexSubcommand())
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  @Test
  void severalCommandsAreLearnedInOneProcess() {
    List<List<String>> seen = new ArrayList<>();
    List<String> words = List.of("a", "b", "--then", "c", "--then", "d", "e");
    assertThat(TrainingRun.run(words, command -> seen.add(command) ? 0 : 1)).isZero();
    assertThat(seen).containsExactly(List.of("a", "b"), List.of("c"), List.of("d", "e"));
    assertThat(TrainingRun.run(words, command -> command.contains("c") ? 3 : 0)).isEqualTo(3);
  }
}
