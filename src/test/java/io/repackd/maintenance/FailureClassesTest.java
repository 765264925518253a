package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong is told by its kind, and nothing is half done. */
class FailureClassesTest {
  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private final Instant begun = Instant.now().plus(Duration.ofMinutes(10));

  private static MaintenanceSettings settings(long reserveBytes) {
    MaintenanceSettings any =
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO);
    return new MaintenanceSettings(
        true,
        any.schedule(),
        any.jitter(),
        any.multiPackIndex(),
        TestRegistrations.aggregate(false, Duration.ofMinutes(1)),
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO),
        new SafetySettings(false, reserveBytes));
  }

  /** By a program that has just been started: it remembers only what is on the disk. */
  private CycleOutcome cycle(GitRepository repository, Duration later, long reserveBytes)
      throws IOException {
    Clock clock = Clock.fixed(begun.plus(later), ZoneOffset.UTC);
    return new MaintenanceCycle(clock, directory.resolve("state"))
        .run(
            new Registration(
                "r", RepositoryDiscovery.locate(repository.path()), settings(reserveBytes)),
            Request.SCHEDULED,
            new Cancellation(),
            new CycleListener() {});
  }

  private CycleOutcome cycle(GitRepository repository, Duration later) throws IOException {
    return cycle(repository, later, 0);
  }

  private GitRepository repository(Path path) {
    return GitRepository.bare(path, "-b", "main");
  }

  /** The index is sound, and a verification of it finds nothing; what waits for deletion has the only good copies. */
  @Test
  void whereAStepFoundAPackDamagedNothingIsDeletedUntilItIsSoundAgain() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(4, random);
    List<Path> old = repository.packFiles();
    assertThat(cycle(repository, Duration.ZERO).result()).isEqualTo(Result.OK);
    List<Path> written = new ArrayList<>(repository.packFiles());
    written.removeAll(old);
    Path damaged = written.getFirst();
    repository.fetches(2, random); // before, because it reads what is there
    byte[] good = Files.readAllBytes(damaged);
    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.setPosixFilePermissions(damaged, PosixFilePermissions.fromString("rw-r--r--"));
    var time = Files.getLastModifiedTime(damaged);
    Files.write(damaged, bad);
    Files.setLastModifiedTime(damaged, time);

    CycleOutcome found = cycle(repository, Duration.ofMinutes(30));
    assertThat(found.result()).isEqualTo(Result.DEGRADED);
    assertThat(found.reason()).isEqualTo("pack-damaged");
    assertThat(found.steps())
        .filteredOn(step -> step.result() == Result.DEGRADED)
        .extracting(StepOutcome::step)
        .containsExactly(Step.REPACK);

    CycleOutcome later = cycle(repository, Duration.ofHours(3));
    assertThat(later.result()).isEqualTo(Result.DEGRADED);
    assertThat(later.detail()).contains(damaged.toString());
    assertThat(repository.packFiles()).containsAll(old);

    Files.write(damaged, good);
    Files.setLastModifiedTime(damaged, time);
    CycleOutcome mended = cycle(repository, Duration.ofHours(4));
    assertThat(mended.result()).as(mended.detail()).isEqualTo(Result.OK);
    assertThat(mended.work().packsDeleted()).isZero(); // the index led to them again meanwhile
    CycleOutcome after = cycle(repository, Duration.ofHours(6));
    assertThat(after.result()).as(after.detail()).isEqualTo(Result.OK);
    assertThat(repository.packFiles()).doesNotContainAnyElementsOf(old);
    repository.assertHealthy();
  }

  /** Reads everything as git does, by the index. */
  private static void assertAllReadable(GitRepository repository, String reachable) {
    StringBuilder ids = new StringBuilder();
    reachable.lines().forEach(line -> ids.append(line, 0, 40).append('\n'));
    assertThat(repository.gitWithInput(ids.toString(), "cat-file", "--batch"))
        .doesNotContain(" missing\n");
    assertThat(repository.reachable()).isEqualTo(reachable);
  }

  private static void overwrite(Path file, byte[] content) throws IOException {
    var time = Files.getLastModifiedTime(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, content);
    Files.setLastModifiedTime(file, time);
  }

  /** The file of the pack into which a first cycle has put everything. */
  private Path written(GitRepository repository, String extension) throws IOException {
    List<Path> old = repository.files(extension);
    assertThat(cycle(repository, Duration.ZERO).result()).isEqualTo(Result.OK);
    List<Path> written = new ArrayList<>(repository.files(extension));
    written.removeAll(old);
    return written.getFirst();
  }

  @Test
  void whatADiskSpoiledAfterItWasWrittenKeepsTheSources() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(4, random);
    String reachable = repository.reachable();
    List<Path> old = repository.packFiles();
    Path damaged = written(repository, ".pack");
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    overwrite(damaged, bytes);

    CycleOutcome outcome = cycle(repository, Duration.ofHours(3));
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.reason()).isEqualTo("pack-damaged");
    assertThat(outcome.detail())
        .contains(damaged.toString())
        .contains("keeping " + repository.packs())
        .contains("leads to other copies");
    assertThat(repository.packFiles()).containsAll(old);
    assertAllReadable(repository, reachable);
    CycleOutcome later = cycle(repository, Duration.ofHours(6));
    assertThat(later.result()).as(later.detail()).isEqualTo(Result.DEGRADED);
    assertThat(repository.packFiles()).containsAll(old);
    assertAllReadable(repository, reachable);

    GitRepository.remove(damaged);
    CycleOutcome without = cycle(repository, Duration.ofHours(7));
    assertThat(without.result()).as(without.detail()).isEqualTo(Result.OK);
    repository.assertHealthy();
  }

  @Test
  void aDamagedIndexOfAListedPackHidesNoOtherCopies() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(4, random);
    String reachable = repository.reachable();
    Path index = written(repository, ".idx");
    byte[] good = Files.readAllBytes(index);
    overwrite(index, Arrays.copyOf(good, good.length / 2));
    assertThat(repository.gitStatus("cat-file", "-e", "main")).isNotZero();
    List<Path> packs = repository.packFiles();

    CycleOutcome outcome = cycle(repository, Duration.ofMinutes(10));
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).contains(index.toString()).contains("leads to other copies");
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertAllReadable(repository, reachable);
    assertThat(cycle(repository, Duration.ofHours(3)).result()).isEqualTo(Result.DEGRADED);
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertAllReadable(repository, reachable);

    overwrite(index, good);
    CycleOutcome mended = cycle(repository, Duration.ofHours(4));
    assertThat(mended.result()).as(mended.detail()).isEqualTo(Result.OK);
    repository.assertHealthy();
  }

  @Test
  void withoutOtherCopiesTheIndexStaysAsItIs() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(1, random);
    assertThat(cycle(repository, Duration.ZERO).result()).isEqualTo(Result.OK);
    Path index = repository.files(".idx").getFirst();
    overwrite(index, Arrays.copyOf(Files.readAllBytes(index), 700));
    Object before = Files.readAttributes(repository.index(), "unix:ino,ctime");
    CycleOutcome outcome = cycle(repository, Duration.ofMinutes(10));
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).doesNotContain("leads to other copies");
    assertThat(Files.readAttributes(repository.index(), "unix:ino,ctime")).isEqualTo(before);
  }

  @Test
  void aPackOfWhichTheVerificationFindsTheIndexWrongStopsEverything() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(4, random);
    List<Path> old = repository.files(".idx");
    assertThat(cycle(repository, Duration.ZERO).result()).isEqualTo(Result.OK);
    List<Path> packs = repository.packFiles();
    List<Path> written = new ArrayList<>(repository.files(".idx"));
    written.removeAll(old);
    Path index = written.getFirst(); // of the pack that everything is taken from
    byte[] bytes = Files.readAllBytes(index);
    bytes[bytes.length - 100] ^= 1; // an offset
    Files.setPosixFilePermissions(index, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(index, bytes);
    CycleOutcome outcome = cycle(repository, Duration.ofHours(3));
    assertThat(outcome.result()).as(outcome.detail()).isIn(Result.DEGRADED, Result.FAILED);
    assertThat(outcome.work().packsDeleted()).isZero();
    assertThat(repository.packFiles()).isEqualTo(packs);
  }

  @Test
  void aFullDiskIsToldFromAClosedDoorAndFromABadOne() {
    assertThat(reasonOf(new IOException("No space left on device"))).isEqualTo("disk");
    assertThat(reasonOf(new FileSystemException("f", null, "Disk quota exceeded")))
        .isEqualTo("disk");
    assertThat(reasonOf(new AccessDeniedException("f"))).isEqualTo("permission");
    assertThat(
            reasonOf(
                new IOException("x", new FileSystemException("f", null, "Read-only file system"))))
        .isEqualTo("permission");
    assertThat(reasonOf(new IOException("Input/output error"))).isEqualTo("io");
    assertThat(reasonOf(new OutOfMemoryError("Java heap space"))).isEqualTo("memory");
  }

  private static String reasonOf(Throwable error) {
    return StepErrors.classify(error).reason();
  }

  @Test
  void withoutRoomForTheBatchNothingIsBegun() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "8m")) {
      GitRepository repository = repository(mount.resolve("r.git")).fetches(4, random);
      List<Path> packs = repository.packFiles();
      long bytes = 0;
      for (Path pack : packs) {
        bytes += Files.size(pack);
      }
      disk.fill(mount.resolve("full"), bytes + 40_000);
      CycleOutcome outcome = cycle(repository, Duration.ZERO, 40_000);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.SKIPPED);
      assertThat(outcome.reason()).isEqualTo("disk");
      assertThat(repository.packFiles()).isEqualTo(packs);
      Files.delete(mount.resolve("full"));
      assertThat(cycle(repository, Duration.ZERO, 40_000).result()).isEqualTo(Result.OK);
      repository.assertHealthy();
    }
  }

  /** It fills up between the look and the first byte. */
  @Test
  void aDiskThatRunsFullLeavesNothingBehind() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "8m")) {
      GitRepository repository = repository(mount.resolve("r.git")).fetches(4, random);
      repository.git("multi-pack-index", "write");
      ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
      Batch batch = batch(objects);
      List<Path> before = repository.files("");
      for (long left : new long[] {0, 4096, 8192, 16384}) {
        assertThatThrownBy(() ->
                new BatchRepack(objects, begun, "a-cycle", true, new Cancellation())
                    .run(batch, () -> fill(disk, mount.resolve("full"), left)))
            .isInstanceOf(IOException.class)
            .satisfies(e -> assertThat(reasonOf(e)).isEqualTo("disk"));
        assertThat(repository.files("")).isEqualTo(before);
        Files.delete(mount.resolve("full"));
        repository.assertHealthy();
      }
      assertThat(
              new BatchRepack(objects, begun, "a-cycle", true, new Cancellation())
                  .run(batch, () -> {})
                  .published())
          .hasSize(1);
    }
  }

  private Batch batch(ObjectDirectory objects) throws IOException {
    Snapshot snapshot =
        Snapshots.take(
            objects,
            objects.listPacks().packs(),
            objects.indexFile(),
            UnreferencedSince.UNKNOWN,
            Census.NOBODY,
            SafetyWindow.withoutLeases(),
            begun);
    return CyclePlanner.plan(snapshot, settings(0), true).batches().getFirst();
  }

  private static void fill(SmallDisk disk, Path file, long leaveBytes) {
    try {
      disk.fill(file, leaveBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whatIsWrittenEndsWhenItsReserveIsTouched() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "8m")) {
      GitRepository repository = repository(mount.resolve("r.git")).fetches(1, random);
      ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
      SafetySettings safety = new SafetySettings(false, 1 << 20);
      try (FreeSpace.Watch watch = new FreeSpace.Watch(objects, safety, new Cancellation())) {
        watch.throwIfFull();
        assertThat(watch.cancellation().requested()).isFalse();
        disk.fill(mount.resolve("full"), 1 << 19);
        await().until(() -> watch.cancellation().requested());
        assertThatThrownBy(watch::throwIfFull)
            .isInstanceOf(StepFailure.class)
            .hasMessageContaining("ran full");
      }
    }
  }

  @Test
  void whoIsAskedToStopWhileTheDiskIsWatchedStops() throws Exception {
    GitRepository repository = repository(directory.resolve("r.git")).fetches(1, random);
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    Cancellation outer = new Cancellation();
    try (FreeSpace.Watch watch =
        new FreeSpace.Watch(objects, new SafetySettings(false, 0), outer)) {
      outer.request();
      await().until(() -> watch.cancellation().requested());
      watch.throwIfFull();
    }
  }

  /** A clock which lets the disk run full when it is asked by somebody whose disk is watched. */
  private Clock filling(SmallDisk disk, Path file, long leaveBytes) {
    InstantSource time =
        () -> {
          String caller = Thread.currentThread().getName();
          if (diskIsWatchedFor(caller)) {
            fill(disk, file, leaveBytes);
            await().until(() -> !diskIsWatchedFor(caller)); // ends when it has seen it
          }
          return begun;
        };
    return time.withZone(ZoneOffset.UTC);
  }

  private static boolean diskIsWatchedFor(String caller) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals(caller + ", free space"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aggregationEndsWhenTheReserveIsTouched(boolean loose) throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "8m")) {
      GitRepository repository = repository(mount.resolve("r.git"));
      if (loose) {
        for (int i = 0; i < 5; i++) {
          repository.gitWithInput("loose " + i, "hash-object", "-w", "--stdin");
        }
      } else {
        repository.fetches(4, random);
      }
      List<Path> before = repository.files("");
      MaintenanceSettings any = settings(100_000);
      Registration registration =
          new Registration(
              "r",
              RepositoryDiscovery.locate(repository.path()),
              new MaintenanceSettings(
                  true,
                  any.schedule(),
                  any.jitter(),
                  any.multiPackIndex(),
                  new AggregateSettings(
                      true,
                      Duration.ofSeconds(10),
                      2,
                      2,
                      Duration.ZERO,
                      1000,
                      10_000,
                      1_000_000,
                      1L << 30,
                      false),
                  any.expire(),
                  any.repack(),
                  any.safety()));
      StepOutcome outcome =
          new Aggregation(filling(disk, mount.resolve("full"), 50_000))
              .run(registration, AggregateRequest.beside(true, Set.of()), new Cancellation());
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.SKIPPED);
      assertThat(outcome.detail()).contains("ran full");
      assertThat(repository.files("")).isEqualTo(before);
      Files.delete(mount.resolve("full"));
      repository.assertHealthy();
    }
  }
}
