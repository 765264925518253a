package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.KilledProgram;
import io.repackd.LooseFiles;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a real command before each of its changes to a directory, while it packs some loose objects and drops others. */
class LooseKillTest {
  private static final int FEWEST_CHANGES = 10;

  @TempDir Path temporary;

  @Test
  void whateverAKilledCommandLeavesEveryObjectIsThereAndTheNextOneEndsIt() throws Exception {
    GitRepository repository = GitRepository.withWorktree(temporary.resolve("r"), "-b", "main");
    int change = 1;
    int hidden = 0;
    while (true) {
      // Some that are packed and loose, and some that are only loose.
      commit(repository, "a%d".formatted(change));
      repository.gitWithInput(
          String.join("\n", LooseFiles.ids(repository)) + "\n",
          "pack-objects",
          "-q",
          repository.packs().resolve("pack").toString());
      commit(repository, "b%d".formatted(change));
      String reachable = repository.reachable();
      if (!command(repository).run(change)) {
        break;
      }
      String when = "killed before change %d".formatted(change);
      hidden += hidden(repository) > 0 ? 1 : 0;
      assertSound(repository, reachable, when);
      for (int round = 0; round < 2; round++) {
        StepOutcome next =
            new RequestedLooseObjects(
                    ObjectDirectory.open(RepositoryDiscovery.locate(repository.path())),
                    Clock.systemUTC(),
                    new Cancellation(),
                    new RequestListener() {
                      @Override
                      public void warn(String line) {
                        throw new AssertionError(line);
                      }

                      @Override
                      public void begin(String step) {}
                    })
                .run(Integer.MAX_VALUE, true);
        assertThat(next.result()).as(when + ": " + next.detail()).isEqualTo(Result.OK);
        assertSound(repository, reachable, when);
      }
      assertThat(LooseFiles.ids(repository)).as(when).isEmpty();
      assertThat(hidden(repository)).as(when).isZero();
      change++;
    }
    assertThat(change).isGreaterThan(FEWEST_CHANGES);
    assertThat(hidden).isPositive();
  }

  private static void commit(GitRepository repository, String text) throws Exception {
    Files.writeString(repository.path().resolve("file"), text);
    repository.git("add", ".");
    repository.git("commit", "-q", "-m", text);
  }

  private static long hidden(GitRepository repository) throws Exception {
    try (var files = Files.walk(repository.objects())) {
      return files.filter(file -> file.getFileName().toString().startsWith("tmp_hidden_")).count();
    }
  }

  private static void assertSound(GitRepository repository, String reachable, String when) {
    assertThat(repository.gitStatus("fsck", "--full", "--strict")).as(when).isZero();
    assertThat(repository.reachable()).as(when).isEqualTo(reachable);
  }

  private static KilledProgram command(GitRepository repository) {
    return new KilledProgram(
        List.of(
            "io.repackd.cli.Repackd",
            "loose-objects",
            "--now",
            "--object-dir=" + repository.objects()),
        Map.of(),
        LooseRound.class.getName());
  }
}
