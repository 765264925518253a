package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AggregateInCycleTest {
  private final Random random = new Random(41);

  // Late enough for all packs to be old enough to be bundled.
  private final Clock clock =
      Clock.fixed(Instant.now().plus(Duration.ofMinutes(10)), ZoneOffset.UTC);

  @TempDir Path directory;

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "-b", "main");
  }

  private static Registration registration(GitRepository repository) throws IOException {
    return registration(repository, Duration.ZERO);
  }

  private static Registration registration(GitRepository repository, Duration repackMinAge)
      throws IOException {
    return registration(repository, repackMinAge, 1_000_000);
  }

  private static Registration registration(
      GitRepository repository, Duration repackMinAge, int minLoose) throws IOException {
    AggregateSettings small =
        new AggregateSettings(
            true,
            Duration.ofMinutes(5),
            3,
            minLoose,
            Duration.ofMinutes(1),
            1000,
            50_000,
            2_000_000,
            512L << 20,
            false);
    return new Registration(
        "r",
        RepositoryDiscovery.locate(repository.path()),
        TestRegistrations.settings(
            small,
            new ExpireSettings(true, Duration.ofHours(1)),
            new RepackSettings(true, new BatchSize.Everything(), repackMinAge)));
  }

  private CycleOutcome cycle(GitRepository repository, CycleListener listener) throws IOException {
    return cycle(registration(repository), Request.SCHEDULED, listener);
  }

  private CycleOutcome cycle(Registration registration, Request request, CycleListener listener) {
    return new MaintenanceCycle(clock, directory.resolve("state"))
        .run(registration, request, new Cancellation(), listener);
  }

  private DryRun dryRun(Registration registration) throws IOException {
    return new MaintenanceCycle(clock, directory.resolve("state"))
        .dryRun(registration, Request.SCHEDULED, new Cancellation());
  }

  private static List<String> stepsOf(CycleOutcome outcome) {
    return outcome.steps().stream().map(step -> step.step().label()).toList();
  }

  @Test
  void smallPacksThatTheRepackWouldNotTakeAreBundledBeforeTheIndexIsWritten() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    CycleOutcome cycle =
        cycle(
            registration(repository, Duration.ofHours(1)),
            Request.SCHEDULED,
            new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(cycle)).startsWith("recover", "aggregate", "write", "verify", "repack");
    assertThat(cycle.steps().get(1).detail()).isEqualTo("6 packs into 1 pack");
    assertThat(cycle.steps().get(2).detail()).isEqualTo("1 packs");
    repository.assertHealthy();
  }

  @Test
  void whatTheRepackTakesIsWrittenOnceAndListedOnce() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    List<Path> before = repository.packFiles();
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(cycle))
        .containsExactly("recover", "aggregate", "write", "repack", "aggregate", "write", "verify");
    assertThat(cycle.steps().get(1).detail())
        .isEqualTo("nothing to bundle; left 6: 6 left to the repack");
    assertThat(cycle.work().packsWritten()).isEqualTo(1);
    assertThat(cycle.after().orElseThrow().indexedPacks()).isEqualTo(1);
    assertThat(repository.files(".supersedes")).hasSize(1);
    assertThat(repository.packFiles()).containsAll(before).hasSize(7);
    repository.assertHealthy();
  }

  @Test
  void whatTheRepackTookGoesAsSoonAsIfItHadBeenBundled() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    String reachable = repository.reachable();
    cycle(repository, new CycleListener() {});
    Aggregation aggregation = new Aggregation(clock);
    AggregateRequest now = new AggregateRequest(true, Optional.empty(), Set.of());
    StepOutcome round = aggregation.run(registration(repository), now, new Cancellation());
    assertThat(round.work().packsDeleted()).as(round.detail()).isEqualTo(6);
    assertThat(repository.packFiles()).hasSize(1);
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
    aggregation.run(registration(repository), now, new Cancellation());
    assertThat(repository.files(".supersedes")).isEmpty();
    CycleOutcome next = cycle(repository, new CycleListener() {});
    assertThat(stepsOf(next)).containsExactly("recover", "aggregate", "write", "verify");
  }

  @Test
  void thePackOfLooseObjectsIsTakenWithTheOthersAndThePlanSaysSo() throws Exception {
    GitRepository repository = repository().fetches(5, random);
    for (int i = 0; i < 12; i++) {
      repository.gitWithInput("loose " + i, "hash-object", "-w", "--stdin");
    }
    Registration registration = registration(repository, Duration.ZERO, 10);
    DryRun plan = dryRun(registration);
    CycleOutcome cycle = cycle(registration, Request.SCHEDULED, new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(cycle.steps().get(1).detail())
        .contains("12 loose objects into 1 pack", "left 6: 6 left to the repack");
    assertThat(cycle.after().orElseThrow().indexedPacks()).isEqualTo(1);
    assertThat(plan.aggregate().plan().bundles()).isEmpty();
    assertThat(plan.aggregate().plan().toRepack())
        .singleElement()
        .satisfies(bundle -> assertThat(bundle.packs()).hasSize(6));
    assertThat(plan.index()).isEqualTo("none before the repack, which takes all packs");
    assertThat(plan.plan().batches())
        .singleElement()
        .satisfies(batch -> assertThat(batch.packs()).hasSize(6));
    repository.assertHealthy();
  }

  /** The index that lists the new pack is the one that lists no more what is deleted. */
  @Test
  void whatExpiresGoesWithTheIndexThatListsWhatTheRepackWrote() throws Exception {
    GitRepository repository = repository().fetches(2, random);
    cycle(repository, new CycleListener() {});
    repository.fetches(1, random);
    CycleOutcome cycle = cycle(registration(repository), new Request(true), new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(cycle))
        .containsExactly(
            "recover",
            "aggregate",
            "write",
            "verify",
            "repack",
            "aggregate",
            "expire",
            "write",
            "verify");
    assertThat(cycle.steps().get(6).work().packsDeleted()).isEqualTo(2);
    assertThat(cycle.steps().get(7).detail()).isEqualTo("3 packs, unchanged");
    assertThat(cycle.after().orElseThrow().unreferencedPacks()).isEqualTo(2);
    repository.assertHealthy();
  }

  /** A cycle puts all packs together, and then an index lists nothing else; returns those which it does not list any more. */
  private List<Path> repackedAndListedNoMore(GitRepository repository) throws Exception {
    repository.git("multi-pack-index", "write");
    List<Path> old = repository.packFiles();
    cycle(repository, new CycleListener() {});
    Path searched =
        repository.packFiles().stream()
            .filter(pack -> !old.contains(pack))
            .findFirst()
            .orElseThrow();
    String owner = searched.getFileName().toString().replace(".pack", ".idx");
    repository.gitWithInput(owner + "\n", "multi-pack-index", "write", "--stdin-packs");
    return old;
  }

  /**
   * An index that does not list them is installed by then. They are hidden, or had just been brought back when the next one was
   * killed, too.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void packsWhoseDeletionWasCutOffAreListedAgainBeforeAllElse(boolean hidden) throws Exception {
    GitRepository repository = repository().fetches(4, random);
    for (Path pack : repackedAndListedNoMore(repository)) {
      String name = pack.getFileName().toString().replace(".pack", "");
      if (hidden) {
        Path index = pack.resolveSibling(name + ".idx");
        Files.move(index, pack.resolveSibling("tmp_hidden_" + name));
      }
    }
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(cycle)).containsExactly("recover", "write", "aggregate", "write", "verify");
    assertThat(cycle.steps().get(1).detail()).isEqualTo("5 packs");
    assertThat(cycle.steps().get(2).detail()).startsWith("nothing to bundle");
    assertThat(cycle.after().orElseThrow().unreferencedPacks()).isEqualTo(4);
    repository.assertHealthy();
  }

  /** The lock is free again when the index is written for the second time. */
  @Test
  void ifTheyCannotBeListedYetAllElseIsDone() throws Exception {
    GitRepository repository = repository().fetches(4, random);
    repackedAndListedNoMore(repository);
    Path lock = Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    CycleOutcome cycle =
        cycle(
            repository,
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome outcome) {
                if (outcome.step() == Step.WRITE) {
                  lock.toFile().delete();
                }
              }
            });
    assertThat(stepsOf(cycle)).startsWith("recover", "write", "aggregate", "write", "verify");
    assertThat(cycle.steps().get(1).result()).isEqualTo(Result.SKIPPED);
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    repository.assertHealthy();
  }

  /** Their deletion was cut off, and whoever holds the lock keeps them from coming back. */
  @Test
  void whatIsSaidOfPacksThatAreHiddenIsKept() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    List<Path> superseded = repository.packFiles();
    cycle(repository, new CycleListener() {});
    for (Path pack : superseded) {
      String name = pack.getFileName().toString().replace(".pack", "");
      Files.move(pack.resolveSibling(name + ".idx"), pack.resolveSibling("tmp_hidden_" + name));
    }
    Path lock = Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    Aggregation aggregation = new Aggregation(clock);
    AggregateRequest now = new AggregateRequest(true, Optional.empty(), Set.of());
    aggregation.run(registration(repository), now, new Cancellation());
    assertThat(repository.files(".supersedes")).hasSize(1);
    Files.delete(lock);
    StepOutcome round = aggregation.run(registration(repository), now, new Cancellation());
    assertThat(round.work().packsDeleted()).as(round.detail()).isEqualTo(6);
    assertThat(repository.packFiles()).hasSize(1);
    repository.assertHealthy();
  }

  /** It is as old as the cycle, and nothing else comes that it could be put together with. */
  @Test
  void whatIsBundledIsSearchedForDeltasInTheSameCycleAndOnlyOnce() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    Registration daemon = registration(repository, Duration.ofHours(1));
    MaintenanceCycle cycles = new MaintenanceCycle(clock, directory.resolve("state"));
    CycleListener nobody = new CycleListener() {};
    CycleOutcome first = cycles.run(daemon, Request.SCHEDULED, new Cancellation(), nobody);
    assertThat(first.steps())
        .anySatisfy(step -> assertThat(step.detail()).isEqualTo("1 ordinary pack into a new one"));
    assertThat(first.after().orElseThrow().unreferencedPacks()).isEqualTo(1);
    CycleOutcome second = cycles.run(daemon, Request.SCHEDULED, new Cancellation(), nobody);
    assertThat(stepsOf(second)).doesNotContain("repack");
    repository.assertHealthy();
  }

  /** Or it would be searched again by each cycle. */
  @Test
  void aMarkGoesWhereTheSearchComesToTheSamePack() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    cycle(repository, new CycleListener() {});
    Path searched =
        repository.packFiles().stream()
            .filter(pack -> !Files.exists(mark(pack)))
            .max(Comparator.comparing(pack -> pack.toFile().lastModified()))
            .orElseThrow();
    for (Path pack : repository.packFiles()) {
      if (!pack.equals(searched)) {
        GitRepository.remove(pack);
        Files.deleteIfExists(mark(pack));
      }
    }
    Files.createFile(mark(searched));
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.steps())
        .anySatisfy(
            step -> assertThat(step.detail()).isEqualTo("what would result is there already"));
    assertThat(mark(searched)).doesNotExist();
    assertThat(stepsOf(cycle(repository, new CycleListener() {}))).doesNotContain("repack");
    repository.assertHealthy();
  }

  private static Path mark(Path pack) {
    return pack.resolveSibling(
        String.valueOf(pack.getFileName()).replaceFirst("pack$", "baddeltas"));
  }

  @Test
  void besideTheRepackRunsALoopWhichIsAStepOfItsOwn() throws Exception {
    GitRepository repository = repository().fetches(2, random);
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(stepsOf(cycle))
        .containsExactly(
            "recover", "aggregate", "write", "verify", "repack", "aggregate", "write", "verify");
    assertThat(cycle.steps().get(5).result()).isEqualTo(Result.OK);
    repository.assertHealthy();
  }

  @Test
  void whereTheIndexIsLeftAlonePacksAreBundledAllTheSame() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    repository.git("config", "core.multiPackIndex", "false");
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.result()).isEqualTo(Result.SKIPPED);
    assertThat(cycle.reason()).isEqualTo("index-disabled");
    assertThat(stepsOf(cycle)).containsExactly("recover", "aggregate");
    assertThat(repository.packFiles()).hasSize(7);
    assertThat(repository.index()).doesNotExist();
    repository.assertHealthy();
  }

  @Test
  void aPackThatCouldNotBeBundledIsLeftOutOfTheIndexAndNothingIsDeletedBesideIt() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    Path damaged = repository.packFiles().getFirst();
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(
        damaged, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(damaged, bytes);
    CycleOutcome cycle = cycle(repository, new CycleListener() {});
    assertThat(cycle.result()).isEqualTo(Result.DEGRADED);
    assertThat(cycle.reason()).isEqualTo("pack-damaged");
    assertThat(cycle.detail()).contains(damaged.toString());
    assertThat(damaged).exists();
    assertThat(repository.files(".baddeltas"))
        .as("what was left to the repack is bundled without it")
        .hasSize(1);
    CycleOutcome next = cycle(repository, new CycleListener() {});
    assertThat(next.reason()).isEqualTo("pack-damaged");
    assertThat(next.after().orElseThrow().indexedPacks()).isEqualTo(1);
    assertThat(damaged).exists();
  }

  /** Fetches come while the loop runs; it bundles them, leaves alone what the repack uses, and ends when it is told. */
  @Test
  void theLoopTakesWhatComesMeanwhileAndNotWhatTheRepackUses() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> used = repository.packFiles();
    repository.fetches(4, random);
    Registration registration = registration(repository);
    Set<String> names =
        Set.copyOf(
            used.stream().map(pack -> pack.getFileName().toString().replace(".pack", "")).toList());
    CountDownLatch rounds = new CountDownLatch(2);
    AggregateLoop loop =
        new AggregateLoop(new Aggregation(clock), registration, Duration.ofHours(1));
    AggregateLoop.Beside beside =
        new AggregateLoop.Beside(
            loop,
            () -> {
              rounds.countDown(); // the second follows at once upon a first that wrote something
              return AggregateRequest.beside(false, names);
            },
            Pacer.NONE);
    try (beside) {
      assertThat(rounds.await(1, TimeUnit.MINUTES)).isTrue();
      StepOutcome outcome = beside.stop();
      assertThat(outcome.work().packsWritten()).as(outcome.detail()).isEqualTo(1);
      assertThat(outcome.detail()).contains("4 packs into 1 pack");
    }
    String marker = Files.readString(repository.files(".baddeltas").getFirst());
    names.forEach(name -> assertThat(marker).doesNotContain(name));
    repository.assertHealthy();
  }

  @Test
  void aLoopThatWaitsEndsAtOnceWhenItIsTold() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    CountDownLatch begun = new CountDownLatch(1);
    AggregateLoop loop =
        new AggregateLoop(new Aggregation(clock), registration(repository), Duration.ofDays(1));
    AggregateLoop.Beside beside =
        new AggregateLoop.Beside(
            loop,
            () -> {
              begun.countDown();
              return AggregateRequest.SCHEDULED;
            },
            Pacer.NONE);
    assertThat(begun.await(1, TimeUnit.MINUTES)).isTrue();
    StepOutcome outcome = beside.stop(); // the test would time out long before the next round
    assertThat(outcome.work()).isEqualTo(StepOutcome.Work.NONE);
    assertThat(outcome.detail()).isEqualTo("beside the repack: nothing to bundle");
  }
}
