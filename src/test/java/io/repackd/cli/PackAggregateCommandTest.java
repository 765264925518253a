package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.repackd.GitRepository;
import io.repackd.objectdir.RepositorySearch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(600)
class PackAggregateCommandTest {
  private static final Duration ONE_MINUTE = Duration.ofMinutes(1);

  private final Random random = new Random(17);
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @TempDir Path directory;

  private int run(Map<String, String> environment, boolean terminal, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    RepositorySearch search = new RepositorySearch(directory.resolve("r.git"), Map.of());
    return new CommandLine(new PackAggregateCommand(search, environment, terminal))
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private int run(String... arguments) {
    return run(Map.of(), true, arguments);
  }

  private GitRepository repository(int packs) throws IOException {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(packs, random);
    age(repository);
    return repository;
  }

  /** A pack that has just come is left alone: its sidecars may be on their way. */
  private static void age(GitRepository repository) throws IOException {
    for (Path index : repository.files(".idx")) {
      Files.setLastModifiedTime(index, FileTime.from(Instant.now().minus(Duration.ofMinutes(10))));
    }
  }

  private static List<String> names(List<Path> packs) {
    return packs.stream().map(pack -> pack.getFileName().toString()).toList();
  }

  @Test
  void smallPacksBecomeOneAndGoInALaterRun() throws Exception {
    GitRepository repository = repository(12);
    assertThat(run()).isZero();
    assertThat(errors).hasToString("12 packs into 1 pack\n");
    assertThat(repository.packFiles()).hasSize(13);
    assertThat(run(Map.of(), false)).isZero();
    assertThat(errors.toString() + out).isEmpty();
    assertThat(repository.packFiles()).hasSize(13);
    assertThat(run("--now")).isZero();
    assertThat(errors.toString()).contains("12 superseded packs deleted");
    assertThat(repository.packFiles()).hasSize(1);
    repository.assertHealthy();
  }

  @Test
  void howManyThereHaveToBeIsAnOptionOrElseAVariable() throws Exception {
    GitRepository repository = repository(4);
    assertThat(run()).isZero();
    assertThat(repository.packFiles()).hasSize(4);
    Map<String, String> variable = Map.of("GIT_TEST_PACK_AGGREGATE_MIN_PACKS", "4");
    assertThat(run(variable, true, "--min-packs=5")).isZero();
    assertThat(repository.packFiles()).hasSize(4);
    assertThat(run(variable, true)).isZero();
    assertThat(repository.packFiles()).hasSize(5);
  }

  @Test
  void whatAFileNamesIsLeftAlone() throws Exception {
    GitRepository repository = repository(5);
    List<String> names = names(repository.packFiles());
    Path file =
        Files.write(
            directory.resolve("used"),
            List.of(names.get(1), names.get(3).replace(".pack", ".idx"), ""));
    assertThat(run("--min-packs=2", "--exclude-pack-file=" + file)).isZero();
    assertThat(errors.toString()).startsWith("3 packs into 1 pack");
    assertThat(run("--now", "--min-packs=10", "--exclude-pack-file=" + file)).isZero();
    assertThat(names(repository.packFiles())).hasSize(3).contains(names.get(1), names.get(3));
    repository.assertHealthy();
  }

  @Test
  void aFileThatCannotBeReadOrMakesNoSenseEndsItBeforeAnythingIsDone() throws Exception {
    GitRepository repository = repository(12);
    Path missing = directory.resolve("missing");
    assertThat(run("--exclude-pack-file=" + missing)).isEqualTo(1);
    assertThat(errors.toString()).startsWith("error: ").contains(missing.toString());
    Path strange = Files.writeString(directory.resolve("strange"), "not a pack\n");
    assertThat(run("--exclude-pack-file=" + strange)).isEqualTo(1);
    assertThat(errors.toString()).contains(strange.toString(), "'not a pack'");
    assertThat(run("--exclude-loose-file=" + strange)).isEqualTo(1);
    assertThat(errors.toString()).contains(strange.toString(), "object id");
    assertThat(repository.packFiles()).hasSize(12);
  }

  @Test
  void excludeFilesAreReadAgainWhenTheyChange() throws Exception {
    Path file = Files.writeString(directory.resolve("used"), "pack-1.pack\n");
    ExcludeFiles excluded = new ExcludeFiles(file, null);
    assertThat(excluded.packs()).contains(java.util.Set.of("pack-1"));
    Files.writeString(file, "pack-1.pack\n/somewhere/pack-22.idx\n");
    assertThat(excluded.packs()).contains(java.util.Set.of("pack-1", "pack-22"));
    assertThat(excluded.looseObjects()).isEmpty();
  }

  @Test
  void looseObjectsAreBundledToo() throws Exception {
    GitRepository repository = repository(1);
    repository.gitWithInput("a", "hash-object", "-w", "--stdin");
    String excluded = repository.gitWithInput("b", "hash-object", "-w", "--stdin").strip();
    Path file = Files.writeString(directory.resolve("used"), excluded + "\n");
    assertThat(run("--min-loose=1", "--exclude-loose-file=" + file)).isZero();
    assertThat(errors.toString()).startsWith("1 loose object into 1 pack");
    assertThat(run("--now", "--min-loose=1", "--exclude-loose-file=" + file)).isZero();
    assertThat(repository.git("count-objects").strip()).startsWith("1 objects");
    repository.assertHealthy();
  }

  @Test
  void wrongOptionsAreRefused() throws Exception {
    repository(1);
    for (String option :
        List.of("--interval=0s", "--interval=5", "--min-packs=1", "--min-loose=0", "--nonsense")) {
      assertThat(run(option)).as(option).isEqualTo(2);
    }
    assertThat(run(Map.of("GIT_TEST_PACK_AGGREGATE_INTERVAL", "soon"), true)).isEqualTo(2);
    assertThat(errors.toString()).contains("GIT_TEST_PACK_AGGREGATE_INTERVAL", "soon");
  }

  /** Moves finished packs in, each of them with its index at last: who looks meanwhile sees no pack that is about to go. */
  private static void receive(GitRepository repository, GitRepository other) throws IOException {
    for (String extension : List.of(".pack", ".idx")) {
      for (Path file : other.files(extension)) {
        Path goal = repository.packs().resolve(file.getFileName());
        if (!Files.exists(goal)) {
          Files.move(file, goal);
        }
      }
    }
  }

  /** The command as a process: packs that come are bundled, and it ends when it is told. */
  @Test
  void theLoopGoesOnUntilItIsTerminated() throws Exception {
    GitRepository repository = repository(8);
    GitRepository other = repository.copyTo(directory.resolve("other.git"));
    other.fetches(8, random);
    age(other);
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED",
                "io.repackd.cli.Repackd",
                "pack-aggregate",
                "--object-dir=" + repository.objects(),
                "--loop",
                "--interval=1s",
                "--min-packs=3")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    try {
      await().atMost(ONE_MINUTE).until(() -> repository.files(".baddeltas").size() == 1);
      receive(repository, other);
      await().atMost(ONE_MINUTE).until(() -> repository.files(".baddeltas").size() >= 2);
      new ProcessBuilder("kill", "-TERM", Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(repository.objects().resolve("aggregate.lock")).doesNotExist();
      assertThat(repository.files(""))
          .noneMatch(file -> file.getFileName().toString().startsWith("tmp_"));
      repository.assertHealthy();
    } finally {
      process.destroyForcibly();
    }
  }
}
