package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.KilledProgram;
import io.repackd.TestRegistrations;
import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a real cycle before each of its changes to a directory, from the publication of the new pack on. */
class TemporaryKeepKillTest {
  private static final int FEWEST_CHANGES = 10;

  @TempDir Path temporary;

  @Test
  void whateverAKilledCycleLeavesTheNextOneRemovesItsKeepAndNobodyElses() throws Exception {
    GitRepository template =
        GitRepository.bare(temporary.resolve("template.git"), "-b", "main")
            .fetches(4, new Random(20261121));
    // One of a push that is dead, which is for git to find out, and one that a person made.
    Files.writeString(keep(template, 0), "receive-pack 123 on host");
    GitRepository.setModified(keep(template, 0), Instant.now().minus(Duration.ofHours(2)));
    Files.writeString(keep(template, 1), "");
    String reachable = template.reachable();
    int keepsLeft = 0;
    int change = 1;
    while (true) {
      GitRepository repository = template.copyTo(temporary.resolve("r%d.git".formatted(change)));
      if (!cycle(repository).run(change)) {
        break;
      }
      String when = "killed before change %d".formatted(change);
      keepsLeft += ours(repository).isEmpty() ? 0 : 1;
      assertKeptUntilListed(repository, template, when);
      assertSound(repository, reachable, when);
      recoverAndAssert(repository, reachable, when);
      change++;
    }
    assertThat(change).isGreaterThan(FEWEST_CHANGES);
    assertThat(keepsLeft).isPositive();
  }

  /** No instant at which the new pack is there, listed by no index, and not kept. */
  private static void assertKeptUntilListed(
      GitRepository repository, GitRepository before, String when) throws IOException {
    List<String> old = names(before);
    for (String name : names(repository)) {
      if (name.endsWith(".pack") && !old.contains(name)) {
        boolean kept = names(repository).contains(name.replace(".pack", ".keep"));
        boolean listed =
            Files.exists(repository.index())
                && Files.readString(repository.index(), StandardCharsets.ISO_8859_1)
                    .contains(name.replace(".pack", ".idx"));
        assertThat(kept || listed).as(when).isTrue();
      }
    }
  }

  private void recoverAndAssert(GitRepository repository, String reachable, String when)
      throws Exception {
    boolean left = !ours(repository).isEmpty();
    MaintenanceSettings settings =
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO);
    CycleOutcome next =
        new MaintenanceCycle(Clock.systemUTC(), temporary.resolve("state"))
            .run(
                new Registration("r", RepositoryDiscovery.locate(repository.path()), settings),
                new Request(true),
                new Cancellation(),
                new CycleListener() {});
    assertThat(next.result()).as(when + ": " + next.detail()).isEqualTo(Result.OK);
    assertThat(next.work().temporaryKeepsRemoved()).as(when).isEqualTo(left ? 1 : 0);
    assertThat(ours(repository)).as(when).isEmpty();
    assertThat(keep(repository, 0)).hasContent("receive-pack 123 on host");
    assertThat(keep(repository, 1)).isEmptyFile();
    assertThat(names(repository)).as(when).noneMatch(name -> name.startsWith("tmp_"));
    assertSound(repository, reachable, when);
  }

  private static void assertSound(GitRepository repository, String reachable, String when) {
    assertThat(repository.gitStatus("fsck", "--full", "--strict")).as(when).isZero();
    assertThat(repository.reachable()).as(when).isEqualTo(reachable);
  }

  private KilledProgram cycle(GitRepository repository) throws IOException {
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

  private static List<String> names(GitRepository repository) {
    return repository.files("").stream().map(file -> file.getFileName().toString()).toList();
  }

  private static List<Path> ours(GitRepository repository) {
    return repository.files(".keep").stream()
        .filter(keep -> {
          try {
            return Files.readString(keep).startsWith("repackd ");
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        })
        .toList();
  }

  private Path keep(GitRepository repository, int pack) {
    Path data = GitRepository.at(temporary.resolve("template.git")).packFiles().get(pack);
    return repository.packs().resolve(data.getFileName().toString().replace(".pack", ".keep"));
  }
}
