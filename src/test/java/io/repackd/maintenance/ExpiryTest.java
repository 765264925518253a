package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessStamp;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three packs that own nothing, and one that has everything. */
class ExpiryTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir Path temporary;

  private GitRepository repository;
  private ObjectDirectory directory;
  private Path complete;
  private UnreferencedLedger ledger;

  @BeforeEach
  void threePacksThatOwnNothing() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetches(3, new Random(20261120));
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    repository.git("multi-pack-index", "write");
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    String pack = repository.packs().resolve("pack").toString();
    complete =
        Path.of(pack + "-" + repository.gitWithInput(all, "pack-objects", "-q", pack).strip());
    repository.git("multi-pack-index", "write");
    ledger = UnreferencedLedger.read(temporary, directory);
    observe(NOW.minus(Duration.ofHours(2)));
  }

  private void observe(Instant time) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      ledger.observe(directory.listPacks().packs(), index.countOwners(), Set.of(), time);
    }
    ledger.save();
  }

  private Snapshot snapshot() throws IOException {
    return Snapshots.take(
        directory,
        directory.listPacks().packs(),
        directory.indexFile(),
        ledger,
        Census.NOBODY,
        SafetyWindow.withoutLeases(),
        NOW);
  }

  private CyclePlan plan() throws IOException {
    return CyclePlanner.plan(
        snapshot(),
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO),
        false);
  }

  @Test
  void onlyTheIndexThatWasVerifiedCounts() throws Exception {
    CyclePlan plan = plan();
    assertThat(plan.deletions()).hasSize(3);
    Optional<FileStamp> verified = FileStamp.find(repository.index());
    Files.delete(repository.index());
    repository.git("multi-pack-index", "write");
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MAINTENANCE)) {
      Expiry expiry =
          new Expiry(
              directory,
              new CyclePermission(
                  directory,
                  TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO),
                  Request.SCHEDULED,
                  Clock.systemUTC(),
                  lock),
              ledger,
              new SafetyWindow(),
              new VerifiedIndexes().proof(directory, new Cancellation()),
              new SoundPacks(),
              Clock.systemUTC(),
              new Cancellation());
      assertThatThrownBy(() -> expiry.run(plan, verified))
          .isInstanceOf(StepFailure.class)
          .hasMessageContaining("replaced");
    }
    assertThat(repository.packFiles()).hasSize(4);
  }

  @Test
  void aProofIsLostWithThePackThatItReliesOn() throws Exception {
    CyclePlan plan = plan();
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      Coverage coverage =
          new Coverage(
              index, snapshot().packs(), plan.deletions(), 0444, arena, new Cancellation());
      assertThat(coverage.uncovered(plan.deletions())).isEmpty();
      Path data = Path.of(complete + ".pack");
      GitRepository.setModified(data, NOW); // as git does when it meets an object that is in it
      assertThat(coverage.firstLost()).isEmpty();
      Path mtimes = Files.createFile(Path.of(complete + ".mtimes"));
      assertThat(coverage.firstLost()).isPresent();
      Files.delete(mtimes);
      Files.delete(data);
      assertThat(coverage.firstLost()).get().asString().contains(data.toString());
    }
  }

  /**
   * Something happens at the second question, which is asked when the packs are hidden, and is seen from then on. The first is asked
   * while others may still install an index.
   */
  private record Interrupted(
      ObjectDirectory directory, Permission permission, List<Integer> asked, Event event)
      implements Permission {
    @Override
    public CyclePlan plan(Snapshot snapshot) {
      if (asked.size() < 2) {
        return permission.plan(snapshot);
      }
      return permission.plan(snapshot.with(Readers.census(directory), snapshot.evidence()));
    }

    @Override
    public Optional<String> obstacle(Census census) throws IOException, StepFailure {
      asked.add(1);
      assertThat(Files.exists(directory.packDirectory().resolve("multi-pack-index.lock")))
          .isEqualTo(asked.size() == 2);
      if (asked.size() == 2) {
        event.happen();
      }
      return permission.obstacle(census);
    }

    @Override
    public void unproven(PackView pack, String uncoveredId) {
      throw new AssertionError("unproven: " + pack);
    }
  }

  private interface Event {
    void happen() throws IOException;
  }

  /** Looks for the names of readers only when nobody waits for the index. */
  private final SafetyWindow window =
      new SafetyWindow(
          true,
          files -> {
            assertThat(directory.packDirectory().resolve("multi-pack-index.lock")).doesNotExist();
            return FileUsers.names(files);
          });

  private void expire(Event whileTheyAreHidden) throws IOException, StepFailure {
    expire(whileTheyAreHidden, Expiry.Fresh.NONE);
  }

  private void expire(Event whileTheyAreHidden, Expiry.Fresh fresh)
      throws IOException, StepFailure {
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MAINTENANCE)) {
      Permission permission =
          new CyclePermission(
              directory,
              TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO),
              Request.SCHEDULED,
              Clock.fixed(NOW, ZoneOffset.UTC),
              lock);
      new Expiry(
              directory,
              new Interrupted(directory, permission, new ArrayList<>(), whileTheyAreHidden),
              ledger,
              window,
              new VerifiedIndexes().proof(directory, new Cancellation()),
              new SoundPacks(),
              Clock.fixed(NOW, ZoneOffset.UTC),
              new Cancellation())
          .run(plan(), FileStamp.find(repository.index()), fresh);
    }
  }

  @Test
  void whileThePacksAreHiddenWhatTheProofReliesOnIsLookedAtOnceMore() throws Exception {
    assertThatThrownBy(() -> expire(() -> Files.createFile(Path.of(complete + ".mtimes"))))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("has become a pack of another kind");
    assertThat(repository.files(".idx")).hasSize(4);
  }

  /** No time of the file tells that. */
  @Test
  void whileThePacksAreHiddenWhatTheProofReliesOnStaysAsReadableAsItWas() throws Exception {
    Path data = Path.of(complete + ".pack");
    assertThatThrownBy(() ->
            expire(() ->
                Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("r--r-----"))))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("is not readable for the same people");
    assertThat(repository.files(".idx")).hasSize(4);
  }

  @Test
  void whileThePacksAreHiddenNobodyMayHoldThemByTheirFiles() throws Exception {
    Path data = oldest().data().path();
    List<Process> readers = new ArrayList<>();
    assertThatThrownBy(() ->
            expire(() -> {
              Process reader =
                  new ProcessBuilder("sh", "-c", "exec 5<" + data + "; echo; cat").start();
              readers.add(reader);
              reader.inputReader().readLine();
            }))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("pid " + readers.getFirst().pid());
    assertThat(repository.files(".idx")).hasSize(4);
    readers.getFirst().outputWriter().close();
    readers.getFirst().waitFor();
    assertAllAreListedAndOneOwnsEverything();
  }

  /** Unlisted, they would be new to the next index, which might be somebody else's. */
  private void assertAllAreListedAndOneOwnsEverything() throws IOException {
    repository.assertHealthy();
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      assertThat(index.packNames()).hasSize(4);
      assertThat(index.countOwners().of(complete.getFileName() + ".idx"))
          .isEqualTo(index.objects());
    }
  }

  @Test
  void whatComesBackIsListedAgainWithoutObjects() throws Exception {
    // As old as it may be, it would be the newest of those that are not listed.
    for (Path pack : repository.packFiles()) {
      if (!pack.equals(Path.of(complete + ".pack"))) {
        GitRepository.setModified(pack, NOW.plus(Duration.ofDays(1)));
      }
    }
    observe(NOW.minus(Duration.ofHours(2)));
    assertThatThrownBy(() -> expire(() -> Files.createFile(keepOfOldest())))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining(".keep");
    Files.delete(keepOfOldest());
    assertAllAreListedAndOneOwnsEverything();
    expire(() -> {});
    assertThat(repository.packFiles()).containsExactly(Path.of(complete + ".pack"));
  }

  private Path keepOfOldest() {
    return repository.packFiles().stream()
        .map(Path::toString)
        .filter(pack -> !pack.startsWith(complete.toString()))
        .map(pack -> Path.of(pack.replaceFirst("\\.pack$", ".keep")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aPackThatSomebodyBringsAnewMeanwhileStays() throws Exception {
    Path index = oldest().index().path();
    byte[] content = Files.readAllBytes(index);
    assertThatThrownBy(() -> expire(() -> Files.write(index, content)))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("anew");
    assertAllAreListedAndOneOwnsEverything();
  }

  /** Each git does so at its first object, and none of them is led to a pack that goes. */
  @Test
  void whoReadsTheNewIndexIsInNobodysWay() throws Exception {
    String id = repository.git("rev-parse", "main").strip();
    List<Process> readers = new ArrayList<>();
    expire(() -> {
      Process reader =
          new ProcessBuilder("git", "cat-file", "--batch-check")
              .directory(repository.path().toFile())
              .start();
      readers.add(reader);
      reader.outputWriter().append(id).append('\n').flush();
      assertThat(reader.inputReader().readLine()).startsWith(id + " commit");
      assertThat(Files.readString(Path.of("/proc/%d/maps".formatted(reader.pid()))))
          .contains("/multi-pack-index\n");
    });
    readers.getFirst().outputWriter().close();
    readers.getFirst().waitFor();
    assertThat(repository.packFiles()).containsExactly(Path.of(complete + ".pack"));
    repository.assertHealthy();
  }

  private StoredPack fetched() throws IOException {
    List<StoredPack> before = directory.listPacks().packs();
    repository.fetch(1, new Random(before.size()));
    return directory.listPacks().packs().stream()
        .filter(pack -> !before.contains(pack))
        .findFirst()
        .orElseThrow();
  }

  /** Somebody has repacked between the two looks: the index would list what that one has written, and lead to what it has deleted. */
  @Test
  void freshPacksAreNotListedBesideOneThatHasGone() throws Exception {
    StoredPack repacked = fetched();
    repository.git("multi-pack-index", "write");
    observe(NOW);
    List<StoredPack> fresh = List.of(fetched());
    GitRepository.remove(repacked.data().path());
    assertThatThrownBy(() -> expire(() -> {}, new Expiry.Fresh(fresh, fresh, PackRanks.NONE)))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("somebody else deleted")
        .hasMessageContaining(repacked.name());
    assertThat(repository.packFiles()).hasSize(5);
  }

  @Test
  void theReplacementIsCompleteAndInstalledBeforeTheFirstPackGoes() throws Exception {
    expire(() -> {
      assertThat(repository.packFiles()).hasSize(4);
      assertThat(repository.git("multi-pack-index", "verify")).isEmpty();
    });
    assertThat(repository.packFiles()).containsExactly(Path.of(complete + ".pack"));
    repository.assertHealthy();
  }

  @Test
  void theWindowsBeginAnewWhenTheClockWasSet() throws Exception {
    assertThat(UnreferencedLedger.read(temporary, directory).since(oldest())).isPresent();
    long boot = new ProcessTable().bootTime().getEpochSecond();
    replaceInLedger("\"bootSeconds\":" + boot, "\"bootSeconds\":" + (boot - 7200));
    assertThat(UnreferencedLedger.read(temporary, directory).since(oldest())).isEmpty();
    replaceInLedger(ProcessStamp.own().bootId(), "another-boot");
    assertThat(UnreferencedLedger.read(temporary, directory).since(oldest())).isPresent();
  }

  @Test
  void aPackOfTheSameNameHasNoWindowYet() throws Exception {
    Path data = oldest().data().path();
    GitRepository.setModified(data, NOW);
    assertThat(ledger.since(oldest())).isEmpty();
  }

  private StoredPack oldest() throws IOException {
    return directory.listPacks().packs().stream()
        .filter(pack -> !pack.data().path().toString().startsWith(complete.toString()))
        .findFirst()
        .orElseThrow();
  }

  private void replaceInLedger(String before, String after) throws IOException {
    try (Stream<Path> files = Files.list(temporary.resolve("unreferenced"))) {
      Path file = files.findFirst().orElseThrow();
      String text = Files.readString(file);
      assertThat(text).contains(before);
      Files.writeString(file, text.replace(before, after));
    }
  }
}
