package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.collection;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.repackd.BatchReader;
import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import io.repackd.platform.FileLease;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Long-lived gits that hold on to an index or a pack, and cycles that come and go. */
class SafetyWindowTest {
  @TempDir Path temporary;

  private final Random random = new Random(20261121);
  private final Time time = new Time();
  private final Aggregation aggregation = new Aggregation(time);
  private GitRepository repository;
  private ObjectDirectory directory;
  private MaintenanceCycle cycle;
  private List<Path> old;

  /** Begins a day from now, because packs have to be of an age, and goes on when it is told. */
  private static final class Time extends Clock {
    private Instant now = Instant.now().plus(Duration.ofDays(1));
    private Runnable beforeTelling = () -> {};

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      beforeTelling.run();
      now = now.plusMillis(1);
      return now;
    }
  }

  @BeforeEach
  void fourPacksAndAnIndex() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetches(4, random);
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    try (FileLease lease = FileLease.open(repository.packFiles().getFirst())) {
      assumeTrue(lease.take() == FileLease.Use.NOBODY, "leases are not granted here");
    }
    cycle = new MaintenanceCycle(time, temporary.resolve("state"), aggregation);
    repository.git("multi-pack-index", "write");
    old = repository.packFiles();
  }

  private static MaintenanceSettings settings() {
    return new MaintenanceSettings(
        true,
        TestRegistrations.EVERY_DAY,
        Duration.ZERO,
        new MultiPackIndexSettings(true),
        TestRegistrations.aggregate(false, Duration.ofMinutes(1)),
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, new BatchSize.Everything(), Duration.ofSeconds(5)),
        new SafetySettings(false, 0));
  }

  private Registration registration() throws IOException {
    return new Registration("r", RepositoryDiscovery.locate(repository.path()), settings());
  }

  private CycleOutcome run() throws IOException {
    CycleOutcome outcome =
        cycle.run(registration(), Request.SCHEDULED, new Cancellation(), new CycleListener() {});
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    return outcome;
  }

  private void pass(Duration duration) {
    time.now = time.now.plus(duration);
  }

  private BatchReader reader() throws IOException {
    BatchReader git = new BatchReader(repository);
    git.read("main");
    return git;
  }

  /** What would be decided if the process table showed nobody. */
  private List<ExpireDecision> decisionsInTheDark() throws IOException {
    Snapshot snapshot =
        Snapshots.take(
            directory,
            directory.listPacks().packs(),
            directory.indexFile(),
            UnreferencedLedger.read(temporary.resolve("state"), directory),
            Census.NOBODY,
            aggregation.window(),
            time.instant());
    return CyclePlanner.plan(snapshot, settings(), false).expire();
  }

  private List<SupersededIndex> stillRead() throws IOException {
    return aggregation.window().look(directory, List.of(), time.instant()).supersededIndexes();
  }

  @Test
  void theReaderOfASupersededIndexIsSeenUntilItEndsAndKeepsWhatItLeadsTo() throws Exception {
    try (BatchReader git = reader()) {
      run(); // puts the four packs together, and replaces the index that git has
      pass(Duration.ofHours(2));
      assertThat(stillRead())
          .singleElement()
          .satisfies(index -> assertThat(index.readers()).contains("pid " + git.pid()));
      assertThat(decisionsInTheDark()).hasSize(4).noneMatch(ExpireDecision::delete);
      assertThat(run().work().packsDeleted()).isZero();
      for (String line : repository.reachable().split("\n")) {
        assertThat(git.read(line.substring(0, 40))).doesNotContain("missing");
      }
    }
    assertThat(stillRead()).isEmpty();
    assertThat(decisionsInTheDark()).hasSize(4).allMatch(ExpireDecision::delete);
    assertThat(run().work().packsDeleted()).isEqualTo(4);
    repository.assertHealthy();
  }

  @Test
  void theReaderOfAnIndexThatLeadsElsewhereKeepsNothing() throws Exception {
    run();
    pass(Duration.ofMinutes(10));
    try (BatchReader git = reader()) {
      repository.fetch(3, random);
      run(); // replaces the index that git has, which takes nothing from the four packs
      pass(Duration.ofHours(2));
      assertThat(stillRead()).hasSize(1);
      assertThat(decisionsInTheDark())
          .filteredOn(decision -> old.contains(decision.pack().pack().data().path()))
          .hasSize(4)
          .allMatch(ExpireDecision::delete);
      assertThat(git.read("main")).contains("commit");
    }
  }

  @Test
  void whoMapsAPackKeepsItEvenInTheDark() throws Exception {
    Path wanted = old.getFirst();
    Path alone = temporary.resolve("alone.git");
    try (BatchReader git = readerOf(wanted, alone)) {
      run();
      pass(Duration.ofHours(2));
      assertThat(decisionsInTheDark())
          .filteredOn(ExpireDecision::awaitsReader)
          .singleElement()
          .satisfies(decision -> {
            assertThat(decision.pack().pack().data().path()).isEqualTo(wanted);
            assertThat(decision.reason()).contains("git cat-file --batch-check (pid " + git.pid());
          });
    }
    assertThat(decisionsInTheDark()).hasSize(4).allMatch(ExpireDecision::delete);
  }

  /** A git in another repository, which has the same file by another name: as in a container that has mounted it. */
  private BatchReader readerOf(Path pack, Path alone) throws IOException {
    GitRepository other = GitRepository.bare(alone, "-b", "main");
    for (String extension : List.of(".pack", ".idx")) {
      Path file = Path.of(pack.toString().replace(".pack", extension));
      Files.createLink(other.packs().resolve(file.getFileName()), file);
    }
    String first = other.git("cat-file", "--batch-all-objects", "--batch-check").substring(0, 40);
    BatchReader git = new BatchReader(other);
    assertThat(git.read(first)).doesNotContain("missing");
    return git;
  }

  @Test
  void thePlanNamesWhomPacksWaitFor() throws Exception {
    try (BatchReader git = reader()) {
      run();
      pass(Duration.ofHours(2));
      CyclePlan plan = cycle.dryRun(registration(), Request.SCHEDULED, new Cancellation()).plan();
      assertThat(plan.deletions()).isEmpty();
      assertThat(plan.expire())
          .hasSize(4)
          .allSatisfy(decision ->
              assertThat(decision.reason())
                  .startsWith("git cat-file --batch-check (pid %d) ".formatted(git.pid())));
      assertThat(plan.waiting())
          .contains(
              "unreferenced packs wait: git cat-file --batch-check (pid %d) reads"
                  .formatted(git.pid()));
    }
    assertThat(cycle.dryRun(registration(), Request.SCHEDULED, new Cancellation()).plan().waiting())
        .isEmpty();
  }

  @Test
  void ifSomebodyElseReplacesTheIndexTheWatchBeginsAnew() throws Exception {
    run();
    Evidence before = aggregation.window().look(directory, List.of(), time.instant());
    pass(Duration.ofHours(2));
    Evidence still = aggregation.window().look(directory, List.of(), time.instant());
    assertThat(still.watchedSince()).isEqualTo(before.watchedSince());
    repository.fetch(3, random).git("multi-pack-index", "write");
    Evidence after = aggregation.window().look(directory, List.of(), time.instant());
    assertThat(after.watchedSince().orElseThrow()).isAfter(before.watchedSince().orElseThrow());
  }

  /** Something that is there while packs are about to be deleted, and why they are not if somebody deletes another at that time. */
  private enum Deleting {
    THE_REPLACEMENT_IS_WRITTEN("tmp_midx_", "packs-changed"),
    THE_INDEX_IS_LOCKED("multi-pack-index.lock", "busy");

    private final String sign;
    private final String reason;

    Deleting(String sign, String reason) {
      this.sign = sign;
      this.reason = reason;
    }
  }

  @ParameterizedTest
  @EnumSource
  void ifSomebodyElseDeletesAListedPackMeanwhileTheIndexIsMendedAtOnce(Deleting when)
      throws Exception {
    run();
    pass(Duration.ofHours(2));
    List<Path> fresh = new ArrayList<>(repository.packFiles());
    fresh.removeAll(old);
    time.beforeTelling =
        () -> {
          boolean now =
              repository.files("").stream()
                  .anyMatch(file -> file.getFileName().toString().startsWith(when.sign));
          if (now && Files.exists(fresh.getFirst())) {
            GitRepository.remove(fresh.getFirst());
          }
        };
    CycleOutcome outcome =
        cycle.run(registration(), Request.SCHEDULED, new Cancellation(), new CycleListener() {});
    assertThat(fresh.getFirst()).doesNotExist();
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.reason()).isEqualTo(when.reason);
    assertThat(repository.packFiles()).isEqualTo(old);
    repository.assertHealthy();
  }

  /** Each look at the process table takes longer, the more others there are. */
  @Test
  void allWhoUseSomethingAreNamedInOneLook() throws Exception {
    List<Collection<FileStamp>> asked = new ArrayList<>();
    SafetyWindow counting =
        new SafetyWindow(
            true,
            files -> {
              asked.add(files);
              return FileUsers.names(files);
            });
    List<StoredPack> packs = directory.listPacks().packs();
    try (BatchReader first = readerOf(old.getFirst(), temporary.resolve("first.git"));
        BatchReader last = readerOf(old.getLast(), temporary.resolve("last.git"))) {
      Evidence evidence = counting.look(directory, packs, time.instant());
      assertThat(evidence.packsInUse()).hasSize(2);
      assertThat(String.join(", ", evidence.packsInUse().values()))
          .contains("pid " + first.pid(), "pid " + last.pid());
      assertThat(asked).singleElement(as(collection(FileStamp.class))).hasSize(2);
      Evidence brief = counting.lookBriefly(directory, packs, time.instant());
      assertThat(brief.packsInUse().keySet()).isEqualTo(evidence.packsInUse().keySet());
      assertThat(asked).as("asked under a lock").hasSize(1);
    }
  }

  @Test
  void theAgeOfTheOldestUnreferencedPackIsMeasured() throws Exception {
    assertThat(cycle.measure(registration()).oldestUnreferenced()).isEmpty();
    Instant before = time.instant();
    run();
    pass(Duration.ofMinutes(10));
    run();
    assertThat(cycle.measure(registration()).oldestUnreferenced().orElseThrow())
        .isBetween(before, before.plusSeconds(60));
    pass(Duration.ofHours(2));
    run();
    assertThat(cycle.measure(registration()).oldestUnreferenced()).isEmpty();
  }

  @Test
  void whomPacksWaitForIsLoggedWhenItChangesAndNotInEachCycle() throws Exception {
    Logger log = (Logger) LoggerFactory.getLogger(SafetyWindow.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    log.addAppender(lines);
    log.setLevel(Level.INFO);
    try (BatchReader git = reader()) {
      run();
      pass(Duration.ofHours(2));
      run();
      run();
      assertThat(lines.list)
          .singleElement()
          .satisfies(line ->
              assertThat(line.getFormattedMessage())
                  .startsWith(directory.path() + ": ")
                  .contains("git cat-file --batch-check (pid " + git.pid()));
      aggregation.window().tell(directory, "unseen", "one thing");
      aggregation.window().tell(directory, "unseen", "one thing");
      aggregation.window().tell(directory, "unseen", "another");
      assertThat(lines.list).hasSize(3);
    } finally {
      log.detachAppender(lines);
      log.setLevel(null);
    }
  }

  @Test
  void aRestartRemembersSinceWhenPacksAreUnreferenced() throws Exception {
    run();
    pass(Duration.ofMinutes(59));
    cycle = new MaintenanceCycle(time, temporary.resolve("state"));
    assertThat(run().work().packsDeleted()).isZero();
    pass(Duration.ofMinutes(2));
    cycle = new MaintenanceCycle(time, temporary.resolve("state"));
    assertThat(run().work().packsDeleted()).isEqualTo(4);
  }

  private SafetyWindow afterARestart() throws IOException {
    Aggregation another = new Aggregation(time);
    cycle = new MaintenanceCycle(time, temporary.resolve("state"), another);
    run();
    return another.window();
  }

  private Instant watchedSince(SafetyWindow window) throws IOException {
    return window.look(directory, List.of(), time.instant()).watchedSince().orElseThrow();
  }

  @Test
  void aRestartRemembersWhoReadsASupersededIndexAndHowLongItWasWatched() throws Exception {
    repository.fetch(3, random);
    run();
    pass(Duration.ofMinutes(10));
    try (BatchReader git = reader()) {
      repository.fetch(3, random);
      run();
      Instant watched = watchedSince(aggregation.window());
      pass(Duration.ofMinutes(10));
      Evidence evidence = afterARestart().look(directory, List.of(), time.instant());
      assertThat(evidence.watchedSince()).contains(watched);
      assertThat(evidence.supersededIndexes())
          .singleElement()
          .satisfies(index -> {
            assertThat(index.readers()).contains("pid " + git.pid());
            assertThat(index.unreferenced()).hasSize(5);
          });
    }
    assertThat(afterARestart().look(directory, List.of(), time.instant()).supersededIndexes())
        .isEmpty();
    assertThat(repository.files("")).noneMatch(file -> file.toString().contains("tmp_"));
  }

  @Test
  void whoMissesTheNameOfASupersededIndexBeginsAnew() throws Exception {
    try (BatchReader git = reader()) {
      run();
      assertThat(stillRead()).hasSize(1);
      Instant watched = watchedSince(aggregation.window());
      for (Path file : repository.files("")) {
        if (file.toString().contains("tmp_superseded_")) {
          Files.delete(file);
        }
      }
      assertThat(watchedSince(afterARestart())).isAfter(watched);
      assertThat(watchedSince(aggregation.window())).isAfter(watched);
      assertThat(git.read("main")).contains("commit");
    }
  }

  @Test
  void theNameOfAnIndexThatWasNotReplacedGoes() throws Exception {
    run();
    Path index = repository.index();
    Object inode = Files.getAttribute(index, "unix:ino");
    Path left = Files.createLink(index.resolveSibling("tmp_superseded_" + inode), index);
    assertThat(stillRead()).isEmpty();
    assertThat(left).exists(); // somebody may be about to replace it
    run();
    assertThat(left).doesNotExist();
  }
}
