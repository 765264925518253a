package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.platform.Throttle;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class PacedCycleTest {
  @TempDir Path directory;

  private final CountDownLatch waiting = new CountDownLatch(1);
  private volatile Optional<Throttle> condition = Optional.empty();
  private volatile int looksUntilPause;

  private final Pacer pacer = new Pacer(this::look);
  private final Cancellation cancellation = new Cancellation(pacer);

  private synchronized Optional<Throttle> look() {
    if (looksUntilPause > 0 && --looksUntilPause == 0) {
      condition = Optional.of(Throttle.PAUSE);
      waiting.countDown();
    }
    return condition;
  }

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "-b", "main")
        .fetches(4, new Random(20261121));
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
  void noCycleBeginsInAPause() {
    condition = Optional.of(Throttle.PAUSE);
    GitRepository repository = repository();
    CycleOutcome outcome = run(repository);
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.reason()).isEqualTo("pause");
    assertThat(outcome.detail()).isEqualTo("paused");
    assertThat(repository.index()).doesNotExist();
  }

  @Test
  void aCycleThatIsUnderWayWaitsAndGoesOn() throws Exception {
    GitRepository repository = repository();
    looksUntilPause = 2; // the first is before the cycle begins
    CompletableFuture<CycleOutcome> cycle = begin(repository);
    waiting.await();
    assertThat(cycle).isNotDone();
    assertThat(repository.packs().resolve("multi-pack-index.lock")).doesNotExist();
    repository.git("multi-pack-index", "write"); // nothing that git needs is held
    condition = Optional.empty();
    assertThat(cycle.get(1, TimeUnit.MINUTES).result()).isEqualTo(Result.OK);
    assertThat(pacer.lost(Throttle.PAUSE)).isPositive();
    repository.assertHealthy();
  }

  @Test
  void aCycleThatWaitsCanBeEnded() throws Exception {
    GitRepository repository = repository();
    looksUntilPause = 2;
    CompletableFuture<CycleOutcome> cycle = begin(repository);
    waiting.await();
    cancellation.request();
    assertThat(cycle.get(1, TimeUnit.MINUTES).result()).isEqualTo(Result.CANCELLED);
    assertThat(repository.objects().resolve("maintenance.lock")).doesNotExist();
    repository.assertHealthy();
  }

  private CompletableFuture<CycleOutcome> begin(GitRepository repository) {
    return CompletableFuture.supplyAsync(
        () -> run(repository), command -> new Thread(command).start());
  }
}
