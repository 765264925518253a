package io.repackd.pack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.SearchTrial.Entries;
import io.repackd.pack.SearchTrial.Entry;
import io.repackd.pack.SearchTrial.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a delta search promises, whatever it is given. */
@Timeout(120)
class DeltaSearchTest {
  private static final int BLOB = 3;
  private static final long BIG_FILE_BYTES = 512L << 20;
  private static final long MEMORY_BYTES = 64L << 20;

  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private GitRepository repository = GitRepository.at(Path.of(""));
  private SearchTrial trial = new SearchTrial(Path.of(""), HashAlgorithm.SHA1);

  @BeforeEach
  void start() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    trial = new SearchTrial(directory, HashAlgorithm.SHA1);
  }

  private static DeltaSearchSettings settings(int window, int depth) {
    return new DeltaSearchSettings(window, depth, BIG_FILE_BYTES, 2, MEMORY_BYTES);
  }

  private byte[] noise(int bytes) {
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    return content;
  }

  /** Versions of one file that have most in common with their neighbours, and each is a little shorter. */
  private List<byte[]> versions(int count) {
    List<byte[]> versions = new ArrayList<>();
    byte[] content = noise(8000);
    for (int i = 0; i < count; i++) {
      content = Arrays.copyOf(content, content.length - 1 - random.nextInt(20));
      System.arraycopy(noise(40), 0, content, random.nextInt(content.length - 40), 40);
      versions.add(content.clone());
    }
    return versions;
  }

  private Path whole(Collection<byte[]> blobs) throws IOException {
    return TestPack.write(
        repository,
        blobs.stream().map(blob -> TestPack.whole(BLOB, blob)).toArray(TestPack.Entry[]::new));
  }

  private static String id(byte[] blob) {
    return HexFormat.of().formatHex(TestPack.blobId(blob));
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  /** A wide window has shallow bases to choose; neighbours alone make the longest chain. */
  @ParameterizedTest
  @CsvSource({"10,0", "10,1", "10,2", "10,7", "1,50"})
  void noChainBecomesLongerThanAllowed(int window, int depth) throws Exception {
    Path pack = whole(versions(120));
    Result result = trial.write(List.of(pack), settings(window, depth));
    assertThat(result.longestChain()).isEqualTo(depth);
  }

  @Test
  void aWindowOfOneComparesNeighbours() throws Exception {
    Path pack = whole(versions(20));
    assertThat(trial.write(List.of(pack), settings(1, 50)).deltas()).isEqualTo(19);
    assertThat(trial.write(List.of(pack), settings(0, 50)).deltas()).isZero();
  }

  /** Deltas by id, each upon the one before: what git would not write, but reads. */
  private Path chain(List<byte[]> versions) throws IOException {
    List<TestPack.Entry> entries = new ArrayList<>();
    entries.add(TestPack.whole(BLOB, versions.getFirst()));
    for (int i = 1; i < versions.size(); i++) {
      byte[] base = versions.get(i - 1);
      entries.add(TestPack.refDelta(TestPack.blobId(base), base, versions.get(i)));
    }
    return TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
  }

  /** The same beginning, and an end of its own that fits one instruction. */
  private List<byte[]> endings(byte[] beginning, int count) {
    return IntStream.range(0, count).mapToObj(_ -> join(beginning, noise(60))).toList();
  }

  @Test
  void aKeptChainThatIsLongerStaysAndIsNotMadeLonger() throws Exception {
    byte[] beginning = noise(5000);
    List<byte[]> kept = endings(beginning, 40);
    Path chain = chain(kept);
    // Shorter and longer ones, so that they come before it and after it in the window.
    List<byte[]> others = new ArrayList<>(endings(Arrays.copyOf(beginning, 4900), 20));
    others.addAll(endings(join(beginning, noise(100)), 20));
    int depth = 10;
    Result result = trial.write(List.of(chain, whole(others)), settings(10, depth));
    Entries entries = result.entries();
    for (int i = 1; i < kept.size(); i++) {
      assertThat(entries.of(id(kept.get(i))).base()).isEqualTo(id(kept.get(i - 1)));
      assertThat(entries.of(id(kept.get(i))).depth()).isEqualTo(i);
    }
    assertThat(others)
        .allSatisfy(blob -> assertThat(entries.of(id(blob)).depth()).isLessThanOrEqualTo(depth));
    assertThat(result.deltas()).isGreaterThan(30);
  }

  @Test
  void aKeptChainCountsInTheChainsThatAreMade() throws Exception {
    byte[] beginning = noise(5000);
    List<byte[]> kept = endings(beginning, 8); // seven deltas upon the first
    Path chain = chain(kept);
    List<byte[]> larger = endings(join(beginning, noise(100)), 1);
    Path other = whole(larger);
    assertThat(trial.write(List.of(chain, other), settings(10, 7)).longestChain()).isEqualTo(7);
    Result longer = trial.write(List.of(chain, other), settings(10, 8));
    assertThat(longer.longestChain()).isEqualTo(8);
    assertThat(longer.entries().of(id(kept.getFirst())).base()).isEqualTo(id(larger.getFirst()));
  }

  /** When the root finds a base, its kept delta already has one upon it that was found before. */
  @Test
  void whatWasFoundUponAKeptDeltaCounts() throws Exception {
    byte[] root = noise(4000);
    byte[] kept = join(root, noise(3000));
    byte[] upon = join(Arrays.copyOf(kept, 6900), noise(50));
    byte[] larger = join(root, noise(4000));
    Path pack =
        TestPack.write(repository, TestPack.whole(BLOB, root), TestPack.longDelta(root, kept));
    List<Path> packs = List.of(pack, whole(List.of(upon, larger)));
    Entries two = trial.write(packs, settings(10, 2)).entries();
    assertThat(two.of(id(upon)).base()).isEqualTo(id(kept));
    assertThat(two.of(id(root)).depth()).isZero();
    Entries three = trial.write(packs, settings(10, 3)).entries();
    assertThat(three.of(id(root)).base()).isEqualTo(id(larger));
    assertThat(three.of(id(upon)).depth()).isEqualTo(3);
  }

  /** The larger comes first, as a long delta upon the smaller, and is a good base for that. */
  @Test
  void noDeltaClosesACircle() throws Exception {
    byte[] small = noise(4000);
    byte[] large = join(small, noise(3000));
    List<TestPack.Entry> entries = new ArrayList<>();
    entries.add(TestPack.whole(BLOB, small));
    entries.add(TestPack.longDelta(small, large));
    Path pack = TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
    Result result = trial.write(List.of(pack), settings(10, 50));
    assertThat(result.entries().of(id(large)).base()).isEqualTo(id(small));
    assertThat(result.entries().of(id(small)).depth()).isZero();
    result.repository().git("fsck", "--full");
  }

  @Test
  void everyNumberOfThreadsGivesTheSamePack() throws Exception {
    List<byte[]> blobs = new ArrayList<>(versions(300));
    // Some for which there is little memory, between others.
    byte[] large = noise(300_000);
    for (int i = 0; i < 12; i++) {
      blobs.add(join(Arrays.copyOf(large, 300_000 - 20_000 * i), noise(50)));
    }
    for (int i = 0; i < 3000; i++) {
      blobs.add(join(Arrays.copyOf(large, 200 + i), noise(10)));
    }
    List<Path> packs =
        List.of(whole(blobs.subList(0, 1500)), whole(blobs.subList(1500, blobs.size())));
    byte[] first = {};
    for (int threads : new int[] {1, 2, 3, 8, 2}) {
      DeltaSearchSettings settings =
          new DeltaSearchSettings(10, 50, BIG_FILE_BYTES, threads, 5L << 20);
      Result result = trial.write(packs, settings);
      byte[] bytes = Files.readAllBytes(result.pack());
      if (first.length == 0) {
        first = bytes;
        assertThat(result.deltas()).isGreaterThan(1000);
      }
      assertThat(bytes).as("%d threads", threads).isEqualTo(first);
    }
  }

  /** What has changed in a copy is at a place of its own, and the copy is a byte shorter. */
  private byte[] changed(byte[] content, int at, int bytes) {
    byte[] copy = Arrays.copyOf(content, content.length - 1);
    System.arraycopy(noise(bytes), 0, copy, at, bytes);
    return copy;
  }

  /** A link of 30,000 bytes is worth 318; the delta upon the nearer one is shorter by about the bytes that have changed. */
  @ParameterizedTest
  @CsvSource({"100,0,farther", "900,0,nearer", "900,5,farther"})
  void aShallowBaseIsTakenForAFewBytesMore(int changedBytes, int keptUponIt, String base)
      throws Exception {
    byte[] farther = noise(30_000);
    byte[] nearer = changed(farther, 3_000, changedBytes);
    byte[] target = changed(nearer, 13_000, changedBytes);
    List<TestPack.Entry> entries = new ArrayList<>();
    entries.add(TestPack.whole(BLOB, target));
    // Small, so that they are kept, and read through the target.
    for (byte[] kept : endings(Arrays.copyOf(target, 20_000), keptUponIt)) {
      entries.add(TestPack.refDelta(TestPack.blobId(target), target, kept));
    }
    Path pack = TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
    List<Path> packs = List.of(whole(List.of(farther, nearer)), pack);
    Entries found = trial.write(packs, settings(10, 50)).entries();
    assertThat(found.of(id(nearer)).base()).isEqualTo(id(farther));
    assertThat(found.of(id(target)).base())
        .isEqualTo(base.equals("nearer") ? id(nearer) : id(farther));
  }

  @Test
  void versionsOfALargeBlobAreReadThroughFewOthers() throws Exception {
    List<byte[]> versions = new ArrayList<>();
    versions.add(noise(50_000));
    for (int i = 1; i < 100; i++) {
      versions.add(changed(versions.getLast(), random.nextInt(49_000), 40));
    }
    Result result = trial.write(List.of(whole(versions)), settings(10, 50));
    assertThat(result.deltas()).isEqualTo(99);
    // With the shortest deltas only it is 37.
    assertThat(result.entries().all())
        .extracting(Entry::depth)
        .satisfies(depths ->
            assertThat(depths.stream().mapToInt(depth -> depth).average().orElseThrow())
                .isLessThan(6));
  }

  @Test
  void aShortDeltaIsKeptWhereABetterOneCouldBeFound() throws Exception {
    byte[] base = noise(3000);
    byte[] target = join(base, noise(100));
    byte[] nearer = join(target, noise(5));
    Path pack =
        TestPack.write(
            repository,
            TestPack.whole(BLOB, base),
            TestPack.refDelta(TestPack.blobId(base), base, target));
    Result result = trial.write(List.of(pack, whole(List.of(nearer))), settings(10, 50));
    assertThat(result.entries().of(id(target)).base()).isEqualTo(id(base));
  }

  @Test
  void aLongDeltaIsReplacedWhereABetterOneIsFound() throws Exception {
    byte[] base = noise(3000);
    byte[] target = join(base, noise(2000));
    byte[] nearer = join(target, noise(5));
    Path pack =
        TestPack.write(repository, TestPack.whole(BLOB, base), TestPack.longDelta(base, target));
    Result result = trial.write(List.of(pack, whole(List.of(nearer))), settings(10, 50));
    assertThat(result.entries().of(id(target)).base()).isEqualTo(id(nearer));
  }

  @Test
  void anObjectWhoseBaseIsNotWantedGetsAnother() throws Exception {
    byte[] unwanted = noise(5000);
    // Each differs from it in one place, and from the others in two.
    List<byte[]> wanted = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      byte[] blob = unwanted.clone();
      System.arraycopy(noise(20), 0, blob, 4880 + 20 * i, 20);
      wanted.add(blob);
    }
    List<TestPack.Entry> entries = new ArrayList<>();
    entries.add(TestPack.whole(BLOB, unwanted));
    wanted.forEach(
        blob -> entries.add(TestPack.refDelta(TestPack.blobId(unwanted), unwanted, blob)));
    Path pack = TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
    for (boolean searched : new boolean[] {false, true}) {
      Result result =
          trial.write(
              List.of(pack), (_, id) -> !id.equals(id(unwanted)), _ -> searched, settings(10, 50));
      assertThat(result.entries().all()).hasSize(6);
      assertThat(result.deltas()).isEqualTo(5);
    }
  }

  @Test
  void wholeObjectsOfASearchedPackAreComparedOnlyWithThoseOfOthers() throws Exception {
    List<byte[]> blobs = versions(40);
    Path one = whole(blobs.subList(0, 20));
    Path other = whole(blobs.subList(20, 40));
    DeltaSearchSettings settings = settings(40, 50);
    assertThat(trial.write(List.of(one), settings).deltas()).isEqualTo(19);
    assertThat(trial.write(List.of(one), (_, _) -> true, _ -> true, settings).deltas()).isZero();
    Result both = trial.write(List.of(one, other), (_, _) -> true, _ -> true, settings);
    assertThat(both.deltas()).isPositive();
    List<String> ofOne = blobs.subList(0, 20).stream().map(DeltaSearchTest::id).toList();
    assertThat(both.entries().all())
        .filteredOn(entry -> entry.depth() > 0)
        .allSatisfy(entry ->
            assertThat(ofOne.contains(entry.id())).isNotEqualTo(ofOne.contains(entry.base())));
  }

  @ParameterizedTest
  @CsvSource({"9999,0", "10000,0", "10001,1"})
  void aBigFileIsNoDeltaAndNoBase(long bigFileBytes, long deltas) throws Exception {
    byte[] big = noise(10_000);
    byte[] small = Arrays.copyOf(big, 9000);
    Path pack = whole(List.of(big, small));
    Result result =
        trial.write(List.of(pack), new DeltaSearchSettings(10, 50, bigFileBytes, 2, MEMORY_BYTES));
    assertThat(result.deltas()).isEqualTo(deltas);
  }

  @Test
  void whatHasNoRoomInMemoryStaysWhole() throws Exception {
    byte[] large = noise(1 << 20);
    Path pack = whole(List.of(large, Arrays.copyOf(large, (1 << 20) - 10)));
    for (int mib = 1; mib <= 32; mib *= 2) {
      long memoryBytes = (long) mib << 20;
      Result result =
          trial.write(
              List.of(pack), new DeltaSearchSettings(10, 50, BIG_FILE_BYTES, 2, memoryBytes));
      // Twice with its index, and four times while it is worked on.
      assertThat(result.deltas()).as("%d MiB", mib).isEqualTo(mib >= 8 ? 1 : 0);
    }
  }

  @Test
  void aBlobOfManyMegabytesIsADeltaOfAFewBytes() throws Exception {
    byte[] before = noise(12 << 20);
    byte[] after = before.clone();
    after[7 << 20] ^= 1;
    Path pack = whole(List.of(before, after));
    DeltaSearchSettings settings = new DeltaSearchSettings(10, 50, BIG_FILE_BYTES, 2, 256L << 20);
    Result result = trial.write(List.of(pack), settings);
    assertThat(result.deltas()).isEqualTo(1);
    assertThat(result.pack().toFile().length()).isLessThan((12 << 20) + 10_000);
  }

  /** The head of what is compressed may be of any length, and git reads it. */
  @Test
  void aDeltaWhoseCompressedBytesBeginLateIsRead() throws Exception {
    byte[] base = noise(3000);
    byte[] target = join(base, noise(2000));
    Path pack =
        TestPack.write(
            repository,
            TestPack.whole(BLOB, base),
            TestPack.delayed(TestPack.longDelta(base, target), 500));
    byte[] nearer = join(target, noise(5));
    Result result = trial.write(List.of(pack, whole(List.of(nearer))), settings(10, 50));
    assertThat(result.entries().of(id(target)).base()).isEqualTo(id(nearer));
  }

  /** An index whose one object is of another type than it is elsewhere. */
  @Test
  void anObjectOfTwoTypesIsNamed() throws Exception {
    byte[] base = noise(3000);
    byte[] target = join(base, noise(100));
    Path pack =
        TestPack.write(
            repository,
            TestPack.whole(BLOB, base),
            TestPack.refDelta(TestPack.blobId(base), base, target));
    Path liar = TestPack.write(repository, TestPack.whole(1, "no commit".getBytes(UTF_8)));
    Path index = SearchTrial.with(liar, ".idx");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(index));
    byte[] id = TestPack.blobId(base);
    for (int i = 0; i < 256; i++) {
      bytes.putInt(8 + Integer.BYTES * i, i < (id[0] & 0xff) ? 0 : 1);
    }
    bytes.put(8 + Integer.BYTES * 256, id);
    Files.delete(index);
    Files.write(index, bytes.array());
    assertThatThrownBy(() -> trial.write(List.of(liar, pack), settings(10, 50)))
        .isInstanceOf(CorruptFileException.class)
        .hasMessageContainingAll(pack.toString(), id(base));
  }

  /** Newest first: what was said last comes first, and of one pack as it lies there. Written down once more, in another way. */
  @Test
  void commitsTreesAndBlobFamiliesComeNewestFirst() throws Exception {
    repository.fetches(12, random);
    repository.git("tag", "-a", "-m", "a tag", "v1", "main~3");
    repository.gitWithInput(
        repository.git("rev-parse", "v1"),
        "pack-objects",
        "-q",
        repository.packs().resolve("pack").toString());
    List<Path> packs = repository.packFiles();
    Result result = trial.write(packs, settings(10, 50));
    Entries entries = result.entries();
    ExpectedOrder expected = new ExpectedOrder(entries, newestFirst(packs));
    assertThat(entries.ids()).isEqualTo(expected.order());
    assertThat(entries.all().stream().filter(entry -> entry.depth() > 1)).isNotEmpty();
    assertThat(result.repository().git("cat-file", "--batch-all-objects", "--batch"))
        .isEqualTo(repository.git("cat-file", "--batch-all-objects", "--batch"));
  }

  /** The copies that are taken: the oldest that is a delta, else the oldest, as {@link IdOrder} says. */
  private List<String> newestFirst(List<Path> packs) {
    Map<String, Path> taken = new HashMap<>();
    Map<Path, Entries> contents = new HashMap<>();
    for (Path pack : packs) {
      Entries entries = SearchTrial.entries(repository, pack);
      contents.put(pack, entries);
      for (Entry entry : entries.all()) {
        taken.merge(
            entry.id(),
            pack,
            (before, _) ->
                isDelta(contents, before, entry)
                    ? before
                    : isDelta(contents, pack, entry) ? pack : before);
      }
    }
    List<String> newestFirst = new ArrayList<>();
    for (Path pack : packs.reversed()) {
      SearchTrial.entries(repository, pack).ids().stream()
          .filter(id -> pack.equals(taken.get(id)))
          .forEach(newestFirst::add);
    }
    return newestFirst;
  }

  private static boolean isDelta(Map<Path, Entries> contents, Path pack, Entry entry) {
    return requireNonNull(contents.get(pack)).of(entry.id()).depth() > 0;
  }

  /** The order that the entries of a pack should have. */
  private static final class ExpectedOrder {
    private final Entries entries;
    private final List<String> newestFirst;
    private final List<String> order = new ArrayList<>();

    ExpectedOrder(Entries entries, List<String> newestFirst) {
      this.entries = entries;
      this.newestFirst = newestFirst;
    }

    List<String> order() {
      for (String id : newestFirst) {
        if (List.of("commit", "tag").contains(entries.of(id).type())) {
          afterBase(id);
        }
      }
      ofType("tree").forEach(this::afterBase);
      ofType("blob").forEach(id -> family(root(id)));
      return order;
    }

    private List<String> ofType(String type) {
      return newestFirst.stream().filter(id -> entries.of(id).type().equals(type)).toList();
    }

    private void afterBase(String id) {
      if (!id.isEmpty() && !order.contains(id)) {
        afterBase(entries.of(id).base());
        order.add(id);
      }
    }

    private String root(String id) {
      String base = entries.of(id).base();
      return base.isEmpty() ? id : root(base);
    }

    private void family(String id) {
      if (order.contains(id)) {
        return;
      }
      order.add(id);
      newestFirst.stream()
          .filter(child -> entries.of(child).base().equals(id))
          .forEach(this::family);
    }
  }

  @Test
  void contentThatIsTextIsReadBackAsItWas() throws Exception {
    List<byte[]> blobs = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      blobs.add(("line\n".repeat(50 + i) + i).getBytes(UTF_8));
    }
    Result result = trial.write(List.of(whole(blobs)), settings(10, 50));
    for (byte[] blob : blobs) {
      assertThat(result.repository().git("cat-file", "blob", id(blob)))
          .isEqualTo(new String(blob, UTF_8));
    }
  }
}
