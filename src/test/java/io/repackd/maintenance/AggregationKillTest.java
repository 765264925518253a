package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.KilledProgram;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a real aggregation before each of its changes to a directory, from the publication of the bundle to the last unlinking. */
class AggregationKillTest {
  private static final int PACKS = 3;

  /** Each pack is hidden and unlinked file by file. */
  private static final int FEWEST_CHANGES = 4 + 4 * PACKS;

  @TempDir Path temporary;

  @Test
  void whateverAKilledRoundLeavesNothingIsLostAndLaterRoundsFinishIt() throws Exception {
    GitRepository template =
        GitRepository.bare(temporary.resolve("template.git"), "-b", "main")
            .fetches(PACKS, new Random(20261121));
    String objects = objects(template);
    int change = 1;
    while (true) {
      GitRepository repository = template.copyTo(temporary.resolve("r%d.git".formatted(change)));
      KilledProgram program =
          new KilledProgram(
              List.of(AggregationProgram.class.getName(), repository.path().toString()),
              Map.of(),
              PackPublication.class.getName());
      if (!program.run(change)) {
        assertThat(repository.packFiles()).hasSize(1);
        break;
      }
      String when = "killed before change %d".formatted(change);
      assertSound(repository, objects, when);
      AggregationProgram.twoRounds(repository);
      assertSound(repository, objects, when);
      cycle(repository);
      AggregationProgram.twoRounds(repository);
      assertSound(repository, objects, when);
      assertThat(names(repository)).as(when).noneMatch(name -> name.startsWith("tmp_"));
      assertThat(repository.objects().resolve("aggregate.lock")).doesNotExist();
      change++;
    }
    assertThat(change).isGreaterThan(FEWEST_CHANGES);
  }

  private void cycle(GitRepository repository) throws Exception {
    new MaintenanceCycle(Clock.systemUTC(), Files.createDirectories(temporary.resolve("state")))
        .run(
            new Registration(
                "r",
                RepositoryDiscovery.locate(repository.path()),
                TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO)),
            new Request(true),
            new Cancellation(),
            new CycleListener() {});
  }

  private static String objects(GitRepository repository) {
    return repository.git("cat-file", "--batch-all-objects", "--batch-check");
  }

  private static void assertSound(GitRepository repository, String objects, String when) {
    assertThat(repository.gitStatus("fsck", "--full", "--strict")).as(when).isZero();
    assertThat(objects(repository)).as(when).isEqualTo(objects);
  }

  private static List<String> names(GitRepository repository) {
    return repository.files("").stream().map(file -> file.getFileName().toString()).toList();
  }
}
