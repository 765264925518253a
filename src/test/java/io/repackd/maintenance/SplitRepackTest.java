package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.LargeHistory;
import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.RepackStrategy;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.maintenance.BatchRepack.Written;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Repacks with {@code pack.packSizeLimit}: the packs that result, judged by git. */
class SplitRepackTest {
  private static final long MEBIBYTE = 1 << 20;
  private static final int MOST_CYCLES = 6;

  private final Random random = new Random(20261121);

  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    GitRepository repository =
        GitRepository.bare(
            directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
    repository.git("config", "pack.packSizeLimit", "1m");
    return repository;
  }

  private static RepackSettings repack(boolean deltaSearch) {
    return new RepackSettings(
        true, RepackStrategy.BATCH, new BatchSize.Everything(), Duration.ofSeconds(5), deltaSearch);
  }

  private CycleOutcome cycle(GitRepository repository, boolean deltaSearch) throws IOException {
    return cycle(repository, repack(deltaSearch), false);
  }

  private CycleOutcome cycle(GitRepository repository, RepackSettings repack, boolean aggregate)
      throws IOException {
    MaintenanceSettings settings =
        new MaintenanceSettings(
            true,
            new Schedule.Every(Duration.ofHours(1)),
            Duration.ZERO,
            new MultiPackIndexSettings(true),
            TestRegistrations.aggregate(aggregate, Duration.ofMinutes(1)),
            new ExpireSettings(true, Duration.ofHours(1)),
            repack,
            new SafetySettings(false, 0));
    CycleOutcome outcome =
        new MaintenanceCycle(Clock.systemUTC(), directory.resolve("state"))
            .run(
                new Registration("r", RepositoryDiscovery.locate(repository.path()), settings),
                new Request(true),
                new Cancellation(),
                new CycleListener() {});
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    repository.assertHealthy();
    return outcome;
  }

  private static String objects(GitRepository repository) {
    return repository.git("cat-file", "--batch-all-objects", "--batch-check");
  }

  private static List<Path> newPacks(GitRepository repository, List<Path> before) {
    List<Path> packs = new ArrayList<>(repository.packFiles());
    packs.removeAll(before);
    packs.sort(Comparator.comparing(SplitRepackTest::modified).reversed());
    return packs;
  }

  private static Instant modified(Path file) {
    try {
      return Files.getLastModifiedTime(file).toInstant();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path sidecar(Path pack, String extension) {
    return pack.resolveSibling(
        pack.getFileName().toString().replaceFirst("\\.pack$", "." + extension));
  }

  /** Each complete by itself, within the limit unless it is one object, and a second older than the one before it. */
  private static void assertParts(GitRepository repository, List<Path> parts, Instant after)
      throws IOException {
    for (int i = 0; i < parts.size(); i++) {
      Path part = parts.get(i);
      repository.git("index-pack", "--strict", part.toString());
      assertThat(sidecar(part, "keep")).doesNotExist();
      assertThat(sidecar(part, "rev")).exists();
      assertThat(Files.size(part) <= MEBIBYTE || repository.objectsIn(part).size() == 1)
          .as("%s has %d bytes", part, Files.size(part))
          .isTrue();
      assertThat(modified(part)).isAfter(after);
      if (i > 0) {
        assertThat(modified(part)).isEqualTo(modified(parts.get(i - 1)).minusSeconds(1));
      }
    }
  }

  private static void assertNothingLeft(GitRepository repository) {
    assertThat(repository.files("").stream().map(file -> file.getFileName().toString()))
        .noneMatch(name -> name.startsWith("tmp_") || name.endsWith(".keep"));
  }

  @ParameterizedTest
  @CsvSource({"SHA1, true", "SHA1, false", "SHA256, true", "SHA256, false"})
  void aBatchBecomesSeveralPacksAndStaysSo(HashAlgorithm hash, boolean deltaSearch)
      throws Exception {
    GitRepository repository = repository(hash);
    new LargeHistory(repository, random).arrivals(12);
    repository.distinctTimes();
    String objects = objects(repository);
    List<Path> before = repository.packFiles();

    CycleOutcome first = cycle(repository, deltaSearch);
    List<Path> parts = newPacks(repository, before);
    assertThat(parts).hasSizeGreaterThan(1);
    assertThat(first.work().packsWritten()).isEqualTo(parts.size());
    assertThat(first.steps())
        .anyMatch(step ->
            step.step() == Step.REPACK
                && step.detail().startsWith("12 ordinary packs into " + parts.size()));
    assertParts(repository, parts, Instant.ofEpochSecond(1_600_000_100));
    assertThat(objects(repository)).isEqualTo(objects);

    CycleOutcome second = cycle(repository, deltaSearch);
    assertThat(second.work().packsDeleted()).isEqualTo(12);
    assertThat(second.work().packsWritten()).isZero();
    assertThat(repository.packFiles()).containsExactlyInAnyOrderElementsOf(parts);
    assertThat(objects(repository)).isEqualTo(objects);
    assertNothingLeft(repository);
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void whatComesLaterIsTakenUpAndTheCyclesComeToAnEnd(boolean deltaSearch) throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    LargeHistory history = new LargeHistory(repository, random).arrivals(8);
    for (int day = 0; day < 4; day++) {
      history.arrivals(1 + random.nextInt(4));
      String objects = objects(repository);
      int cycles = 0;
      while (cycle(repository, deltaSearch).work().packsWritten() > 0) {
        assertThat(++cycles).isLessThan(MOST_CYCLES);
      }
      cycle(repository, deltaSearch);
      assertThat(objects(repository)).isEqualTo(objects);
      long small =
          repository.packFiles().stream()
              .filter(pack -> pack.toFile().length() < MEBIBYTE / 2 - (1 << 14))
              .count();
      assertThat(small).isLessThanOrEqualTo(1);
    }
    assertNothingLeft(repository);
  }

  /** Versions that are deltas upon what has no room for them are whole again, each with a pack to itself if it needs one. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void whatIsTooLargeForAnyPackHasOneToItself(boolean deltaSearch) throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    repository.git("config", "--unset", "pack.packSizeLimit");
    new LargeHistory(repository, random).versions("huge", 2, 3).arrivals(3);
    repository.git("config", "pack.packSizeLimit", "1m");
    String objects = objects(repository);
    List<Path> before = repository.packFiles();
    cycle(repository, deltaSearch);
    List<Path> parts = newPacks(repository, before);
    assertParts(repository, parts, Instant.EPOCH);
    assertThat(parts.stream().filter(part -> part.toFile().length() > MEBIBYTE)).hasSize(3);
    assertThat(objects(repository)).isEqualTo(objects);
    assertThat(cycle(repository, deltaSearch).work().packsWritten()).isZero();
    assertThat(objects(repository)).isEqualTo(objects);
  }

  /** Git has written each version but the first as a delta. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aFamilyOfMoreThanAPackIsCut(boolean deltaSearch) throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    repository.git("config", "--unset", "pack.packSizeLimit");
    LargeHistory history = new LargeHistory(repository, random).drifting("file", 250);
    repository.git("repack", "-adfq", "--depth=250", "--window=10", "--no-write-bitmap-index");
    history.arrivals(1);
    assertThat(repository.packFiles()).anyMatch(pack -> pack.toFile().length() > 3 * MEBIBYTE / 2);
    repository.git("config", "pack.packSizeLimit", "1m");
    String objects = objects(repository);
    List<Path> before = repository.packFiles();
    cycle(repository, deltaSearch);
    List<Path> parts = newPacks(repository, before);
    assertThat(parts).hasSizeGreaterThan(1);
    assertParts(repository, parts, Instant.EPOCH);
    assertThat(objects(repository)).isEqualTo(objects);
    assertThat(cycle(repository, deltaSearch).work().packsWritten()).isZero();
    assertThat(objects(repository)).isEqualTo(objects);
  }

  @Test
  void eachPartOfAPromisorBatchIsAPromisorPack() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    new LargeHistory(repository, random).arrivals(12);
    repository.git("config", "remote.origin.promisor", "true");
    repository.git("config", "remote.origin.url", "/nowhere");
    for (Path pack : repository.packFiles()) {
      Files.createFile(sidecar(pack, "promisor"));
    }
    String objects = objects(repository);
    List<Path> before = repository.packFiles();
    cycle(repository, true);
    List<Path> parts = newPacks(repository, before);
    assertThat(parts).hasSizeGreaterThan(1);
    assertThat(parts).allSatisfy(part -> assertThat(sidecar(part, "promisor")).exists());
    assertThat(cycle(repository, true).work().packsDeleted()).isEqualTo(12);
    assertThat(objects(repository)).isEqualTo(objects);
  }

  /** Packs that are bundled without a search stay marked, each part of them, and come to an end all the same. */
  @Test
  void eachPartOfWhatNobodySearchedIsMarked() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    new LargeHistory(repository, random).arrivals(12);
    Files.createFile(sidecar(repository.packFiles().getFirst(), "baddeltas"));
    List<Path> before = repository.packFiles();
    cycle(repository, false);
    List<Path> parts = newPacks(repository, before);
    assertThat(parts).hasSizeGreaterThan(1);
    assertThat(parts).allSatisfy(part -> assertThat(sidecar(part, "baddeltas")).exists());
    assertThat(cycle(repository, false).work().packsWritten()).isZero();
    // Once they are to be searched, they are taken, at any size.
    assertThat(cycle(repository, true).work().packsWritten()).isPositive();
    assertThat(cycle(repository, true).work().packsWritten()).isZero();
    assertThat(repository.files(".baddeltas")).isEmpty();
  }

  private static Batch batch(ObjectDirectory objects) throws IOException {
    Snapshot snapshot =
        Snapshots.takeForRepack(
            objects,
            objects.listPacks().packs(),
            Optional.of(objects.indexFile()),
            UnreferencedSince.UNKNOWN,
            Census.NOBODY,
            SafetyWindow.withoutLeases(),
            Instant.now(),
            new Cancellation());
    return CyclePlanner.plan(
            snapshot, new ExpireSettings(true, Duration.ofHours(1)), repack(true), true)
        .batches()
        .getFirst();
  }

  private static Written write(GitRepository repository, Runnable committed)
      throws IOException, StepFailure {
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    return new BatchRepack(objects, Instant.now(), "a-cycle", true, new Cancellation())
        .run(batch(objects), committed);
  }

  @Test
  void whatRunsFullBetweenPartsLeavesNoneOfThem() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "48m")) {
      GitRepository repository = GitRepository.bare(mount.resolve("r.git"), "-b", "main");
      repository.git("config", "pack.packSizeLimit", "1m");
      new LargeHistory(repository, random).arrivals(24);
      repository.git("multi-pack-index", "write");
      List<Path> before = repository.files("");
      for (long left = MEBIBYTE / 2; left < 5 * MEBIBYTE / 2; left += MEBIBYTE / 2) {
        long room = left;
        assertThatThrownBy(() -> write(repository, () -> fill(disk, mount.resolve("full"), room)))
            .as("%d bytes left", left)
            .isInstanceOf(IOException.class);
        assertThat(repository.files("")).isEqualTo(before);
        Files.delete(mount.resolve("full"));
        repository.assertHealthy();
      }
      assertThat(write(repository, () -> {}).published()).hasSizeGreaterThan(2);
    }
  }

  private static void fill(SmallDisk disk, Path file, long leaveBytes) {
    try {
      disk.fill(file, leaveBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A part that is visible may be read from already. So it stays, and the next cycle takes it up. */
  @Test
  void ifOnePartCannotBePublishedThoseBeforeItStayWithoutAKeep() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    new LargeHistory(repository, random).arrivals(24);
    repository.git("multi-pack-index", "write");
    String objects = objects(repository);
    List<String> names =
        write(repository.copyTo(directory.resolve("copy.git")), () -> {}).published().stream()
            .map(Published::name)
            .toList();
    assertThat(names).hasSizeGreaterThan(2);
    Path obstacle = repository.packs().resolve(names.get(1) + ".rev");
    Files.createDirectories(obstacle.resolve("something"));

    assertThatThrownBy(() -> write(repository, () -> {})).isInstanceOf(IOException.class);
    assertThat(repository.packs().resolve(names.getFirst() + ".idx")).exists();
    assertThat(repository.packs().resolve(names.get(1) + ".pack")).doesNotExist();
    assertNothingLeft(repository);
    repository.assertHealthy();

    Files.delete(obstacle.resolve("something"));
    Files.delete(obstacle);
    assertThat(write(repository, () -> {}).published()).hasSize(names.size() - 1);
    repository.git("multi-pack-index", "write");
    cycle(repository, true);
    cycle(repository, true);
    assertThat(repository.packFiles()).hasSize(names.size());
    assertThat(objects(repository)).isEqualTo(objects);
    assertNothingLeft(repository);
  }

  @Test
  void aBundleIsNoLargerThanAPackMayBe() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    LargeHistory history = new LargeHistory(repository, random);
    for (int i = 0; i < 50; i++) {
      history.drifting("file" + i, 1);
    }
    // What has just arrived is left alone.
    repository.files("").forEach(file -> GitRepository.setModified(file, Instant.EPOCH));
    List<Path> before = repository.packFiles();
    RepackSettings disabled = new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO);
    CycleOutcome outcome = cycle(repository, disabled, true);
    assertThat(outcome.work().packsWritten()).isPositive();
    assertThat(newPacks(repository, before))
        .isNotEmpty()
        .allSatisfy(pack -> assertThat(Files.size(pack)).isBetween(MEBIBYTE / 2, MEBIBYTE));
  }
}
