package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.Umask;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MaintenanceCycleTest {
  private static final Request NOW = new Request(true);

  private final Random random = new Random(20261120);

  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.bare(
        directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  private GitRepository repository() {
    return repository(HashAlgorithm.SHA1);
  }

  private static MaintenanceSettings settings(BatchSize batchSize) {
    return new MaintenanceSettings(
        true,
        new Schedule.Every(Duration.ofHours(1)),
        Duration.ZERO,
        new MultiPackIndexSettings(true),
        TestRegistrations.aggregate(false, Duration.ofMinutes(1)),
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, batchSize, Duration.ofSeconds(5)),
        new SafetySettings(false, 0));
  }

  private CycleOutcome run(GitRepository repository, Request request, Instant now)
      throws IOException {
    return run(repository, request, now, new BatchSize.Auto());
  }

  private CycleOutcome run(
      GitRepository repository, Request request, Instant now, BatchSize batchSize)
      throws IOException {
    return run(repository, request, now, batchSize, new CycleListener() {});
  }

  private CycleOutcome run(
      GitRepository repository,
      Request request,
      Instant now,
      BatchSize batchSize,
      CycleListener listener)
      throws IOException {
    return new MaintenanceCycle(Clock.fixed(now, ZoneOffset.UTC), directory.resolve("state"))
        .run(
            new Registration(
                "r", RepositoryDiscovery.locate(repository.path()), settings(batchSize)),
            request,
            new Cancellation(),
            listener);
  }

  /** A cycle in which somebody does something after each of the first writes of the index. */
  private CycleOutcome runWithIntruder(GitRepository repository, int writes, Runnable intruder)
      throws IOException {
    AtomicInteger left = new AtomicInteger(writes);
    return run(
        repository,
        Request.SCHEDULED,
        Instant.now(),
        new BatchSize.Auto(),
        new CycleListener() {
          @Override
          public void stepFinished(Registration registration, StepOutcome outcome) {
            if (outcome.step() == Step.WRITE && left.getAndDecrement() > 0) {
              intruder.run();
            }
          }
        });
  }

  /** Makes one object begin elsewhere. */
  private static void damage(Path index) {
    try {
      byte[] bytes = Files.readAllBytes(index);
      bytes[bytes.length - 100] ^= 1;
      Files.write(index, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> stepsOf(CycleOutcome outcome) {
    return outcome.steps().stream().map(step -> step.step().label()).toList();
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void twoCyclesLeaveOnePackAndTheIndexAndEveryObject(HashAlgorithm hash) throws Exception {
    GitRepository repository = repository(hash).fetches(12, random);
    String reachable = repository.reachable();

    CycleOutcome first = run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(first.result()).as(first.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(first))
        .containsExactly("recover", "write", "verify", "repack", "write", "verify");
    assertThat(first.work().packsWritten()).isEqualTo(1);
    assertThat(repository.packFiles()).hasSize(13);
    repository.assertHealthy();

    CycleOutcome second = run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(second.result()).as(second.detail()).isEqualTo(Result.OK);
    assertThat(second.work().packsDeleted()).isEqualTo(12);
    assertThat(repository.packFiles()).hasSize(1);
    repository.assertHealthy();
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.git(
        "index-pack",
        "--strict",
        "-o",
        directory.resolve("check.idx").toString(),
        repository.packFiles().getFirst().toString());
    assertThat(directory.resolve("check.idx"))
        .hasSameBinaryContentAs(repository.files(".idx").getFirst());
  }

  /** Whoever could read the packs may read the new one, so they can go. */
  @Test
  void packsThatWereRepackedGoAlsoIfOurUmaskIsTight() throws Exception {
    GitRepository repository = repository().fetches(4, random);
    try (Umask _ = Umask.of(0077)) {
      run(repository, NOW, Instant.now(), new BatchSize.Everything());
      CycleOutcome second = run(repository, NOW, Instant.now(), new BatchSize.Everything());
      assertThat(second.work().packsDeleted()).isEqualTo(4);
    }
    assertThat(repository.packFiles())
        .singleElement()
        .satisfies(pack ->
            assertThat(Files.getPosixFilePermissions(pack))
                .isEqualTo(PosixFilePermissions.fromString("r--r--r--")));
    repository.assertHealthy();
  }

  @Test
  void theReplacedPacksStayUntilTheirWindowHasPassed() throws Exception {
    GitRepository repository = repository().fetches(4, random);
    Instant start = Instant.now().plusSeconds(60);
    run(repository, Request.SCHEDULED, start, new BatchSize.Everything());
    assertThat(repository.packFiles()).hasSize(5);

    run(repository, Request.SCHEDULED, start.plus(Duration.ofMinutes(59)));
    assertThat(repository.packFiles()).hasSize(5);

    CycleOutcome third = run(repository, Request.SCHEDULED, start.plus(Duration.ofMinutes(61)));
    assertThat(third.work().packsDeleted()).isEqualTo(4);
    assertThat(repository.packFiles()).hasSize(1);
    repository.assertHealthy();
  }

  @Test
  void theLargestPackStaysByItself() throws Exception {
    GitRepository repository = repository().fetch(200, random).fetches(10, random);
    Path largest = repository.packFiles().getFirst();
    for (Path pack : repository.packFiles()) {
      largest = Files.size(pack) > Files.size(largest) ? pack : largest;
    }
    run(repository, NOW, Instant.now());
    run(repository, NOW, Instant.now());
    assertThat(repository.packFiles()).hasSize(2).contains(largest);
    repository.assertHealthy();
    CycleOutcome idle = run(repository, NOW, Instant.now());
    assertThat(stepsOf(idle)).containsExactly("recover", "write", "verify");
  }

  @Test
  void aLockOfSomebodyElseMeansSkipped() throws Exception {
    GitRepository repository = repository().fetches(2, random);
    Path lock = Files.createFile(repository.objects().resolve("maintenance.lock"));
    CycleOutcome outcome = run(repository, NOW, Instant.now());
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.reason()).isEqualTo("locked");
    assertThat(outcome.detail()).contains(lock.toString());
    assertThat(lock).exists();
    assertThat(repository.index()).doesNotExist();
  }

  @Test
  void aKeptPackIsNeitherRepackedNorDeleted() throws Exception {
    GitRepository repository = repository().fetches(5, random);
    Path kept = repository.packFiles().getFirst();
    Files.writeString(Path.of(kept.toString().replace(".pack", ".keep")), "mine");
    run(repository, NOW, Instant.now(), new BatchSize.Everything());
    run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(repository.packFiles()).hasSize(2).contains(kept);
    repository.assertHealthy();
  }

  @Test
  void promisorPacksArePutTogetherAmongThemselves() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    for (Path pack : repository.packFiles().subList(0, 3)) {
      Files.createFile(Path.of(pack.toString().replace(".pack", ".promisor")));
    }
    run(repository, NOW, Instant.now(), new BatchSize.Everything());
    run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(repository.packFiles()).hasSize(2);
    assertThat(repository.files(".promisor")).hasSize(1);
    repository.git("multi-pack-index", "verify");
  }

  @Test
  void aPackOfAnotherPromisorClassDoesNotCoverAnObject() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    Path ordinary = repository.packFiles().getFirst();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    repository.gitWithInput(
        all,
        "-c",
        "pack.compression=1",
        "pack-objects",
        "-q",
        "--window=0",
        "--no-reuse-object",
        repository.packs().resolve("pack").toString());
    Path promisor =
        repository.packFiles().stream().filter(p -> !p.equals(ordinary)).findFirst().orElseThrow();
    Files.createFile(Path.of(promisor.toString().replace(".pack", ".promisor")));
    GitRepository.setModified(ordinary, Instant.ofEpochSecond(1_600_000_000));
    for (int i = 0; i < 3; i++) {
      CycleOutcome outcome = run(repository, NOW, Instant.now());
      assertThat(outcome.result()).isEqualTo(Result.OK);
    }
    assertThat(ordinary).exists();
    assertThat(promisor).exists();
  }

  @Test
  void aDamagedEntryEndsTheCycleAndDeletesNothing() throws Exception {
    GitRepository repository = repository().fetches(4, random);
    Path damaged = repository.packFiles().get(1);
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(
        damaged, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(damaged, bytes);
    CycleOutcome outcome = run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).contains(damaged.toString());
    assertThat(repository.packFiles()).hasSize(4);
    assertThat(repository.files("").stream().filter(f -> f.toString().contains("tmp_"))).isEmpty();
  }

  @Test
  void aDamagedIndexIsWrittenAnew() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    run(repository, Request.SCHEDULED, Instant.now());
    damage(repository.index());
    CycleOutcome outcome = run(repository, Request.SCHEDULED, Instant.now());
    assertThat(outcome.result()).isEqualTo(Result.FAILED);
    assertThat(outcome.reason()).isEqualTo("index-wrong");
    repository.assertHealthy();
    assertThat(run(repository, Request.SCHEDULED, Instant.now()).result()).isEqualTo(Result.OK);
  }

  @Test
  void aPackWithAnIndexOfVersionOneIsListed() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    repository.git("repack", "-q", "-a", "-d", "--keep-unreachable");
    String reachable = repository.reachable();
    Files.delete(repository.files(".idx").getFirst());
    repository.git("index-pack", "--index-version=1", repository.packFiles().getFirst().toString());
    CycleOutcome outcome = run(repository, Request.SCHEDULED, Instant.now());
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    repository.assertHealthy();
    assertThat(repository.reachable()).isEqualTo(reachable);
  }

  @Test
  void anIndexThatIsWrongAlsoWhenItWasWrittenAnewIsToldAsWrong() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    CycleOutcome outcome = runWithIntruder(repository, 2, () -> damage(repository.index()));
    assertThat(stepsOf(outcome)).containsExactly("recover", "write", "verify", "write", "verify");
    assertThat(outcome.result()).isEqualTo(Result.FAILED);
    assertThat(outcome.reason()).isEqualTo("index-wrong");
    assertThat(outcome.detail()).contains(repository.index().toString());
  }

  @Test
  void anIndexThatIsWrongAndNamesMissingPacksIsWrittenAnew() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> old = repository.packFiles();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    repository.gitWithInput(
        all, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    CycleOutcome outcome =
        runWithIntruder(
            repository,
            1,
            () -> {
              old.forEach(GitRepository::remove);
              damage(repository.index());
            });
    assertThat(outcome.result()).isEqualTo(Result.FAILED);
    assertThat(outcome.reason()).isEqualTo("index-wrong");
    assertThat(outcome.detail()).contains("written anew");
    repository.assertHealthy();
  }

  @Test
  void anIndexThatNamesMissingPacksIsMended() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    run(repository, Request.SCHEDULED, Instant.now());
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    List<Path> old = repository.packFiles();
    repository.gitWithInput(
        all, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    old.forEach(GitRepository::remove);
    assertThat(run(repository, Request.SCHEDULED, Instant.now()).result()).isEqualTo(Result.OK);
    repository.assertHealthy();
  }

  @Test
  void packsThatWereToBeDeletedWhenTheMachineStoppedGetNothingBack() throws Exception {
    GitRepository repository = repository().fetches(4, random);
    List<Path> old = repository.packFiles();
    Instant start = Instant.now().plusSeconds(60);
    run(repository, Request.SCHEDULED, start, new BatchSize.Everything());
    List<Path> all = new ArrayList<>(repository.packFiles());
    all.removeAll(old);
    // The index without them was installed, and then nothing more was done.
    repository.gitWithInput(
        String.valueOf(all.getFirst().getFileName()).replace(".pack", ".idx") + "\n",
        "multi-pack-index",
        "write",
        "--stdin-packs");
    CycleOutcome next =
        run(
            repository,
            Request.SCHEDULED,
            start.plus(Duration.ofMinutes(61)),
            new BatchSize.Everything());
    assertThat(next.result()).as(next.detail()).isEqualTo(Result.OK);
    assertThat(next.work().packsWritten()).isZero();
    assertThat(repository.packFiles()).isEqualTo(all);
    repository.assertHealthy();
  }

  @Test
  void aPackWhoseIndexWasNotPublishedBeforeACrashIsPublishedAgain() throws Exception {
    GitRepository repository = repository().fetches(4, random).distinctTimes();
    List<Path> old = repository.packFiles();
    run(repository, NOW, Instant.now(), new BatchSize.Everything());
    Path written =
        repository.packFiles().stream().filter(p -> !old.contains(p)).findFirst().orElseThrow();
    Path index = Path.of(written.toString().replace(".pack", ".idx"));
    Files.delete(index);
    Files.delete(repository.index());
    CycleOutcome again = run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(again.result()).as(again.detail()).isEqualTo(Result.OK);
    assertThat(again.work().packsWritten()).isEqualTo(1);
    assertThat(index).exists();
    repository.assertHealthy();
  }

  @Test
  void aFileThatOnlyHasANameLikeThatOfTheIndexIsLeftAlone() throws Exception {
    GitRepository repository = repository().fetches(2, random);
    Path mine = Files.writeString(repository.packs().resolve("multi-pack-index-of-mine"), "mine");
    assertThat(run(repository, NOW, Instant.now()).result()).isEqualTo(Result.OK);
    assertThat(mine).hasContent("mine");
  }

  @Test
  void aRepositoryWithNothingButAnEmptyPackIsFine() throws Exception {
    GitRepository repository = repository();
    repository.gitWithInput(
        "", "pack-objects", "-q", repository.packs().resolve("pack").toString());
    for (int i = 0; i < 2; i++) {
      CycleOutcome outcome = run(repository, NOW, Instant.now());
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    }
    assertThat(repository.packFiles()).hasSize(1);
  }

  @Test
  void aDryRunSaysWhatTheCycleWillDoAndChangesNothing() throws Exception {
    GitRepository repository = repository().fetches(5, random);
    List<Path> before = repository.files("");
    DryRun plan =
        new MaintenanceCycle(Clock.systemUTC(), directory.resolve("state"))
            .dryRun(
                new Registration(
                    "r",
                    RepositoryDiscovery.locate(repository.path()),
                    settings(new BatchSize.Everything())),
                NOW,
                new Cancellation());
    assertThat(plan.obstacle()).isEmpty();
    assertThat(plan.plan().batches())
        .singleElement()
        .satisfies(b -> assertThat(b.packs()).hasSize(5));
    assertThat(repository.files("")).isEqualTo(before);
    CycleOutcome outcome = run(repository, NOW, Instant.now(), new BatchSize.Everything());
    assertThat(outcome.work().objectsPacked())
        .isEqualTo(plan.plan().batches().getFirst().objects());
  }
}
