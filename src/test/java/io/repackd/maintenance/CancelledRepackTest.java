package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class CancelledRepackTest {
  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private final Cancellation cancellation = new Cancellation();

  /** Files of which each is compared with all others: that takes many seconds. */
  private GitRepository repository() {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.git("config", "pack.window", "10000");
    String common = Long.toHexString(random.nextLong()).repeat(100);
    for (int pack = 0; pack < 3; pack++) {
      StringBuilder stream = new StringBuilder("commit refs/heads/b" + pack);
      stream.append("\ncommitter C <c@example.org> 1700000000 +0000\ndata 0\n");
      for (int file = 0; file < 2000; file++) {
        StringBuilder content = new StringBuilder(common);
        for (int i = 0; i < 150; i++) {
          content.append(Long.toHexString(random.nextLong()));
        }
        stream.append("M 100644 inline p").append(pack).append("/f").append(file);
        stream.append("\ndata ").append(content.length()).append('\n').append(content);
        stream.append('\n');
      }
      repository.gitWithInput(
          stream.toString(),
          "-c",
          "fastimport.unpackLimit=1",
          "fast-import",
          "--quiet",
          "--depth=0");
    }
    return repository;
  }

  private CycleOutcome run(GitRepository repository) {
    try {
      Registration registration =
          new Registration(
              "r",
              RepositoryDiscovery.locate(repository.path()),
              TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO));
      return new MaintenanceCycle(Clock.systemUTC(), directory.resolve("state"))
          .run(registration, new Request(true), cancellation, new CycleListener() {});
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aSearchThatIsToEndLeavesNothing() throws Exception {
    GitRepository repository = repository();
    List<Path> packs = repository.packFiles();
    CompletableFuture<CycleOutcome> cycle =
        CompletableFuture.supplyAsync(
            () -> run(repository), command -> new Thread(command).start());
    while (!searching()) {
      assertThat(cycle).isNotDone();
      Thread.onSpinWait();
    }
    assertThat(repository.files("")).anyMatch(file -> file.toString().contains("tmp_deltas_"));
    cancellation.request();
    assertThat(cycle.get().result()).isEqualTo(Result.CANCELLED);
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertThat(repository.files("")).noneMatch(file -> file.toString().contains("tmp_"));
    assertThat(repository.files(".keep")).isEmpty();
    assertThat(repository.files(".lock")).isEmpty();
    assertThat(Files.exists(repository.objects().resolve("maintenance.lock"))).isFalse();
    repository.assertHealthy();
  }

  private boolean searching() {
    return cancellation
        .progress()
        .look()
        .filter(seen -> seen.what().equals("searching deltas") && seen.objects() > 0)
        .isPresent();
  }
}
