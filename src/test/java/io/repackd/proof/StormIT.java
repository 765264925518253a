package io.repackd.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.proof.Storm.Maintenance;
import java.io.BufferedReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers while the repository is maintained without a pause and without an age to wait for. */
class StormIT {
  private static final Duration SHORT = Duration.ofSeconds(15);

  private static final Duration LONG = Duration.ofMinutes(3);

  /** Seen to lose a read within half a minute; sixty times that is for a busy machine. */
  private static final Duration UNTIL_GIT_LOSES = Duration.ofMinutes(30);

  @TempDir Path temporary;

  private final long seed = Long.getLong("repackd.seed", System.nanoTime());

  private Storm storm() throws Exception {
    System.out.println("-Drepackd.seed=" + seed);
    return new Storm(temporary.resolve("storm"), seed);
  }

  /** So that it is known that the storm bites. */
  @Test
  void underGitsOwnMaintenanceReadsFail() throws Exception {
    Storm storm = storm();
    GitRepository repository = storm.repository();
    List<String> losses =
        storm.rage(
            UNTIL_GIT_LOSES,
            () -> {
              repository.gitStatus("multi-pack-index", "write");
              repository.gitStatus("multi-pack-index", "expire");
              repository.gitStatus("multi-pack-index", "repack", "--batch-size=0");
              storm.count("cycles", 1);
            },
            List.of());
    System.out.printf("git: %s%n%s%n", storm.done(), losses);
    assertThat(losses).isNotEmpty();
  }

  @Test
  void underRepackdNoReadFails() throws Exception {
    rage(SHORT, storm(), List.of());
  }

  @Tag("exhaustive")
  @Test
  void underRepackdNoReadFailsForLong() throws Exception {
    rage(LONG, storm(), List.of());
  }

  @Test
  void besideGitsMaintenanceNoReadFails() throws Exception {
    Storm storm = storm();
    rage(SHORT, storm, List.of(git(storm)));
  }

  @Tag("exhaustive")
  @Test
  void besideGitsMaintenanceNoReadFailsForLong() throws Exception {
    Storm storm = storm();
    rage(LONG, storm, List.of(git(storm)));
  }

  private Maintenance git(Storm storm) {
    Random random = new Random(seed);
    return () -> {
      Thread.sleep(random.nextInt(3000));
      boolean all = random.nextBoolean();
      Optional<String> failure =
          all
              ? storm.repository().gitFailure("gc", "-q")
              : storm
                  .repository()
                  .gitFailure("repack", "-d", "-q", "--geometric=2", "--write-midx");
      String what = all ? "git gc" : "git repack --geometric";
      storm.count(failure.map(said -> what + ", " + said).orElse(what), 1);
    };
  }

  private void rage(Duration time, Storm storm, List<Maintenance> others) throws Exception {
    Files.writeString(
        temporary.resolve("repackd.conf"),
        """
        repositories = [ "%s" ]
        state-directory = state
        aggregate { min-packs = 2, min-loose = 1, min-age = 0s }
        expire.min-age = 0s
        repack { min-age = 0s, batch-size = 0 }
        safety.disk-reserve = 0
        """
            .formatted(storm.repository().path()));
    Path errors = temporary.resolve("errors");
    Process cycles =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                BackToBack.class.getName(),
                temporary.toString())
            .redirectError(errors.toFile())
            .start();
    storm.count(Storm.PACKS_DELETED, 0); // also before the first cycle has ended
    try (Writer next = cycles.outputWriter();
        BufferedReader outcomes = cycles.inputReader()) {
      List<String> losses = storm.rage(time, () -> cycle(storm, next, outcomes), others);
      System.out.printf("repackd: %s%n", storm.done());
      assertThat(losses).as(Files.readString(errors)).isEmpty();
    } finally {
      cycles.destroyForcibly().waitFor();
    }
    if (others.isEmpty()) {
      assertThat(storm.done().getOrDefault(Storm.PACKS_DELETED, 0L)).isPositive();
    }
    storm.repository().assertHealthy();
  }

  private static void cycle(Storm storm, Writer next, BufferedReader outcomes) throws Exception {
    next.write("\n");
    next.flush();
    String[] outcome = outcomes.readLine().split(" ", 6);
    storm.count("cycles %s %s".formatted(outcome[0], outcome[1]), 1);
    storm.count("packs written", Long.parseLong(outcome[2]));
    storm.count(Storm.PACKS_DELETED, Long.parseLong(outcome[3]));
    storm.count(Storm.LOOSE_OBJECTS_DELETED, Long.parseLong(outcome[4]));
    if (List.of("FAILED", "DEGRADED").contains(outcome[0])) {
      storm.lose("cycle: " + String.join(" ", outcome));
    }
  }
}
