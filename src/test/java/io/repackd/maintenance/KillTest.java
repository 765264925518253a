package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a real process in the middle of its cycles, and has git judge what it left. */
class KillTest {
  private static final int ROUNDS = 12;

  @TempDir Path directory;

  @Test
  void aKilledCycleLosesNothingAndTheNextOneRecovers() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    GitRepository repository =
        GitRepository.bare(directory.resolve("r.git"), "-b", "main").fetches(6, random);
    Duration whole = timeOf(once(repository));
    for (int round = 0; round < ROUNDS; round++) {
      repository.fetches(2, random);
      String reachable = repository.reachable();
      Process process = once(repository);
      long killAfterMillis = random.nextLong(whole.toMillis());
      if (!process.waitFor(killAfterMillis, TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
      assertSound(repository, reachable, "seed %d, round %d".formatted(seed, round));
      if (round % 3 == 2) {
        assertThat(once(repository).waitFor()).as("seed %d", seed).isZero();
        assertSound(repository, reachable, "recovered, seed %d".formatted(seed));
        assertThat(names(repository)).noneMatch(name -> name.startsWith("tmp_"));
        assertThat(repository.objects().resolve("maintenance.lock")).doesNotExist();
      }
    }
  }

  private static List<String> names(GitRepository repository) {
    return repository.files("").stream().map(file -> file.getFileName().toString()).toList();
  }

  private static void assertSound(GitRepository repository, String reachable, String when) {
    assertThat(repository.gitStatus("fsck", "--full", "--strict")).as(when).isZero();
    assertThat(repository.reachable()).as(when).isEqualTo(reachable);
  }

  private static Duration timeOf(Process process) throws InterruptedException {
    long start = System.nanoTime();
    assertThat(process.waitFor()).isZero();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private Process once(GitRepository repository) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.repackd.cli.Repackd",
                "once",
                "--now",
                "--repository",
                repository.path().toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile());
    builder.environment().put("STATE_DIRECTORY", directory.resolve("state").toString());
    Files.createDirectories(directory.resolve("state"));
    return builder.start();
  }
}
