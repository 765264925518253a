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
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two packs have an object: to which of them a cycle's index leads, and what becomes of whoever reads that. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnersTest {
  private static final RepackSettings NO_REPACK =
      new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO);

  private static final RepackSettings REPACK =
      new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO);

  private static final AggregateSettings NO_AGGREGATION =
      TestRegistrations.aggregate(false, Duration.ofMinutes(5));

  @TempDir Path directory;

  private GitRepository repository;
  private Path large;
  private List<String> inLarge;

  @BeforeEach
  void aLargePack() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(5, new Random(20261129));
    repository.git("-c", "repack.writeBitmaps=false", "repack", "-a", "-d", "-q");
    large = repository.packFiles().getFirst();
    inLarge = repository.objectsIn(large);
  }

  /** Objects that no pack has yet. */
  private List<String> blobs(int count, String what) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ids.add(
          repository
              .gitWithInput("%s %d".formatted(what, i), "hash-object", "-w", "--stdin")
              .strip());
    }
    return ids;
  }

  /** A pack of them, younger than all others. */
  private Path pack(List<String> ids) {
    String stem = repository.packs().resolve("pack").toString();
    String name =
        repository.gitWithInput(String.join("\n", ids) + "\n", "pack-objects", "-q", stem).strip();
    repository.git("prune-packed");
    Path pack = Path.of(stem + "-" + name + ".pack");
    GitRepository.setModified(pack, Instant.now().plusSeconds(repository.packFiles().size()));
    return pack;
  }

  private static List<String> joined(List<String> some, List<String> others) {
    List<String> ids = new ArrayList<>(some);
    ids.addAll(others);
    return ids;
  }

  private static List<String> and(String id, List<String> others) {
    List<String> ids = new ArrayList<>(others);
    ids.add(id);
    return ids;
  }

  private CycleOutcome cycle(RepackSettings repack) throws IOException {
    CycleOutcome outcome = outcome(repack);
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    return outcome;
  }

  private CycleOutcome outcome(RepackSettings repack) throws IOException {
    return outcome(NO_AGGREGATION, repack);
  }

  private CycleOutcome outcome(AggregateSettings aggregate, RepackSettings repack)
      throws IOException {
    return run(aggregate, repack, new Cancellation(), new CycleListener() {});
  }

  private CycleOutcome run(
      AggregateSettings aggregate,
      RepackSettings repack,
      Cancellation cancellation,
      CycleListener listener)
      throws IOException {
    Registration registration =
        new Registration(
            "r",
            RepositoryDiscovery.locate(repository.path()),
            TestRegistrations.settings(aggregate, new ExpireSettings(true, Duration.ZERO), repack));
    Clock clock = Clock.fixed(Instant.now().plusSeconds(60), ZoneOffset.UTC);
    return new MaintenanceCycle(clock, directory.resolve("state"))
        .run(registration, new Request(true), cancellation, listener);
  }

  private Path ownerOf(String id) throws IOException {
    return InstalledIndex.ownerOf(repository, id);
  }

  /** It puts the small ones together, without what the large one has, which stays. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoReadsItFindsTheObjectWhenGitHasPutTheSmallOnesTogether(boolean largeIsListed)
      throws Exception {
    if (largeIsListed) {
      cycle(NO_REPACK);
    }
    String shared = inLarge.getLast();
    List<Path> small =
        List.of(pack(and(shared, blobs(2, "one"))), pack(and(shared, blobs(2, "another"))));
    cycle(NO_REPACK);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("repack", "-d", "-q", "--geometric=2", "--write-midx");
      assertThat(repository.packFiles()).doesNotContainAnyElementsOf(small).contains(large);
      reader.assertFinds(shared);
    }
    repository.assertHealthy();
  }

  /** Git leaves it, and takes nothing from others that it has. */
  @Test
  void whoReadsItFindsTheObjectWhenGitHasRepackedAllThatNobodyKeeps() throws Exception {
    String shared = inLarge.getLast();
    Path kept = pack(List.of(shared));
    keep(kept, "for good");
    Path other = pack(and(shared, blobs(3, "one")));
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(kept);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("repack", "-a", "-d", "-q");
      assertThat(repository.packFiles()).doesNotContain(large, other).contains(kept);
      reader.assertFinds(shared);
    }
    repository.assertHealthy();
  }

  private static Path keep(Path pack, String content) throws IOException {
    Path keep = Path.of(pack.toString().replaceFirst("\\.pack$", ".keep"));
    return Files.writeString(keep, content + "\n");
  }

  /** Git leaves the pack while it is kept, and repacks it like others a moment later. */
  @ParameterizedTest
  @ValueSource(
      strings = {"receive-pack 1 on here", "fetch-pack 1 on here", "fast-import", "jgit fetch"})
  void whatIsBeingPushedIsNotListedYet(String keeper) throws Exception {
    String shared = inLarge.getLast();
    Path pushed = pack(and(shared, blobs(1, "one")));
    Path keep = keep(pushed, keeper);
    cycle(NO_REPACK);
    assertThat(listed()).containsExactly(large);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("repack", "-a", "-d", "-q");
      assertThat(repository.packFiles()).doesNotContain(large).contains(pushed);
      reader.assertFinds(shared);
    }
    Files.delete(keep);
    cycle(NO_REPACK);
    assertThat(listed()).contains(pushed);
  }

  /** It stays, so that a younger one must not own what it has, however little the index takes from it. */
  @Test
  void aKeptPackGivesNothingUp() throws Exception {
    String shared = inLarge.getLast();
    Path kept = pack(List.of(shared));
    keep(kept, "for good");
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(kept);
    pack(and(shared, blobs(2, "one")));
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(kept);
  }

  /** However few objects it has. */
  @Test
  void aPackThatGitGcLeavesForItsSizeGivesNothingUp() throws Exception {
    String shared = inLarge.getLast();
    byte[] incompressible = new byte[1 << 17];
    new Random(20261130).nextBytes(incompressible);
    Path file = Files.write(directory.resolve("incompressible"), incompressible);
    Path big =
        pack(and(shared, List.of(repository.git("hash-object", "-w", file.toString()).strip())));
    repository.git("config", "gc.bigPackThreshold", "128k");
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(big);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("gc", "-q", "--no-prune");
      assertThat(repository.packFiles()).contains(big).doesNotContain(large);
      reader.assertFinds(shared);
    }
    repository.assertHealthy();
  }

  /** Who has many large packs has {@code git gc} leave them, and other commands leave only what is kept. */
  @Test
  void aKeptPackGivesNothingUpToOneThatIsLeftForItsSize() throws Exception {
    String shared = inLarge.getLast();
    Path kept = pack(List.of(shared));
    keep(kept, "for good");
    repository.git("config", "gc.bigPackThreshold", String.valueOf(Files.size(large)));
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(kept);
    assertThat(ownerOf(inLarge.getFirst())).isEqualTo(large);
  }

  /** Whoever pushed it died, and git leaves the pack for ever. */
  @Test
  void aKeepThatIsOldCountsLikeThatOfAPerson() throws Exception {
    String shared = inLarge.getLast();
    Path pushed = pack(and(shared, blobs(1, "one")));
    GitRepository.setModified(
        keep(pushed, "receive-pack 1 on here"), Instant.now().minus(Duration.ofMinutes(61)));
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(pushed);
  }

  private List<Path> listed() throws IOException {
    return InstalledIndex.listed(repository);
  }

  @Test
  void ofPacksWithAsManyObjectsTheYoungestOwnsIt() throws Exception {
    List<String> blobs = blobs(5, "one");
    pack(and(blobs.getFirst(), blobs(2, "another")));
    Path one = pack(blobs.subList(0, 3));
    Path youngest = pack(blobs.subList(2, 5));
    cycle(NO_REPACK);
    assertThat(ownerOf(blobs.get(2))).isEqualTo(youngest);
    assertThat(ownerOf(blobs.get(0))).isEqualTo(one);
  }

  /** It is there to be pruned, however large it is, and even if it is all that is new. */
  @Test
  void aCruftPackOwnsNothingThatAnotherHas() throws Exception {
    List<String> unreachable = blobs(200, "unreachable");
    GitRepository other = repository.copyTo(directory.resolve("other.git"));
    other.git("repack", "--cruft", "-d", "-q");
    assertThat(other.files(".mtimes")).hasSize(1);
    String cruft = other.files(".mtimes").getFirst().getFileName().toString();
    Path ordinary = pack(unreachable.subList(0, 2));
    cycle(NO_REPACK);
    assertThat(ownerOf(unreachable.getFirst())).isEqualTo(ordinary);
    for (String extension : List.of("mtimes", "pack", "idx")) {
      String file = cruft.replaceFirst("mtimes$", extension);
      Files.copy(other.packs().resolve(file), repository.packs().resolve(file));
    }
    cycle(NO_REPACK);
    assertThat(ownerOf(unreachable.getFirst())).isEqualTo(ordinary);
    Files.delete(repository.index());
    cycle(NO_REPACK);
    assertThat(ownerOf(unreachable.getFirst())).isEqualTo(ordinary);
    assertThat(ownerOf(unreachable.getLast())).hasFileName(cruft.replaceFirst("mtimes$", "pack"));
  }

  /** Somebody has brought a good one, because that in the large pack is not. */
  @Test
  void aDamagedCopyHidesNoGoodOne() throws Exception {
    cycle(NO_REPACK);
    String shared = aBlob();
    Path good = pack(and(shared, blobs(2, "one")));
    damage(large, shared);
    assertThat(repository.git("cat-file", "-t", shared)).contains("blob");
    CycleOutcome outcome = outcome(NO_REPACK);
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.DEGRADED);
    assertThat(outcome.detail()).contains(large.getFileName().toString());
    assertThat(listed()).doesNotContain(good);
    repository.git("cat-file", "blob", shared);
    Path other = pack(blobs(3, "another"));
    assertThat(outcome(NO_REPACK).result()).isEqualTo(Result.DEGRADED);
    repository.git("cat-file", "blob", shared);
    // A pack that has gone is listed no more, whatever else cannot be.
    GitRepository.remove(other);
    assertThat(outcome(NO_REPACK).result()).isEqualTo(Result.DEGRADED);
    assertThat(listed()).containsExactly(large);
  }

  /** Both are in packs that no index lists yet, and the damaged one is in that with more objects. */
  @Test
  void aDamagedCopyThatIsNewHidesNoGoodOne() throws Exception {
    cycle(NO_REPACK);
    byte[] bytes = new byte[500];
    new Random(5).nextBytes(bytes);
    String text = HexFormat.of().formatHex(bytes);
    String shared = repository.gitWithInput(text, "hash-object", "-w", "--stdin").strip();
    Path bad = pack(and(shared, blobs(5, "pushed")));
    repository.gitWithInput(text, "hash-object", "-w", "--stdin");
    Path good = pack(and(shared, blobs(1, "mended")));
    damage(bad, shared);
    for (int i = 0; i < 2; i++) {
      CycleOutcome outcome = outcome(NO_REPACK);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.DEGRADED);
      assertThat(outcome.detail()).contains(bad.getFileName().toString());
      repository.git("cat-file", "blob", shared);
    }
    assertThat(listed()).containsExactlyInAnyOrder(large, good);
  }

  /** Nothing is known of who listed what before. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDamagedCopyHidesNoGoodOneFromAnIndexThatIsBuiltAnew(boolean isFirst) throws Exception {
    Path other = pack(blobs(3, "other"));
    if (!isFirst) {
      cycle(NO_REPACK);
    }
    String shared = aBlob();
    Path good = pack(and(shared, blobs(2, "one")));
    damage(large, shared);
    if (!isFirst) {
      GitRepository.remove(other); // the index takes objects from it
    }
    for (int i = 0; i < 2; i++) {
      CycleOutcome outcome = outcome(REPACK);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.DEGRADED);
      assertThat(outcome.detail()).contains(large.getFileName().toString());
      assertThat(listed()).contains(good).doesNotContain(large);
      repository.git("cat-file", "blob", shared);
    }
  }

  private String aBlob() {
    return repository
        .git("rev-list", "--objects", "--all")
        .lines()
        .filter(line -> line.contains("/file"))
        .map(line -> line.substring(0, 40))
        .reduce((_, last) -> last)
        .orElseThrow();
  }

  /** The good one was left to the repack, and is in what that has written. */
  @Test
  void aDamagedCopyHidesNoGoodOneThatIsRepackedAtOnce() throws Exception {
    keep(large, "for good");
    cycle(NO_REPACK);
    String shared = aBlob();
    pack(and(shared, blobs(1, "p")));
    pack(and(shared, blobs(1, "q"))); // of the same size, so that it is worth it
    damage(large, shared);
    AggregateSettings aggregate =
        new AggregateSettings(
            true, Duration.ofMinutes(5), 2, 1, Duration.ZERO, 99, 99, 999, 1 << 20, false);
    boolean repacks = false;
    for (int i = 0; i < 3; i++) {
      CycleOutcome outcome = outcome(aggregate, REPACK);
      repacks |=
          outcome.steps().stream()
              .anyMatch(step -> step.step() == Step.REPACK && step.work().packsWritten() > 0);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.DEGRADED);
      assertThat(listed()).containsExactly(large);
      repository.git("cat-file", "blob", shared);
    }
    assertThat(repacks).isTrue();
  }

  private void damage(Path pack, String id) throws Exception {
    String line =
        repository
            .git("verify-pack", "-v", pack.toString())
            .lines()
            .filter(entry -> entry.startsWith(id))
            .findFirst()
            .orElseThrow();
    String[] words = line.split(" +");
    Files.setPosixFilePermissions(pack, PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel channel = FileChannel.open(pack, StandardOpenOption.WRITE)) {
      long middle = Long.parseLong(words[4]) + Long.parseLong(words[3]) / 2;
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), middle);
    }
  }

  /** Two packs, and the first has more objects than the index takes from both. */
  private List<Path> mostlyInLarge(List<String> own) {
    return List.of(pack(joined(inLarge.subList(0, 20), own)), pack(blobs(1, "another")));
  }

  /** The same, both of them listed, and the large one is younger and stays. */
  private List<Path> listedBesideAYoungerLargePack(List<String> own) throws IOException {
    keep(large, "for good");
    List<Path> small = mostlyInLarge(own);
    GitRepository.setModified(large, Instant.now().plusSeconds(30));
    cycle(NO_REPACK);
    return small;
  }

  /** Most of what a pack has is in a younger one, which is not repacked: what is repacked of it is less than it has itself. */
  @Test
  void whatARepackTookItOwnsAndNotALargerPackThatItTookItFrom() throws Exception {
    List<String> own = blobs(2, "own");
    List<Path> small = listedBesideAYoungerLargePack(own);
    assertThat(ownerOf(own.getFirst())).isEqualTo(small.getFirst());
    CycleOutcome repacked = cycle(REPACK);
    assertThat(repacked.work().packsWritten()).isEqualTo(1);
    Path written = ownerOf(own.getFirst());
    assertThat(small).doesNotContain(written);
    assertThat(repository.objectsIn(written)).hasSize(3);
    assertThat(cycle(REPACK).work().packsDeleted()).isEqualTo(2);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
    repository.assertHealthy();
  }

  /** What only the older one had would be pruned sooner, if nothing refers to it. */
  @Test
  void whatAnOlderPackOwnsIsRepackedToo() throws Exception {
    keep(large, "for good");
    GitRepository.setModified(large, Instant.now().minus(Duration.ofDays(30)));
    List<String> own = blobs(2, "own");
    List<Path> small = mostlyInLarge(own);
    cycle(NO_REPACK);
    assertThat(ownerOf(inLarge.getFirst())).isEqualTo(large);
    cycle(REPACK);
    Path written = ownerOf(own.getFirst());
    assertThat(repository.objectsIn(written)).hasSize(23).containsAll(inLarge.subList(0, 20));
    Instant age = Files.getLastModifiedTime(large).toInstant();
    assertThat(cycle(REPACK).work().packsDeleted()).isEqualTo(2);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
    assertThat(Files.getLastModifiedTime(large).toInstant()).isEqualTo(age);
    assertThat(cycle(REPACK).work().packsWritten()).isZero();
    repository.assertHealthy();
  }

  /** Somebody has fetched it anew, and nothing refers to it. */
  @Test
  void anOlderPackThatHasAllBecomesAsYoungAsThatWhichGoes() throws Exception {
    List<String> unreachable = blobs(3, "unreachable");
    List<String> all = new ArrayList<>(inLarge);
    all.addAll(unreachable);
    Path old = pack(all);
    GitRepository.remove(large);
    GitRepository.setModified(old, Instant.now().minus(Duration.ofDays(30)));
    Path fetched = pack(unreachable);
    GitRepository.setModified(fetched, Instant.now().minusSeconds(2));
    Instant age = Files.getLastModifiedTime(fetched).toInstant();
    cycle(NO_REPACK);
    cycle(NO_REPACK);
    assertThat(repository.packFiles()).containsExactly(old);
    assertThat(Files.getLastModifiedTime(old).toInstant()).isEqualTo(age);
    repository.git("gc", "-q", "--prune=2.weeks.ago");
    assertThat(repository.git("cat-file", "-t", unreachable.getFirst()).strip()).isEqualTo("blob");
  }

  private void partialClone() throws IOException {
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.partialClone", "origin");
    repository.git("config", "remote.origin.promisor", "true");
    repository.git("config", "remote.origin.url", directory.resolve("gone").toString());
    Files.createFile(Path.of(large.toString().replaceFirst("\\.pack$", ".promisor")));
  }

  /** A promisor pack stands for no other: what it has is repacked into an ordinary one, too. */
  @Test
  void inAPartialCloneOrdinaryPacksAreRepackedAndGo() throws Exception {
    partialClone();
    GitRepository.setModified(large, Instant.now().plusSeconds(30));
    List<String> own = blobs(2, "own");
    List<Path> small = mostlyInLarge(own);
    cycle(NO_REPACK);
    assertThat(ownerOf(inLarge.getFirst())).isEqualTo(large);
    cycle(REPACK);
    Path written = ownerOf(own.getFirst());
    assertThat(repository.objectsIn(written)).hasSize(23);
    assertThat(cycle(REPACK).work().packsDeleted()).isEqualTo(2);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
    repository.assertHealthy();
  }

  /** Else the repack would take the same packs each time. */
  @Test
  void whereKeptPacksAreRepackedTheyGiveTheirObjectsUp() throws Exception {
    repository.git("config", "repack.packKeptObjects", "true");
    keep(large, "for good");
    mostlyInLarge(blobs(2, "own"));
    cycle(REPACK);
    Path written = ownerOf(inLarge.getFirst());
    assertThat(written).isNotEqualTo(large);
    CycleOutcome next = cycle(REPACK);
    assertThat(next.work().packsDeleted()).isEqualTo(2);
    assertThat(next.work().packsWritten()).isZero();
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
  }

  /** The index could not be written when it was: it is nothing special any more in the next cycle, and comes to be once more. */
  @Test
  void whereTheIndexIsWrittenLaterItComesToRestAllTheSame() throws Exception {
    List<String> own = blobs(2, "own");
    List<Path> small = listedBesideAYoungerLargePack(own);
    List<String> others = repository.objectsIn(small.getLast());
    pack(and(others.getFirst(), own));
    for (int i = 0; i < 4; i++) {
      cycle(REPACK);
    }
    Path written = ownerOf(own.getFirst());
    assertThat(repository.objectsIn(written)).hasSize(3);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
    assertThat(cycle(REPACK).work().packsWritten()).isZero();
  }

  /** Somebody pushes a branch anew that was deleted: the pack it was in has nothing else that is its own, and stays for git. */
  @Test
  void aPackGivesNothingUpToAPushThatHasAllThatItOwns() throws Exception {
    List<String> most = new ArrayList<>(inLarge.subList(0, 27));
    List<String> own = blobs(3, "own");
    most.addAll(own);
    Path before = pack(most);
    cycle(NO_REPACK);
    assertThat(ownerOf(own.getFirst())).isEqualTo(before);
    Path pushed = pack(and(blobs(1, "one").getFirst(), own));
    Path another = pack(blobs(3, "another"));
    cycle(NO_REPACK);
    try (IndexReader reader = new IndexReader(repository)) {
      repository.git("repack", "-d", "-q", "--geometric=2", "--write-midx");
      assertThat(repository.packFiles()).doesNotContain(pushed, another).contains(before, large);
      assertThat(reader.ask(own.getFirst())).doesNotContain("missing");
    }
  }

  /** Most of what they have is in an older pack, and counts when it is asked whether a pack is large enough. */
  @Test
  void packsOfLimitedSizeComeToRest() throws Exception {
    Random random = new Random(20261129);
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 43; i++) {
      byte[] bytes = new byte[30_000];
      random.nextBytes(bytes);
      String text = HexFormat.of().formatHex(bytes);
      all.add(repository.gitWithInput(text, "hash-object", "-w", "--stdin").strip());
    }
    Path old = pack(all.subList(0, 40));
    keep(old, "for good");
    GitRepository.setModified(old, Instant.now().minus(Duration.ofDays(30)));
    List<Path> small =
        List.of(
            pack(and(all.get(40), all.subList(0, 13))),
            pack(and(all.get(41), all.subList(13, 26))),
            pack(and(all.get(42), all.subList(26, 40))));
    keep(large, "for good");
    repository.git("config", "pack.packSizeLimit", "1m");
    cycle(NO_REPACK);
    assertThat(ownerOf(all.getFirst())).isEqualTo(old);
    assertThat(cycle(REPACK).work().packsWritten()).isEqualTo(2);
    assertThat(cycle(REPACK).work().packsDeleted()).isEqualTo(3);
    assertThat(repository.packFiles()).hasSize(4).doesNotContainAnyElementsOf(small);
    assertThat(cycle(REPACK).steps()).extracting(StepOutcome::step).doesNotContain(Step.REPACK);
  }

  /** The cycle ends when the pack is written and not listed yet. The next one lists it as anybody would. */
  @Test
  void whereTheCycleEndsBeforeTheIndexIsWrittenItComesToRest() throws Exception {
    List<String> own = blobs(2, "own");
    List<Path> small = listedBesideAYoungerLargePack(own);
    Cancellation cancellation = new Cancellation();
    CycleOutcome ended =
        run(
            NO_AGGREGATION,
            REPACK,
            cancellation,
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome step) {
                if (step.step() == Step.REPACK) {
                  cancellation.request();
                }
              }
            });
    assertThat(ended.result()).isEqualTo(Result.CANCELLED);
    assertThat(cycle(REPACK).work().packsWritten()).isZero();
    Path written = ownerOf(own.getFirst());
    assertThat(small).doesNotContain(written);
    cycle(REPACK);
    assertThat(repository.packFiles()).containsExactlyInAnyOrder(large, written);
    assertThat(cycle(REPACK).steps()).extracting(StepOutcome::step).doesNotContain(Step.REPACK);
  }

  /** What was written owns nothing by the index of the next cycle, and is known to. */
  @Test
  void whereNothingBelongsToWhatWasWrittenItComesToRest() throws Exception {
    keep(large, "for good");
    List<String> own = blobs(2, "own");
    for (int i = 0; i < 2; i++) {
      List<String> most = new ArrayList<>(inLarge.subList(10 * i, 10 * i + 10));
      most.add(own.get(i));
      pack(most);
    }
    GitRepository.setModified(large, Instant.now().plusSeconds(30));
    cycle(NO_REPACK);
    Path written = pack(own);
    GitRepository.setModified(written, Instant.now().plusSeconds(50));
    cycle(NO_REPACK);
    assertThat(ownerOf(own.getFirst())).isNotEqualTo(written);
    for (int i = 0; i < 3; i++) {
      outcome(REPACK);
    }
    assertThat(repository.packFiles()).hasSize(2).contains(large);
    assertThat(cycle(REPACK).steps()).extracting(StepOutcome::step).doesNotContain(Step.REPACK);
    own.forEach(id -> repository.git("cat-file", "-e", id));
  }

  /** Ordinary packs are repacked first, and nothing of promisor packs can be published. */
  @Test
  void whatWasRepackedIsListedAlsoWhereTheNextBatchFails() throws Exception {
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.partialClone", "origin");
    List<String> own = blobs(2, "own");
    List<Path> small = listedBesideAYoungerLargePack(own);
    for (int i = 0; i < 2; i++) {
      Path promisor = pack(blobs(2, "promised " + i));
      Files.createFile(Path.of(promisor.toString().replaceFirst("pack$", "promisor")));
    }
    cycle(NO_REPACK);
    Path mtimes = Path.of(nameOfPromisorPack().toString().replaceFirst("promisor$", "mtimes"));
    Files.createFile(repository.packs().resolve(mtimes));
    CycleOutcome outcome = outcome(REPACK);
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.FAILED);
    assertThat(outcome.detail()).contains(mtimes.toString());
    Path written = ownerOf(own.getFirst());
    assertThat(small).doesNotContain(written);
    outcome(REPACK);
    assertThat(repository.packFiles()).contains(written).doesNotContainAnyElementsOf(small);
  }

  /** What the promisor packs would become. */
  private Path nameOfPromisorPack() throws IOException {
    GitRepository copy = repository.copyTo(directory.resolve("copy.git"));
    Registration registration =
        new Registration(
            "copy",
            RepositoryDiscovery.locate(copy.path()),
            TestRegistrations.settings(
                NO_AGGREGATION, new ExpireSettings(false, Duration.ZERO), REPACK));
    new MaintenanceCycle(Clock.systemUTC(), directory.resolve("state of the copy"))
        .run(registration, new Request(true), new Cancellation(), new CycleListener() {});
    List<Path> promisors = new ArrayList<>(copy.files(".promisor"));
    promisors.removeIf(path -> Files.exists(repository.packs().resolve(path.getFileName())));
    assertThat(promisors).hasSize(1);
    return promisors.getFirst().getFileName();
  }

  /** It gives up what it owns for what was written of it, and nothing was. */
  @Test
  void aPackThatIsLeftAsItIsGivesNothingUpToAPush() throws Exception {
    String shared = inLarge.getFirst();
    Files.writeString(Path.of(large.toString().replaceFirst("pack$", "baddeltas")), "");
    cycle(REPACK);
    cycle(REPACK);
    Path only = ownerOf(shared);
    assertThat(repository.packFiles()).containsExactly(only);
    Files.writeString(Path.of(only.toString().replaceFirst("pack$", "baddeltas")), "");
    List<Path> pushed = new ArrayList<>();
    CycleOutcome outcome =
        run(
            NO_AGGREGATION,
            REPACK,
            new Cancellation(),
            new CycleListener() {
              @Override
              public void stepFinished(Registration registration, StepOutcome step) {
                if (step.step() == Step.REPACK) {
                  pushed.add(pack(and(shared, blobs(1, "pushed"))));
                }
              }
            });
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    assertThat(pushed).hasSize(1);
    assertThat(listed()).containsExactlyInAnyOrder(only, pushed.getFirst());
    assertThat(ownerOf(shared)).isEqualTo(only);
  }

  /** They own nothing from the beginning, and a pack of another class covers nobody. */
  @Test
  void inAPartialCloneOrdinaryPacksThatOwnNothingBecomeOne() throws Exception {
    partialClone();
    cycle(NO_REPACK);
    List<Path> small = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      small.add(pack(inLarge.subList(3 * i, 3 * i + 3)));
    }
    for (int i = 0; i < 3; i++) {
      cycle(REPACK);
    }
    assertThat(repository.packFiles())
        .hasSize(2)
        .contains(large)
        .doesNotContainAnyElementsOf(small);
    assertThat(cycle(REPACK).steps())
        .extracting(StepOutcome::step)
        .doesNotContain(Step.REPACK, Step.EXPIRE);
  }

  /** So that it looks younger than what it takes objects from, and is still the same. */
  @Test
  void aPackThatGitTouchesMeanwhileIsStillItself() throws Exception {
    pack(joined(inLarge.subList(0, 20), blobs(120, "x")));
    pack(joined(inLarge.subList(20, 22), blobs(3, "y")));
    cycle(NO_REPACK);
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    List<StoredPack> packs = objects.listPacks().packs();
    for (Path pack : repository.packFiles()) {
      GitRepository.setModified(pack, Instant.now().plusSeconds(100));
    }
    Snapshot snapshot =
        Snapshots.takeForRepack(
            objects,
            packs,
            Optional.of(objects.indexFile()),
            UnreferencedSince.UNKNOWN,
            Census.NOBODY,
            SafetyWindow.withoutLeases(),
            Instant.now(),
            new Cancellation());
    assertThat(snapshot.packs())
        .hasSize(3)
        .allSatisfy(view -> assertThat(view.taken()).isGreaterThanOrEqualTo(view.owned()));
  }
}
