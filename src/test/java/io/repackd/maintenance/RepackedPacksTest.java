package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.BootClock;
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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pack that git's repack would leave, and would delete what was written of it: most of it is in a large pack that somebody keeps, and
 * what was written of it is small.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RepackedPacksTest {
  private static final RepackSettings NO_REPACK =
      new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO);

  private static final RepackSettings REPACK =
      new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO);

  private static final AggregateSettings NO_AGGREGATION =
      TestRegistrations.aggregate(false, Duration.ofMinutes(5));

  private static final Duration WINDOW = Duration.ofHours(1);

  @TempDir Path directory;

  /** As in a daemon. */
  private final VerifiedIndexes verifiedIndexes = new VerifiedIndexes();

  private GitRepository repository;
  private Path kept;

  /** Has most of what the kept one has, and one object of its own. */
  private Path outlasting;

  private Path small;

  /** What it has that the kept one has, too. */
  private List<String> inOutlasting;

  /** Only the outlasting pack has it. */
  private String own;

  private Instant now = Instant.now().plusSeconds(60);

  @BeforeEach
  void packs() throws IOException {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(5, new Random(20261130));
    repository.git("-c", "repack.writeBitmaps=false", "repack", "-a", "-d", "-q");
    kept = repository.packFiles().getFirst();
    List<String> all = repository.objectsIn(kept);
    own = blob("own");
    List<String> most = new ArrayList<>(all.subList(0, 30));
    inOutlasting = List.copyOf(most);
    most.add(own);
    outlasting = pack(most);
    small = pack(List.of(blob("one"), blob("another")));
    Files.writeString(beside(kept, "keep"), "for good\n");
    GitRepository.setModified(kept, now.minusSeconds(1));
    cycle(NO_REPACK);
    assertThat(listed()).containsExactlyInAnyOrder(kept, outlasting, small);
    assertThat(ownerOf(own)).isEqualTo(outlasting);
  }

  private String blob(String content) {
    return repository.gitWithInput(content, "hash-object", "-w", "--stdin").strip();
  }

  private Path pack(List<String> ids) {
    String stem = repository.packs().resolve("pack").toString();
    String name =
        repository.gitWithInput(String.join("\n", ids) + "\n", "pack-objects", "-q", stem).strip();
    repository.git("prune-packed");
    return Path.of(stem + "-" + name + ".pack");
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("pack$", extension));
  }

  private CycleOutcome cycle(RepackSettings repack) throws IOException {
    return cycle(NO_AGGREGATION, repack);
  }

  private CycleOutcome cycle(AggregateSettings aggregate, RepackSettings repack)
      throws IOException {
    return cycle(aggregate, repack, new Cancellation(), new CycleListener() {});
  }

  private CycleOutcome cycle(
      AggregateSettings aggregate,
      RepackSettings repack,
      Cancellation cancellation,
      CycleListener listener)
      throws IOException {
    CycleOutcome outcome = outcome(aggregate, repack, cancellation, listener);
    assertThat(outcome.result())
        .as(outcome.detail())
        .isEqualTo(cancellation.requested() ? Result.CANCELLED : Result.OK);
    return outcome;
  }

  private CycleOutcome outcome(
      AggregateSettings aggregate,
      RepackSettings repack,
      Cancellation cancellation,
      CycleListener listener)
      throws IOException {
    Registration registration =
        new Registration(
            "r",
            RepositoryDiscovery.locate(repository.path()),
            TestRegistrations.settings(aggregate, new ExpireSettings(true, WINDOW), repack));
    Clock clock = Clock.fixed(now, ZoneOffset.UTC);
    return new MaintenanceCycle(
            clock, directory.resolve("state"), new Aggregation(clock), verifiedIndexes)
        .run(registration, new Request(false), cancellation, listener);
  }

  private List<Path> listed() throws IOException {
    return InstalledIndex.listed(repository);
  }

  private Path ownerOf(String id) throws IOException {
    return InstalledIndex.ownerOf(repository, id);
  }

  /** Git puts the small ones together, without what the outlasting one has, which stays: that is what the small one was before. */
  private void gitRepacks(Path written) {
    repository.git("repack", "-d", "-q", "--geometric=2");
    assertThat(repository.packFiles())
        .containsExactlyInAnyOrder(kept, outlasting, small)
        .doesNotContain(written);
  }

  @Test
  void theIndexListsItNoMoreAndWhoeverMissesWhatWasWrittenFindsIt() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    assertThat(listed()).containsExactlyInAnyOrder(kept, small, written);
    assertThat(repository.packFiles()).contains(outlasting);
    try (IndexReader reader = new IndexReader(repository)) {
      gitRepacks(written);
      reader.assertFinds(own);
    }
    repository.assertHealthy();
  }

  /** Git has left it, and nothing says any more that it was repacked. */
  @Test
  void itIsListedAgainWhenWhatWasWrittenHasGone() throws Exception {
    cycle(REPACK);
    gitRepacks(ownerOf(own));
    now = now.plus(WINDOW.multipliedBy(2));
    cycle(NO_REPACK);
    assertThat(ownerOf(own)).isEqualTo(outlasting);
    repository.assertHealthy();
    repository.git("cat-file", "-e", own);
  }

  /** What was written stays, but a pack that has others of its objects goes. */
  @Test
  void itIsListedAgainWhenNobodyElseHasOneOfItsObjects() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    for (String extension : List.of("keep", "idx", "rev", "pack")) {
      Files.deleteIfExists(beside(kept, extension));
    }
    now = now.plus(WINDOW.multipliedBy(2));
    cycle(NO_REPACK);
    assertThat(listed()).contains(outlasting, written);
    cycle(NO_REPACK);
    assertThat(listed()).contains(outlasting, written);
  }

  @Test
  void itGoesWhenItsWindowHasPassedAndTheIndexStaysAsItIs() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    Instant dropped = now;
    now = dropped.plus(WINDOW).minusSeconds(1);
    assertThat(cycle(NO_REPACK).work().packsDeleted()).isEqualTo(0);
    now = dropped.plus(WINDOW).plusSeconds(1);
    Files.writeString(beside(small, "keep"), "for now\n");
    byte[] index = Files.readAllBytes(repository.index());
    assertThat(cycle(NO_REPACK).work().packsDeleted()).isEqualTo(1);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(kept, small, written);
    assertThat(repository.index()).hasBinaryContent(index);
    assertThat(repository.files(".idx")).doesNotContain(beside(outlasting, "idx"));
    repository.assertHealthy();
  }

  /** Its window begins when nobody is led to it any more, and not when somebody else's index took nothing from it. */
  @Test
  void itWaitsForWhoeverReadsAnIndexThatLeadsToIt() throws Exception {
    try (IndexReader reader = new IndexReader(repository)) {
      cycle(REPACK);
      now = now.plus(WINDOW.multipliedBy(2));
      cycle(NO_REPACK);
      assertThat(repository.packFiles()).contains(outlasting);
      reader.assertFinds(own);
    }
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).doesNotContain(outlasting);
  }

  /** Or nobody would know of it any more what it is. */
  @Test
  void whatWasWrittenStaysForAsLong() throws Exception {
    cycle(REPACK);
    Path first = ownerOf(own);
    pack(List.of(blob("three"), blob("four"), blob("five")));
    now = now.plusSeconds(60);
    cycle(REPACK);
    Path second = ownerOf(own);
    assertThat(second).isNotEqualTo(first);
    now = now.plus(WINDOW).plusSeconds(1);
    Process uses = new ProcessBuilder("sleep", "600").redirectInput(outlasting.toFile()).start();
    try {
      cycle(NO_REPACK);
      assertThat(repository.packFiles()).contains(outlasting, first);
      assertThat(listed()).doesNotContain(outlasting);
    } finally {
      uses.destroyForcibly().waitFor();
    }
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).contains(first).doesNotContain(outlasting);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(kept, second);
  }

  @Test
  void nobodyBundlesIt() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    for (int i = 0; i < 12; i++) {
      pack(List.of(blob("pushed %d".formatted(i))));
    }
    now = now.plusSeconds(600);
    cycle(TestRegistrations.aggregate(true, Duration.ZERO), NO_REPACK);
    assertThat(repository.packFiles()).contains(outlasting);
    assertThat(listed()).doesNotContain(outlasting).contains(written);
  }

  /** Git gives a pack that its index has not listed all that it has, what the kept one has, too. */
  @Test
  void whenSomebodyElseListsItItIsRepackedAgain() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    repository.git("multi-pack-index", "write");
    assertThat(ownerOf(own)).isEqualTo(outlasting);
    cycle(REPACK);
    Path larger = ownerOf(own);
    assertThat(larger).isNotIn(outlasting, written);
    now = now.plus(WINDOW).minusSeconds(1);
    cycle(REPACK);
    assertThat(repository.packFiles()).contains(outlasting, written);
    now = now.plusSeconds(2);
    cycle(REPACK);
    cycle(REPACK);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(kept, larger);
    repository.assertHealthy();
  }

  /** Whoever writes indexes as often as the cycle runs keeps nothing for ever. */
  @Test
  void itGoesThoughSomebodyElseListsItEachDay() throws Exception {
    cycle(REPACK);
    for (int day = 0; day < 4; day++) {
      repository.git("multi-pack-index", "write");
      now = now.plus(Duration.ofDays(1));
      cycle(REPACK);
    }
    assertThat(repository.packFiles()).hasSize(2).contains(kept).doesNotContain(outlasting);
  }

  /** The small one may go any day. */
  @Test
  void whatOwnsObjectsAgainGivesNothingUpToASmallPack() throws Exception {
    cycle(REPACK);
    repository.git("multi-pack-index", "write");
    pack(List.of(own, blob("pushed")));
    now = now.plusSeconds(60);
    cycle(NO_REPACK);
    assertThat(ownerOf(own)).isEqualTo(outlasting);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("repack", "-d", "-q", "--geometric=2");
      reader.assertFinds(own);
    }
    repository.assertHealthy();
  }

  /** It is named, and keeps nothing else from being listed. */
  @Test
  void damageOfItsIndexIsNoDamageToOthers() throws Exception {
    cycle(REPACK);
    Path pushed = pack(List.of(blob("pushed")));
    Path index = beside(outlasting, "idx");
    Files.setPosixFilePermissions(index, PosixFilePermissions.fromString("rw-------"));
    Files.write(index, Arrays.copyOf(Files.readAllBytes(index), 600));
    now = now.plus(WINDOW.multipliedBy(3));
    CycleOutcome outcome =
        outcome(NO_AGGREGATION, NO_REPACK, new Cancellation(), new CycleListener() {});
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).contains(index.toString());
    assertThat(listed()).contains(pushed);
    assertThat(repository.packFiles()).contains(outlasting);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).contains(outlasting);
  }

  private RequestedMaintenance byHand() throws IOException {
    return new RequestedMaintenance(
        ObjectDirectory.open(RepositoryDiscovery.locate(repository.path())),
        Clock.fixed(now, ZoneOffset.UTC),
        new Cancellation(),
        new RequestListener() {
          @Override
          public void warn(String line) {
            throw new AssertionError(line);
          }

          @Override
          public void begin(String step) {}
        });
  }

  /** As git's own command would: it knows nothing of what waits. */
  @Test
  void whoeverExpiresByHandWaitsForNothing() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    RequestedMaintenance byHand = byHand();
    Path pushed = pack(List.of(blob("pushed")));
    byHand.write(RequestedMaintenance.Selection.ALL);
    byHand.repack(new BatchSize.Everything());
    assertThat(byHand.expire()).isEqualTo(3);
    assertThat(repository.packFiles())
        .contains(kept, outlasting)
        .doesNotContain(written, small, pushed);
    byHand.write(RequestedMaintenance.Selection.ALL);
    assertThat(listed()).contains(outlasting);
    repository.assertHealthy();
  }

  @Test
  void whileItWaitsNothingIsWrittenForIt() throws Exception {
    cycle(REPACK);
    now = now.plusSeconds(60);
    assertThat(cycle(NO_REPACK).steps())
        .filteredOn(step -> step.step() == Step.WRITE)
        .singleElement()
        .satisfies(step -> assertThat(step.detail()).isEqualTo("3 packs, unchanged"));
  }

  /** The index by which others are expired does not list what was written beside it. */
  @Test
  void noIndexListsBothWhenOthersAreExpiredInTheSameCycle() throws Exception {
    Path copy = pack(List.of(blob("one"), blob("another"), blob("three")));
    cycle(NO_REPACK);
    now = now.plus(WINDOW).plusSeconds(1);
    List<Path> owners = new ArrayList<>();
    CycleOutcome outcome =
        cycle(
            NO_AGGREGATION,
            REPACK,
            new Cancellation(),
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome step) {
                if (step.step() == Step.EXPIRE) {
                  owners.add(uncheckedOwnerOf(own));
                }
              }
            });
    assertThat(outcome.work().packsDeleted()).isEqualTo(1);
    assertThat(repository.packFiles()).doesNotContain(small).contains(copy);
    assertThat(owners).containsExactly(outlasting);
    assertThat(listed()).doesNotContain(outlasting);
  }

  private Path uncheckedOwnerOf(String id) {
    try {
      return ownerOf(id);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** It owned nothing once, then somebody else's index led to it; and the cycle that wrote something of it was cut off. */
  @Test
  void itsWindowBeginsWhenTheIndexDropsItWhateverWasBefore() throws Exception {
    List<String> many = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      many.add(blob("many %d".formatted(i)));
    }
    many.add(own);
    Path larger = pack(many);
    cycle(NO_REPACK);
    assertThat(ownerOf(own)).isEqualTo(larger);
    for (String extension : List.of("idx", "rev", "pack")) {
      Files.deleteIfExists(beside(larger, extension));
    }
    Files.delete(repository.index());
    repository.git("multi-pack-index", "write");
    assertThat(ownerOf(own)).isEqualTo(outlasting);
    Path written = pack(List.of(own));
    GitRepository.setModified(written, now);
    says(written, outlasting);
    now = now.plus(WINDOW.multipliedBy(2));
    cycle(NO_REPACK);
    assertThat(ownerOf(own)).isEqualTo(written);
    assertThat(listed()).doesNotContain(outlasting);
    assertThat(repository.packFiles()).contains(outlasting);
  }

  private static void says(Path written, Path repacked) throws IOException {
    Files.writeString(
        beside(written, "supersedes"),
        new SupersededPacks(BootClock.SYSTEM.now(), List.of(), List.of(name(repacked))).render());
  }

  /** A promisor pack has the others, and those may go. */
  @Test
  void itStaysListedIfNoPackOfItsClassHasOneOfItsObjects() throws Exception {
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.partialClone", "origin");
    Files.createFile(beside(kept, "promisor"));
    Path written = pack(List.of(own));
    GitRepository.setModified(written, now);
    says(written, outlasting);
    cycle(NO_REPACK);
    assertThat(ownerOf(own)).isEqualTo(written);
    assertThat(listed()).contains(outlasting);
  }

  /** From its packs alone, and takes nothing from it: nobody is led to it, and it waits no longer for that. */
  @Test
  void itGoesThoughSomebodyElseWritesTheIndexAnew() throws Exception {
    cycle(REPACK);
    List<String> indexes =
        repository.files(".idx").stream().map(file -> file.getFileName().toString()).toList();
    repository.gitWithInput(
        String.join("\n", indexes) + "\n", "multi-pack-index", "write", "--stdin-packs");
    assertThat(listed()).contains(outlasting);
    now = now.plus(WINDOW).plusSeconds(1);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).doesNotContain(outlasting);
  }

  /** What covers it can be read by fewer people since. */
  @Test
  void itIsListedAgainWhenWhatHasItsObjectsDoesNotCoverItAnyMore() throws Exception {
    cycle(REPACK);
    now = now.plus(WINDOW.multipliedBy(2));
    Files.setPosixFilePermissions(kept, PosixFilePermissions.fromString("r--------"));
    for (int i = 0; i < 4; i++) {
      now = now.plus(WINDOW.multipliedBy(2));
      cycle(REPACK);
    }
    assertThat(repository.packFiles()).doesNotContain(outlasting);
    repository.assertHealthy();
  }

  /** A round between the two would take it for new, and then delete it with what only it says. */
  @Test
  void whatWasWrittenIsNotBundledWhereTheCycleEndsBeforeTheIndexIsWritten() throws Exception {
    cutOff(REPACK);
    List<Path> before = repository.packFiles();
    for (int i = 0; i < 12; i++) {
      pack(List.of(blob("pushed %d".formatted(i))));
    }
    now = now.plusSeconds(600);
    cycle(TestRegistrations.aggregate(true, Duration.ZERO), NO_REPACK);
    assertThat(ownerOf(own)).isIn(before).isNotEqualTo(outlasting);
    assertThat(listed()).doesNotContain(outlasting);
  }

  /** The hand's index lists all that there is, as git's does. */
  @Test
  void aRepackByHandSaysNothing() throws Exception {
    byHand().repack(new BatchSize.Everything());
    assertThat(repository.packFiles()).hasSize(4);
    assertThat(repository.files(".supersedes")).isEmpty();
  }

  /** Git's geometric repack leaves a pack with exactly twice as many objects, too. */
  @Test
  void twiceAsManyObjectsAreEnough() throws Exception {
    GitRepository.remove(outlasting);
    Files.delete(repository.index());
    List<String> six = new ArrayList<>(inOutlasting.subList(0, 5));
    six.add(own);
    repository.gitWithInput("own", "hash-object", "-w", "--stdin");
    outlasting = pack(six);
    cycle(NO_REPACK);
    cycle(REPACK);
    assertThat(listed()).containsExactlyInAnyOrder(kept, small, ownerOf(own));
  }

  /** Nobody has rounds of aggregation. */
  @Test
  void whatIsSaidGoesWhenItIsAboutNobodyAnyMore() throws Exception {
    cycle(REPACK);
    assertThat(repository.files(".supersedes")).hasSize(1);
    now = now.plus(WINDOW.multipliedBy(2));
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).doesNotContain(outlasting);
    cycle(NO_REPACK);
    assertThat(repository.files(".supersedes")).isEmpty();
  }

  /** By its size in bytes, though it has not twice as many objects. */
  @Test
  void gitGcMayLeaveItAndTakeWhatWasWritten() throws Exception {
    for (int i = 0; i < 20; i++) {
      pack(List.of(blob("more %d".formatted(i))));
    }
    cycle(NO_REPACK);
    repository.git("config", "gc.bigPackThreshold", String.valueOf(Files.size(outlasting)));
    cycle(REPACK);
    Path written = ownerOf(own);
    assertThat(Files.size(written)).isLessThan(Files.size(outlasting));
    assertThat(listed()).contains(written).doesNotContain(outlasting);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("-c", "gc.cruftPacks=false", "gc", "-q", "--no-prune");
      assertThat(repository.packFiles()).contains(outlasting).doesNotContain(written);
      reader.assertFinds(own);
    }
    repository.assertHealthy();
  }

  /** A cycle that ends when the pack is written and not listed yet. */
  private void cutOff(RepackSettings repack) throws IOException {
    Cancellation cancellation = new Cancellation();
    cycle(
        NO_AGGREGATION,
        repack,
        cancellation,
        new CycleListener() {
          @Override
          public void stepFinished(Registration registration, StepOutcome step) {
            if (step.step() == Step.REPACK) {
              cancellation.request();
            }
          }
        });
  }

  /** Then the index does not list it from the next cycle on. */
  @Test
  void whatWasWrittenSaysItAlsoWhereTheCycleEndsBeforeTheIndexIsWritten() throws Exception {
    cutOff(REPACK);
    assertThat(ownerOf(own)).isEqualTo(outlasting);
    cycle(NO_REPACK);
    Path written = ownerOf(own);
    assertThat(listed()).containsExactlyInAnyOrder(kept, small, written);
    now = now.plus(WINDOW).minusSeconds(1);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).contains(outlasting);
    now = now.plusSeconds(2);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).doesNotContain(outlasting);
  }

  /** Somebody wanted one of its objects since. */
  @Test
  void aPackThatGitTouchesIsLikeAnyOther() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    GitRepository.setModified(outlasting, now.plusSeconds(5));
    now = now.plus(WINDOW.multipliedBy(2));
    cycle(NO_REPACK);
    assertThat(listed()).contains(outlasting, written);
    assertThat(repository.packFiles()).contains(outlasting, written);
    assertThat(ownerOf(own)).isEqualTo(outlasting);
  }

  @Test
  void nothingIsSaidOfWhatIsNotLargerThanWhatWasWritten() throws Exception {
    cycle(REPACK);
    Path written = ownerOf(own);
    assertThat(Files.readString(beside(written, "supersedes")))
        .contains("repacked " + name(outlasting))
        .doesNotContain(name(small));
    assertThat(listed()).contains(small);
  }

  private static String name(Path pack) {
    return pack.getFileName().toString().replaceFirst("\\.pack$", "");
  }
}
