package io.repackd.proof;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Cycles over a repository in which one file is damaged. The program must neither crash nor hang nor need more memory than it
 * has, must not fail for a reason that it does not know, and every object that git could read before is there afterwards.
 */
class HostileFilesIT {
  private static final int SAMPLE = 40;

  /** How often each file is damaged in each way. */
  private static final int TIMES = 3;

  private static final long LONGEST_CYCLE_SECONDS = 300;

  private static final Path DISTRIBUTION =
      Path.of(requireNonNull(System.getProperty("repackd.distribution")));

  @TempDir Path temporary;

  private final long seed = Long.getLong("repackd.seed", System.nanoTime());
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private Path template;
  private Path stage;
  private List<String> ids;
  private Process cycles;

  @BeforeEach
  void prepare() throws Exception {
    System.out.println("-Drepackd.seed=" + seed);
    Random random = new Random(seed);
    template = temporary.resolve("template");
    stage = Files.createDirectories(temporary.resolve("stage"));
    GitRepository borrowed =
        GitRepository.bare(stage.resolve("borrowed.git"), "-b", "main").fetches(1, random);
    GitRepository repository = GitRepository.bare(stage.resolve("r.git"), "-b", "main");
    repository.git("config", "pack.writeReverseIndex", "true");
    Files.writeString(repository.objects().resolve("info/alternates"), borrowed.objects() + "\n");
    Files.writeString(
        temporary.resolve("repackd.conf"),
        """
        repositories = [ "stage/r.git" ]
        state-directory = stage/state
        aggregate { min-packs = 2, min-loose = 1, min-age = 0s }
        expire.min-age = 0s
        repack { min-age = 0s, batch-size = 0 }
        safety.disk-reserve = 0
        """);
    cycles = start();
    for (int cycle = 0; cycle < 2; cycle++) {
      repository.fetches(2, random);
      InterruptedCycle.loose(repository, "cycle %d".formatted(cycle), random);
      InterruptedCycle.age(repository);
      assertThat(cycle()).startsWith("OK");
    }
    repository.fetches(2, random);
    InterruptedCycle.loose(repository, "last", random);
    indexOfVersionOne(repository);
    Files.writeString(keepOf(repository, 0), "receive-pack 1 on somewhere\n");
    Path gc = Files.writeString(repository.path().resolve("gc.pid"), "1 somewhere");
    GitRepository.setModified(gc, Instant.EPOCH); // so old that nobody believes it
    Files.writeString(repository.objects().resolve("maintenance~pid.lock"), "pid 1\n");
    InterruptedCycle.age(repository);
    ids =
        List.of(
            repository
                .git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
                .split("\n"));
    InterruptedCycle.copy(stage, template);
  }

  private static void indexOfVersionOne(GitRepository repository) throws IOException {
    Path pack = repository.packFiles().getLast();
    Path index = Path.of(pack.toString().replace(".pack", ".idx"));
    Path other = repository.path().resolve("other.idx");
    repository.git("index-pack", "--index-version=1", "-o", other.toString(), pack.toString());
    Files.move(other, index, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path keepOf(GitRepository repository, int pack) {
    return Path.of(repository.packFiles().get(pack).toString().replace(".pack", ".keep"));
  }

  @AfterEach
  void end() throws Exception {
    cycles.destroyForcibly().waitFor();
    System.out.println("hostile files: " + outcomes);
  }

  /** With the memory of the daemon. */
  private Process start() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + DISTRIBUTION.resolve("jvm.options"));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            BackToBack.class.getName(),
            temporary.toString()));
    return new ProcessBuilder(command).redirectError(temporary.resolve("errors").toFile()).start();
  }

  private String cycle() throws Exception {
    Writer next = cycles.outputWriter();
    next.write("\n");
    next.flush();
    BufferedReader outcome = cycles.inputReader();
    String line =
        CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return String.valueOf(outcome.readLine());
                  } catch (IOException e) {
                    return e.toString();
                  }
                })
            .get(LONGEST_CYCLE_SECONDS, TimeUnit.SECONDS);
    assertThat(cycles.isAlive()).as(Files.readString(temporary.resolve("errors"))).isTrue();
    return line;
  }

  @Test
  void aFewDamages() throws Exception {
    Random random = new Random(seed);
    for (int i = 0; i < SAMPLE; i++) {
      List<Path> files = victims();
      Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
      damage(files.get(random.nextInt(files.size())), damage, random);
    }
  }

  @Tag("exhaustive")
  @Test
  void everyDamageToEveryFile() throws Exception {
    Random random = new Random(seed);
    for (Path file : victims()) {
      for (Damage damage : Damage.values()) {
        for (int i = 0; i < TIMES; i++) {
          damage(file, damage, random);
        }
      }
    }
  }

  /** All that is read, relative to the stage. */
  private List<Path> victims() throws IOException {
    return InterruptedCycle.files(template).stream()
        .map(template::relativize)
        .filter(
            file -> !file.toString().matches(".*(/hooks/|description|/refs/|packed-refs|HEAD).*"))
        .filter(file -> !file.startsWith("state/log"))
        .sorted()
        .toList();
  }

  private void damage(Path file, Damage damage, Random random) throws Exception {
    InterruptedCycle.delete(stage);
    InterruptedCycle.copy(template, stage);
    damage.apply(stage.resolve(file), random);
    String what = "%s to %s, seed %d".formatted(damage, file, seed);
    Set<String> readable = readable("-c", "core.multiPackIndex=false");
    Set<String> readableByIndex = readable();
    List<String> all = new ArrayList<>();
    String outcome = "";
    for (int cycle = 0; cycle < 2; cycle++) {
      outcome = cycle();
      all.add(outcome);
      assertThat(outcome).as(what).matches("(OK|SKIPPED|DEGRADED|FAILED) .*");
      assertThat(outcome).as(what).doesNotContain("internal").doesNotContain("FAILED memory");
      if (!outcome.startsWith("OK")) {
        assertThat(outcome).as(what + " is told without a file").contains("/stage/");
      }
    }
    outcomes.merge(damage + " " + outcome.split(" ")[0], 1, Integer::sum);
    readable.removeAll(readable("-c", "core.multiPackIndex=false"));
    readableByIndex.removeAll(readable());
    assertThat(readable).as("%s: lost, %s", what, all).isEmpty();
    assertThat(readableByIndex).as("%s: hidden by the index, %s", what, all).isEmpty();
  }

  /** What git can read, with its content checked: git says so of each object, or ends at a damaged one. */
  private Set<String> readable(String... options) throws Exception {
    Set<String> readable = new HashSet<>();
    int next = 0;
    int failures = 0;
    while (next < ids.size() && failures < 200) {
      int end = read(ids.subList(next, ids.size()), options, readable);
      failures += next + end < ids.size() ? 1 : 0;
      next += end + 1;
    }
    return readable;
  }

  /** Reads until git ends, and says how many answers there were. */
  private int read(List<String> wanted, String[] options, Set<String> readable) throws Exception {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(Arrays.asList(options));
    command.addAll(List.of("cat-file", "--batch"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(stage.resolve("r.git").toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder
        .environment()
        .putAll(Map.of("GIT_CONFIG_GLOBAL", "/dev/null", "GIT_CONFIG_NOSYSTEM", "1"));
    Path input = temporary.resolve("ids");
    Files.write(input, wanted);
    Process process = builder.redirectInput(input.toFile()).start();
    int answers = 0;
    try (InputStream in = process.getInputStream()) {
      for (String id : wanted) {
        String line = line(in);
        if (line.isEmpty()) {
          break;
        }
        String[] words = line.split(" ");
        if (words.length == 3) {
          long length = Long.parseLong(words[2]); // of a damaged one it may be anything
          byte[] content = in.readNBytes((int) Math.min(length, Integer.MAX_VALUE));
          if (content.length < length || in.read() < 0) {
            break;
          }
          if (GitObjects.id(words[1], content).equals(id)) {
            readable.add(id);
          }
        }
        answers++;
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    return answers;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString();
  }
}
