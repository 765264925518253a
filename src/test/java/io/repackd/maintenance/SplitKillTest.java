package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.KilledProgram;
import io.repackd.LargeHistory;
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
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a cycle whose batch becomes several packs before each of its changes to a directory, from the publication on. */
class SplitKillTest {
  /** Each part has a keep, which is linked, a pack, a reverse index and an index. */
  private static final int FEWEST_CHANGES = 2 * 4;

  /** Fewer than are bundled, and more than fit a new pack. */
  private static final int PACKS = 5;

  private static final long MEBIBYTE = 1 << 20;

  @TempDir Path temporary;

  @Test
  void aKillBetweenPartsLosesNothingAndLeavesNothing() throws Exception {
    killBeforeEach(4);
  }

  @Test
  @Tag("exhaustive")
  void aKillAnywhereLosesNothingAndLeavesNothing() throws Exception {
    killBeforeEach(1);
  }

  /** Kills a cycle before its first change, and then once for each so many changes. */
  private void killBeforeEach(int step) throws Exception {
    GitRepository template = GitRepository.bare(temporary.resolve("template.git"), "-b", "main");
    template.git("config", "pack.packSizeLimit", "1m");
    template.git("config", "pack.window", "0"); // what is searched is no matter here
    new LargeHistory(template, new Random(20261121)).arrivals(PACKS);
    String objects = objects(template);
    Set<Integer> visible = new TreeSet<>();
    int change = 1;
    while (true) {
      GitRepository repository = template.copyTo(temporary.resolve("r%d.git".formatted(change)));
      boolean killed = cycle(repository).run(change);
      visible.add(repository.files(".idx").size() - PACKS);
      if (!killed) {
        break;
      }
      String when = "killed before change %d".formatted(change);
      assertSound(repository, objects, when);
      for (int i = 0; i < 2; i++) {
        recover(repository, when);
        assertSound(repository, objects, when);
      }
      assertThat(repository.files("").stream().map(file -> file.getFileName().toString()))
          .as(when)
          .noneMatch(name -> name.startsWith("tmp_") || name.endsWith(".keep"));
      assertThat(repository.packFiles())
          .as(when)
          .allSatisfy(pack -> assertThat(Files.size(pack)).isLessThanOrEqualTo(MEBIBYTE));
      assertThat(repository.packFiles().size()).as(when).isLessThan(PACKS);
      change += step;
    }
    assertThat(change).isGreaterThan(FEWEST_CHANGES);
    assertThat(visible).as("parts that were visible").contains(0, 1, 2);
  }

  private KilledProgram cycle(GitRepository repository) throws Exception {
    Path state = Files.createDirectories(temporary.resolve("state"));
    return new KilledProgram(
        List.of(
            "io.repackd.cli.Repackd",
            "once",
            "--now",
            "--repository",
            repository.path().toString()),
        Map.of("STATE_DIRECTORY", state.toString()),
        PackPublication.class.getName());
  }

  private void recover(GitRepository repository, String when) throws Exception {
    CycleOutcome next =
        new MaintenanceCycle(Clock.systemUTC(), temporary.resolve("state"))
            .run(
                new Registration(
                    "r",
                    RepositoryDiscovery.locate(repository.path()),
                    TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO)),
                new Request(true),
                new Cancellation(),
                new CycleListener() {});
    assertThat(next.result()).as(when + ": " + next.detail()).isEqualTo(Result.OK);
  }

  private static String objects(GitRepository repository) {
    return repository.git("cat-file", "--batch-all-objects", "--batch-check");
  }

  private static void assertSound(GitRepository repository, String objects, String when) {
    assertThat(repository.gitStatus("fsck", "--full", "--strict")).as(when).isZero();
    assertThat(objects(repository)).as(when).isEqualTo(objects);
  }
}
