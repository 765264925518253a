package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.TestRegistrations;
import io.repackd.Umask;
import io.repackd.config.AggregateSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.BootClock;
import io.repackd.platform.BootClock.Moment;
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
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rounds over real repositories, with clocks that go on only when they are told. */
class AggregationTest {
  private static final Duration MIN_AGE = Duration.ofMinutes(1);

  /** The kernel's times of files go on while the clock of the test stands still. */
  private static final Duration WHILE_THE_TEST_RUNS = Duration.ofSeconds(20);

  private final Random random = new Random(20261121);

  /** So far ahead that no pack counts as just arrived, however slowly the test runs. */
  private final Instant begun = Instant.now().plus(Duration.ofMinutes(10));

  private Duration later = Duration.ZERO;

  private final BootClock bootClock =
      () -> new Moment("this-boot", Duration.ofHours(1).plus(later));

  @TempDir Path directory;

  private final Aggregation aggregation = aggregation();

  private Aggregation aggregation() {
    InstantSource time = () -> begun.plus(later);
    return new Aggregation(time.withZone(ZoneOffset.UTC), bootClock);
  }

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "-b", "main");
  }

  private static Registration registration(GitRepository repository, boolean promisor)
      throws IOException {
    MaintenanceSettings any =
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO);
    AggregateSettings settings =
        new AggregateSettings(
            true,
            Duration.ofSeconds(10),
            2,
            1_000_000,
            MIN_AGE,
            1000,
            10_000,
            1_000_000,
            1L << 30,
            promisor);
    return new Registration(
        "r",
        RepositoryDiscovery.locate(repository.path()),
        TestRegistrations.settings(
            settings,
            any.expire(),
            new RepackSettings(false, any.repack().batchSize(), any.repack().minAge())));
  }

  private StepOutcome run(GitRepository repository) throws IOException {
    return run(repository, AggregateRequest.SCHEDULED);
  }

  private StepOutcome run(GitRepository repository, AggregateRequest request) throws IOException {
    return aggregation.run(registration(repository, false), request, new Cancellation());
  }

  /** Runs a round that is expected to write a pack, and gives that pack. */
  private Path bundle(GitRepository repository) throws IOException {
    List<Path> before = repository.packFiles();
    StepOutcome outcome = run(repository);
    assertThat(outcome.work().packsWritten()).as(outcome.detail()).isEqualTo(1);
    return repository.packFiles().stream()
        .filter(pack -> !before.contains(pack))
        .findFirst()
        .orElseThrow();
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", "." + extension));
  }

  private static String allObjects(GitRepository repository) {
    return repository.git("cat-file", "--batch-all-objects", "--batch-check");
  }

  private static ObjectDirectory open(GitRepository repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  private void assertStillThere(GitRepository repository, List<Path> packs) throws IOException {
    assertThat(run(repository).work().packsDeleted()).isZero();
    assertThat(repository.packFiles()).containsAll(packs);
    repository.assertHealthy();
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void smallPacksBecomeOneAndGoAMinuteLater(HashAlgorithm hash) throws Exception {
    GitRepository repository =
        GitRepository.bare(
                directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main")
            .fetches(5, random);
    String all = allObjects(repository);
    StepOutcome first = run(repository);
    assertThat(first.result()).as(first.detail()).isEqualTo(Result.OK);
    assertThat(first.detail()).isEqualTo("5 packs into 1 pack");
    assertThat(repository.packFiles()).hasSize(6);
    assertThat(repository.files(".baddeltas")).hasSize(1);
    repository.assertHealthy();

    later = MIN_AGE.minusSeconds(1);
    assertThat(run(repository).detail())
        .isEqualTo("nothing to bundle; 5 superseded packs waiting for deletion; left 1: 1 too few");
    assertThat(repository.packFiles()).hasSize(6);

    later = MIN_AGE.plus(WHILE_THE_TEST_RUNS);
    StepOutcome third = run(repository);
    assertThat(third.work().packsDeleted()).as(third.detail()).isEqualTo(5);
    assertThat(repository.packFiles()).hasSize(1);
    assertThat(repository.files("")).hasSize(4);
    assertThat(allObjects(repository)).isEqualTo(all);
    repository.assertHealthy();
    Path pack = repository.packFiles().getFirst();
    repository.git(
        "index-pack", "--strict", "-o", directory.resolve("check.idx").toString(), pack.toString());
    assertThat(directory.resolve("check.idx")).hasSameBinaryContentAs(beside(pack, "idx"));
  }

  /** Whoever could read the packs may read the bundle, so they can go. */
  @Test
  void smallPacksGoAlsoIfOurUmaskIsTight() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    try (Umask _ = Umask.of(0077)) {
      Path bundle = bundle(repository);
      later = MIN_AGE.plus(WHILE_THE_TEST_RUNS);
      assertThat(run(repository).work().packsDeleted()).isEqualTo(3);
      assertThat(repository.packFiles()).containsExactly(bundle);
    }
    assertThat(repository.files(""))
        .hasSize(4)
        .allSatisfy(file ->
            assertThat(Files.getPosixFilePermissions(file))
                .isEqualTo(PosixFilePermissions.fromString("r--r--r--")));
    repository.assertHealthy();
  }

  @Test
  void whatSeveralPacksHaveIsInTheBundleOnce() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    String ids = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    List<String> all = ids.lines().toList();
    String packs = repository.packs().resolve("pack").toString();
    for (int i = 0; i < 3; i++) {
      String some = String.join("\n", all.subList(i * 10, all.size() - i * 10)) + "\n";
      repository.gitWithInput(some, "pack-objects", "-q", "--window=" + i * 5, packs);
    }
    String objects = allObjects(repository);
    StepOutcome outcome = run(repository);
    assertThat(outcome.work().objectsPacked()).as(outcome.detail()).isEqualTo(all.size());
    repository.assertHealthy();
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(9);
    assertThat(allObjects(repository)).isEqualTo(objects);
    repository.assertHealthy();
  }

  @Test
  void theNewPackIsYoungerThanItsSourcesAlsoIfTheyAreOfTheFuture() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Instant future = begun.plus(Duration.ofDays(1));
    GitRepository.setModified(repository.packFiles().get(1), future);
    Path bundle = bundle(repository);
    assertThat(Files.getLastModifiedTime(bundle).toInstant().getEpochSecond())
        .isGreaterThan(future.getEpochSecond());
    // So that whoever indexes both takes the objects from it.
    repository.git("multi-pack-index", "write");
    later = MIN_AGE.plus(WHILE_THE_TEST_RUNS);
    assertThat(run(repository).work().packsDeleted()).isZero();
  }

  @Test
  void whatIsSupersededIsCarriedOnFromBundleToBundle() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    String before = allObjects(repository);
    Path first = bundle(repository);
    later = Duration.ofSeconds(20);
    repository.fetches(8, random);
    List<Path> superseded = repository.packFiles();
    Path second = bundle(repository);
    assertThat(Files.readAllLines(beside(second, "baddeltas"))).hasSize(3 + 12);
    later = later.plus(MIN_AGE).plus(WHILE_THE_TEST_RUNS);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(superseded.size());
    assertThat(repository.packFiles()).containsExactly(second);
    assertThat(beside(first, "baddeltas")).doesNotExist();
    assertThat(allObjects(repository).lines().toList()).containsAll(before.lines().toList());
    repository.assertHealthy();
  }

  @Test
  void whatWaitsDoesNotBeginAnewWhenItsBundleIsBundled() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    Path first = bundle(repository);
    later = MIN_AGE.minus(WHILE_THE_TEST_RUNS);
    repository.fetches(8, random);
    Path second = bundle(repository);
    assertThat(sources).allMatch(Files::exists);
    later = MIN_AGE.plus(WHILE_THE_TEST_RUNS);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(sources.size());
    assertThat(sources).noneMatch(Files::exists);
    // Whoever listed the packs in between may know no other that has these objects.
    assertThat(first).exists();
    later = MIN_AGE.plusMinutes(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(1 + 8);
    assertThat(repository.packFiles()).containsExactly(second);
    repository.assertHealthy();
  }

  @Test
  void aPackThatAProcessHasOpenStays() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    bundle(repository);
    later = Duration.ofHours(1);
    Process reader = new ProcessBuilder("cat").redirectInput(sources.getFirst().toFile()).start();
    reader.getInputStream().close();
    Process patient =
        new ProcessBuilder(
                "sh", "-c", "exec 3< \"$1\"; echo open; read x", "sh", sources.get(1).toString())
            .start();
    reader.waitFor();
    assertThat(patient.inputReader().readLine()).isEqualTo("open");
    StepOutcome outcome = run(repository);
    patient.outputWriter().close();
    patient.waitFor();
    assertThat(outcome.work().packsDeleted()).isEqualTo(2);
    assertThat(sources.get(1)).exists();
    assertThat(run(repository).work().packsDeleted()).isEqualTo(1);
    repository.assertHealthy();
  }

  @Test
  void aPackThatSomebodyIndexedMeanwhileStays() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    bundle(repository);
    String one = sources.getFirst().getFileName().toString().replace(".pack", ".idx") + "\n";
    repository.gitWithInput(one, "multi-pack-index", "write", "--stdin-packs");
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(2);
    assertThat(repository.packFiles()).contains(sources.getFirst());
    repository.assertHealthy();
  }

  @Test
  void aPackThatSomebodyKeepsMeanwhileStays() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    bundle(repository);
    Files.createFile(beside(sources.getFirst(), "keep"));
    Files.createFile(beside(sources.get(1), "promisor"));
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(1);
    assertThat(repository.packFiles()).contains(sources.getFirst(), sources.get(1));
    assertThat(repository.gitStatus("fsck", "--full")).isZero();
  }

  @Test
  void aPackThatWasTouchedIsWantedAgain() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    bundle(repository);
    GitRepository.setModified(sources.getFirst(), begun.plusSeconds(30));
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(2);
    assertThat(sources.getFirst()).exists();
  }

  @Test
  void aPackGoesOnlyIfEachOfItsObjectsIsInTheOtherOne() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Path bundle = bundle(repository);
    later = Duration.ofSeconds(30);
    List<Path> before = repository.packFiles();
    repository.fetch(1, random);
    Path other =
        repository.packFiles().stream().filter(p -> !before.contains(p)).findFirst().orElseThrow();
    GitRepository.setModified(other, Instant.ofEpochSecond(1_600_000_000));
    Path marker = beside(bundle, "baddeltas");
    String lie =
        Files.readString(marker)
            + "pack "
            + other.getFileName().toString().replace(".pack", "")
            + "\n";
    Files.setPosixFilePermissions(marker, PosixFilePermissions.fromString("rw-r--r--"));
    Files.writeString(marker, lie);
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(3);
    assertThat(other).exists();
    repository.assertHealthy();
  }

  @Test
  void whatOthersSayInSuchAFileDeletesNothing() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> sources = repository.packFiles();
    Path marker = beside(bundle(repository), "baddeltas");
    Files.delete(marker);
    Files.writeString(marker, "bad\n");
    later = Duration.ofHours(1);
    assertStillThere(repository, sources);
  }

  @Test
  void noPackSupersedesItself() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    Path pack = repository.packFiles().getFirst();
    String name = pack.getFileName().toString().replace(".pack", "");
    SupersededPacks itself =
        new SupersededPacks(new Moment("this-boot", Duration.ZERO), List.of(name));
    Files.writeString(beside(pack, "baddeltas"), itself.render());
    later = Duration.ofHours(1);
    assertStillThere(repository, List.of(pack));
  }

  @Test
  void packsThatSupersedeEachOtherBothStayOrOne() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    Path first = repository.packFiles().getFirst();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    String packs = repository.packs().resolve("pack").toString();
    String name =
        repository
            .gitWithInput(
                all,
                "-c",
                "pack.compression=1",
                "pack-objects",
                "-q",
                "--no-reuse-object",
                "--no-reuse-delta",
                packs)
            .strip();
    Path second = repository.packs().resolve("pack-" + name + ".pack");
    Moment old = new Moment("this-boot", Duration.ZERO);
    for (Path pack : List.of(first, second)) {
      String other = pack.equals(first) ? "pack-" + name : stem(first);
      Files.writeString(
          beside(pack, "baddeltas"), new SupersededPacks(old, List.of(other)).render());
      GitRepository.setModified(pack, Instant.ofEpochSecond(1_600_000_000));
    }
    later = Duration.ofHours(1);
    assertStillThere(repository, List.of(first, second));
    GitRepository.setModified(second, Instant.ofEpochSecond(1_600_000_001));
    assertThat(run(repository).work().packsDeleted()).isEqualTo(1);
    assertThat(repository.packFiles()).containsExactly(second);
    repository.assertHealthy();
  }

  private static String stem(Path pack) {
    return pack.getFileName().toString().replace(".pack", "");
  }

  @Test
  void ourOwnIndexesLeaveOutWhatIsSuperseded() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Path bundle = bundle(repository);
    CycleOutcome cycle = cycle(repository);
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(cycle.after().orElseThrow().indexedPacks()).isEqualTo(1);
    repository.assertHealthy();
    VerifiedIndexes verified = new VerifiedIndexes();
    verified.remember(open(repository), FileStamp.find(repository.index()));
    assertThat(verified.upToDate(open(repository))).hasValue(1);
    CycleOutcome idle = cycle(repository);
    assertThat(idle.steps().get(2).detail()).isEqualTo("1 packs, unchanged");
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(3);
    assertThat(repository.packFiles()).containsExactly(bundle);
    repository.assertHealthy();
    assertThat(cycle(repository).result()).isEqualTo(Result.OK);
  }

  @Test
  void whatAnIndexListsItGoesOnToListAlsoIfItIsSuperseded() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    bundle(repository);
    repository.git("multi-pack-index", "write");
    CycleOutcome cycle = cycle(repository);
    assertThat(cycle.result()).as(cycle.detail()).isEqualTo(Result.OK);
    assertThat(cycle.after().orElseThrow().indexedPacks()).isEqualTo(4);
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isZero();
    repository.assertHealthy();
  }

  private CycleOutcome cycle(GitRepository repository) throws IOException {
    return new MaintenanceCycle(Clock.systemUTC(), directory.resolve("state"))
        .run(
            registration(repository, false),
            MaintenanceCycle.Request.SCHEDULED,
            new Cancellation(),
            new CycleListener() {});
  }

  @Test
  void packsOfTheIndexAreNotBundled() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    repository.git("multi-pack-index", "write");
    List<Path> listed = repository.packFiles();
    repository.fetches(4, random);
    Path bundle = bundle(repository);
    assertThat(Files.readAllLines(beside(bundle, "baddeltas"))).hasSize(3 + 4);
    later = Duration.ofHours(1);
    run(repository);
    assertThat(repository.packFiles()).hasSize(4).containsAll(listed).contains(bundle);
    repository.assertHealthy();
  }

  @Test
  void promisorPacksStayAmongThemselves() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    for (Path pack : repository.packFiles().subList(0, 3)) {
      Files.createFile(beside(pack, "promisor"));
    }
    Registration registration = registration(repository, true);
    StepOutcome outcome =
        aggregation.run(registration, AggregateRequest.SCHEDULED, new Cancellation());
    assertThat(outcome.detail()).isEqualTo("6 packs into 2 packs");
    later = Duration.ofHours(1);
    aggregation.run(registration, AggregateRequest.SCHEDULED, new Cancellation());
    assertThat(repository.packFiles()).hasSize(2);
    assertThat(repository.files(".promisor")).hasSize(1);
    assertThat(repository.gitStatus("fsck", "--full")).isZero();
  }

  @Test
  void aDamagedPackIsLeftAndTheOthersAreBundled() throws Exception {
    GitRepository repository = repository().fetches(6, random);
    Path damaged = repository.packFiles().get(1);
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(damaged, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(damaged, bytes);
    Path cutOff = repository.packFiles().get(2);
    Files.setPosixFilePermissions(cutOff, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(cutOff, new byte[] {'P', 'A', 'C', 'K'});
    StepOutcome outcome = run(repository);
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).isEqualTo("4 packs into 1 pack; left 2: 2 damaged");
    later = Duration.ofHours(1);
    run(repository);
    assertThat(repository.packFiles()).hasSize(3).contains(damaged, cutOff);
    assertThat(repository.files("").stream().filter(f -> f.toString().contains("tmp_"))).isEmpty();
  }

  @Test
  void aPackThatTheBundleWouldOnlyRepeatIsNotWrittenAgainAndAgain() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    repository.gitWithInput(
        "", "pack-objects", "-q", repository.packs().resolve("pack").toString());
    List<Path> packs = repository.packFiles();
    Registration registration = registration(repository, false);
    assertThat(aggregation.worthwhile(registration)).isTrue();
    run(repository);
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertThat(aggregation.worthwhile(registration)).isFalse();
    later = Duration.ofHours(1);
    run(repository);
    assertThat(repository.packFiles()).isEqualTo(packs);
    repository.assertHealthy();
  }

  @Test
  void itIsWorthwhileWhenSomethingCameOrItsTimeHasCome() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    Registration registration = registration(repository, false);
    assertThat(aggregation.worthwhile(registration)).isFalse();
    repository.fetches(3, random);
    assertThat(aggregation.worthwhile(registration)).isTrue();
    bundle(repository);
    assertThat(aggregation.worthwhile(registration)).isFalse();
    later = MIN_AGE.plus(WHILE_THE_TEST_RUNS);
    assertThat(aggregation.worthwhile(registration)).isTrue();
    run(repository);
    assertThat(aggregation.worthwhile(registration)).isFalse();
  }

  @Test
  void nothingHappensWhereNothingMayBeDeleted() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");
    assertThat(run(repository).result()).isEqualTo(Result.SKIPPED);
    assertThat(aggregation.worthwhile(registration(repository, false))).isFalse();
    assertThat(repository.packFiles()).hasSize(3);
  }

  @Test
  void twoRoundsDoNotMeet() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Path lock = Files.createFile(repository.objects().resolve("aggregate.lock"));
    StepOutcome outcome = run(repository);
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.detail()).contains(lock.toString());
    assertThat(repository.packFiles()).hasSize(3);
    Files.delete(lock);
    bundle(repository);
    assertThat(lock).doesNotExist();
  }

  @Test
  void besideAnIndexThatCannotBeReadNothingIsTouched() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Files.writeString(repository.index(), "MIDX of another kind");
    StepOutcome outcome = run(repository);
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.detail()).contains(repository.index().toString());
    assertThat(repository.packFiles()).hasSize(3);
  }

  @Test
  void whileGcRunsNothingIsTouchedUnlessItIsKnownWhatItUses() throws Exception {
    GitRepository repository = repository().fetches(5, random);
    Files.writeString(repository.path().resolve("gc.pid"), "1 elsewhere");
    StepOutcome outcome = run(repository);
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(repository.packFiles()).hasSize(5);
    String used = stem(repository.packFiles().getFirst());
    AggregateRequest known = new AggregateRequest(true, Optional.of(Set.of(used)), Set.of());
    assertThat(run(repository, known).detail())
        .isEqualTo("4 packs into 1 pack; left 1: 1 in use by a repack");
    assertThat(run(repository, known).work().packsDeleted()).isEqualTo(4);
    repository.assertHealthy();
  }

  @Test
  void theLastTraceOfADeletedPackIsSweptUp() throws Exception {
    GitRepository repository = repository().fetches(1, random);
    Path orphan = Files.createFile(repository.packs().resolve("pack-1.baddeltas"));
    Path young = Files.createFile(repository.packs().resolve("pack-2.baddeltas"));
    Path paired = Files.createFile(repository.packs().resolve("pack-3.baddeltas"));
    Files.createFile(repository.packs().resolve("pack-3.pack"));
    for (Path file : List.of(orphan, paired)) {
      GitRepository.setModified(file, begun.minus(Duration.ofMinutes(61)));
    }
    run(repository);
    assertThat(orphan).doesNotExist();
    assertThat(young).exists();
    assertThat(paired).exists();
  }

  @Test
  void aDeletionThatWasCutOffIsEnded() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    Path source = repository.packFiles().getFirst();
    bundle(repository);
    Files.move(beside(source, "idx"), repository.packs().resolve("tmp_hidden_" + stem(source)));
    later = Duration.ofHours(1);
    assertThat(run(repository).work().packsDeleted()).isEqualTo(3);
    PackDirectoryListing listing = open(repository).listPacks();
    assertThat(listing.garbage()).isEmpty();
    repository.assertHealthy();
  }

  /** Until a cycle lists them again, the next index or bundle would take them for new. */
  @Test
  void whatWasBeingExpiredStaysHiddenWhileThereIsAnIndexWithoutIt() throws Exception {
    GitRepository repository = repository().fetches(3, random);
    List<Path> packs = repository.packFiles();
    Path listed = packs.getFirst();
    repository.gitWithInput(
        beside(listed, "idx").getFileName() + "\n", "multi-pack-index", "write", "--stdin-packs");
    List<Path> hidden = new ArrayList<>();
    for (Path pack : packs.subList(1, 3)) {
      hidden.add(Files.move(beside(pack, "idx"), pack.resolveSibling("tmp_hidden_" + stem(pack))));
    }
    for (Path file : hidden) {
      GitRepository.setModified(file, Instant.now().minus(Duration.ofDays(30)));
    }
    run(repository);
    repository.git("prune", "--expire=2.weeks.ago");
    assertThat(hidden).allSatisfy(file -> assertThat(file).exists());
    assertThat(repository.packFiles()).isEqualTo(packs);
    Files.delete(repository.index());
    run(repository);
    assertThat(hidden).allSatisfy(file -> assertThat(file).doesNotExist());
    repository.assertHealthy();
  }

  @Test
  void randomPushesAndRoundsLoseNothing() throws Exception {
    long seed = System.nanoTime();
    Random pushes = new Random(seed);
    GitRepository repository = repository().fetch(1, pushes);
    for (int round = 0; round < 8; round++) {
      repository.fetches(1 + pushes.nextInt(3), pushes);
      String all = allObjects(repository);
      later = later.plusSeconds(pushes.nextInt(120));
      if (pushes.nextInt(4) == 0) {
        assertThat(cycle(repository).result()).as("seed %d", seed).isEqualTo(Result.OK);
      }
      StepOutcome outcome = run(repository);
      assertThat(outcome.result()).as("seed %d: %s", seed, outcome.detail()).isEqualTo(Result.OK);
      assertThat(allObjects(repository)).as("seed %d", seed).isEqualTo(all);
      assertThat(repository.gitStatus("fsck", "--full", "--strict")).as("seed %d", seed).isZero();
    }
    assertThat(names(repository)).as("seed %d", seed).noneMatch(name -> name.contains("tmp_"));
  }

  private static List<String> names(GitRepository repository) {
    try (Stream<Path> files = Files.list(repository.packs())) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void looseObjectsArePackedInOneRoundAndDroppedInALaterOne() throws Exception {
    GitRepository repository = repository();
    for (int i = 0; i < 20; i++) {
      repository.gitWithInput("content " + i, "hash-object", "-w", "--stdin");
    }
    LooseFiles.write(repository, "12".repeat(20), LooseFiles.bytes("bad"));
    Registration few = withMinLoose(registration(repository, false), 20);

    StepOutcome first = aggregation.run(few, AggregateRequest.SCHEDULED, new Cancellation());

    assertThat(first.result()).isEqualTo(Result.DEGRADED);
    assertThat(first.detail())
        .startsWith("20 loose objects into 1 pack")
        .endsWith("left 1 bad loose object");
    assertThat(first.work().objectsPacked()).isEqualTo(20);
    later = later.plus(MIN_AGE).plus(WHILE_THE_TEST_RUNS);

    StepOutcome second = aggregation.run(few, AggregateRequest.SCHEDULED, new Cancellation());

    assertThat(second.work().looseObjectsDeleted()).isEqualTo(20);
    assertThat(LooseFiles.ids(repository)).containsExactly("12".repeat(20));
    assertThat(repository.packFiles()).hasSize(1);
  }

  private static Registration withMinLoose(Registration registration, int minLoose) {
    MaintenanceSettings all = registration.settings();
    AggregateSettings old = all.aggregate();
    AggregateSettings settings =
        new AggregateSettings(
            old.enabled(),
            old.interval(),
            old.minPacks(),
            minLoose,
            old.minAge(),
            old.maxPacks(),
            old.maxLoose(),
            old.maxObjects(),
            old.maxBytes(),
            old.promisor());
    return new Registration(
        registration.name(),
        registration.location(),
        new MaintenanceSettings(
            true,
            all.schedule(),
            all.jitter(),
            all.multiPackIndex(),
            settings,
            all.expire(),
            all.repack(),
            all.safety()));
  }
}
