package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackWriterTest {
  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.bare(
        directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  private static List<PackSource.Packed> open(List<Path> packs, HashAlgorithm hash, Arena arena)
      throws IOException {
    List<PackSource.Packed> sources = new ArrayList<>();
    for (Path pack : packs) {
      Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
      PackFile file = PackFile.open(pack, index, hash, arena);
      sources.add(new PackSource.Packed(file, new PositionSet(arena, file.index().count())));
    }
    return sources;
  }

  /** Writes pack, index and reverse index; gives the path of the pack. */
  private Path write(List<? extends PackSource> sources, HashAlgorithm hash) throws IOException {
    Path unnamed = directory.resolve("new.pack");
    try (PackWriter writer = new PackWriter(sources, hash, -1, new Cancellation())) {
      NewPack content = writer.inOnePack();
      String name;
      try (FileChannel channel = create(unnamed)) {
        name = content.writePack(channel);
      }
      Path pack = Files.move(unnamed, directory.resolve("pack-" + name + ".pack"));
      try (FileChannel channel = create(directory.resolve("pack-" + name + ".idx"))) {
        content.writeIndex(channel);
      }
      try (FileChannel channel = create(directory.resolve("pack-" + name + ".rev"))) {
        content.writeReverseIndex(channel);
      }
      return pack;
    }
  }

  private static FileChannel create(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** What git makes of the pack alone, in a repository of its own. */
  private void assertGitReadsTheSameFrom(Path pack, GitRepository source, HashAlgorithm hash)
      throws IOException {
    GitRepository copy =
        GitRepository.bare(
            directory.resolve("copy.git"), "--object-format=" + hash.gitName(), "-b", "main");
    String stem = pack.getFileName().toString().replaceFirst("\\.pack$", "");
    Path target = Files.copy(pack, copy.packs().resolve(stem + ".pack"));
    copy.git("index-pack", "--strict", "--rev-index", target.toString());
    for (String extension : List.of(".idx", ".rev")) {
      assertThat(directory.resolve(stem + extension))
          .hasSameBinaryContentAs(copy.packs().resolve(stem + extension));
    }
    String everything = "--batch=%(objectname) %(objecttype) %(objectsize)";
    assertThat(copy.git("cat-file", "--batch-all-objects", everything))
        .isEqualTo(source.git("cat-file", "--batch-all-objects", everything));
  }

  @ParameterizedTest
  @CsvSource({"SHA1,1", "SHA1,2", "SHA1,3", "SHA1,4", "SHA256,5", "SHA256,6"})
  void anyChoiceOfCopiesGivesAPackThatGitReads(HashAlgorithm hash, long seed) throws Exception {
    Random random = new Random(seed);
    GitRepository repository = repository(hash).fetches(6, random);
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    for (int i = 0; i < 4; i++) {
      List<String> some =
          new ArrayList<>(all.lines().filter(id -> random.nextInt(3) != 0).toList());
      Collections.shuffle(some, random);
      repository.gitWithInput(
          String.join("\n", some) + "\n",
          "pack-objects",
          "-q",
          "--depth=200",
          "--window=30",
          i % 2 == 0 ? "--no-reuse-delta" : "--delta-base-offset",
          repository.packs().resolve("pack").toString());
    }
    try (Arena arena = Arena.ofShared()) {
      List<Path> packs = new ArrayList<>(repository.packFiles());
      Collections.shuffle(packs, random);
      List<PackSource.Packed> sources = open(packs, hash, arena);
      all.lines().forEach(id -> selectOne(sources, id, random, arena));
      Path written = write(sources, hash);
      assertGitReadsTheSameFrom(written, repository, hash);
    }
  }

  /** Packs by fetches, and others over all of them with deltas that are made anew, so that nearly all objects have copies. */
  @ParameterizedTest
  @CsvSource({"SHA1,21", "SHA1,22", "SHA1,23", "SHA256,24"})
  void amongCopiesThatAllAreWantedAnyChoiceIsRight(HashAlgorithm hash, long seed) throws Exception {
    Random random = new Random(seed);
    GitRepository repository = repository(hash).fetches(6, random);
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    for (int i = 0; i < 6; i++) {
      List<String> some =
          new ArrayList<>(all.lines().filter(id -> random.nextInt(3) != 0).toList());
      Collections.shuffle(some, random);
      repository.gitWithInput(
          String.join("\n", some) + "\n",
          "pack-objects",
          "-q",
          "--depth=" + (1 + random.nextInt(200)),
          "--window=30",
          "--no-reuse-delta",
          repository.packs().resolve("pack").toString());
    }
    try (Arena arena = Arena.ofShared()) {
      List<Path> packs = new ArrayList<>(repository.packFiles());
      Collections.shuffle(packs, random);
      List<PackSource.Packed> sources = open(packs, hash, arena);
      sources.forEach(PackWriterTest::selectAll);
      assertGitReadsTheSameFrom(write(sources, hash), repository, hash);
    }
  }

  private static void selectAll(PackSource.Packed source) {
    for (long i = 0; i < source.pack().index().count(); i++) {
      source.selected().add(i);
    }
  }

  @Test
  void ofTwoPacksWithOppositeDeltasOneGivesAWholeCopy() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(repository, TestPack.whole(3, y), TestPack.refDelta(TestPack.blobId(y), y, x));
    TestPack.write(repository, TestPack.whole(3, x), TestPack.refDelta(TestPack.blobId(x), x, y));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      sources.forEach(PackWriterTest::selectAll);
      try (PackWriter writer = new PackWriter(sources, HashAlgorithm.SHA1, -1, new Cancellation());
          FileChannel channel = create(directory.resolve("counted.pack"))) {
        NewPack content = writer.inOnePack();
        content.writePack(channel);
        assertThat(content.objects()).isEqualTo(2);
        assertThat(content.rewritten()).isZero();
      }
      assertGitReadsTheSameFrom(write(sources, HashAlgorithm.SHA1), repository, HashAlgorithm.SHA1);
    }
  }

  /** As fetches do: each brings one object as a delta upon the one before, which it brings whole because the delta needs it. */
  @Test
  void anOldDeltaIsTakenInPlaceOfANewWholeCopyUntilItsChainIsTooLong() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    int versions = 150;
    List<Path> packs = new ArrayList<>();
    byte[] before = text("version 0");
    packs.add(TestPack.write(repository, TestPack.whole(3, before)));
    for (int i = 1; i < versions; i++) {
      byte[] after = text("version " + i);
      packs.add(
          TestPack.write(
              repository,
              TestPack.whole(3, before),
              TestPack.refDelta(TestPack.blobId(before), before, after)));
      before = after;
    }
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(packs, HashAlgorithm.SHA1, arena);
      sources.forEach(PackWriterTest::selectAll);
      Path written = write(sources, HashAlgorithm.SHA1);
      assertGitReadsTheSameFrom(written, repository, HashAlgorithm.SHA1);
      String lines =
          repository.git(
              "verify-pack",
              "-s",
              directory.resolve("copy.git/objects/pack") + "/" + written.getFileName());
      assertThat(lines).startsWith("non delta: 3 objects").contains("chain length = 50: 2 objects");
      assertThat(lines).doesNotContain("chain length = 51");
    }
  }

  @Test
  void aPackThatHasAnObjectTwiceGivesItOnce() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(
        repository,
        TestPack.whole(3, x),
        TestPack.refDelta(TestPack.blobId(x), x, y),
        TestPack.whole(3, y));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      sources.forEach(PackWriterTest::selectAll);
      assertGitReadsTheSameFrom(write(sources, HashAlgorithm.SHA1), repository, HashAlgorithm.SHA1);
    }
  }

  /** Objects that are in no pack: each is the text of its number, as a blob. */
  private static final class NumberedBlobs implements PackSource.Made {
    private final MemorySegment ids;
    private final List<byte[]> contents;
    private final Map<Long, Integer> asked = new ConcurrentHashMap<>();

    NumberedBlobs(int count, int bytes, Arena arena) {
      contents = new ArrayList<>();
      ids = arena.allocate(20L * count);
      for (int i = 0; i < count; i++) {
        byte[] content = ("blob " + i + " ").repeat(bytes / 8).getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(TestPack.blobId(content), 0, ids, ValueLayout.JAVA_BYTE, 20L * i, 20);
        contents.add(content);
      }
    }

    @Override
    public long count() {
      return contents.size();
    }

    @Override
    public MemorySegment ids() {
      return ids;
    }

    @Override
    public long expectedBytes(long i) {
      return i % 7 == 3
          ? EntryBatch.MAX_HELD_BYTES + 1
          : i % 7 == 4 ? 1 : contents.get((int) i).length;
    }

    @Override
    public void make(long i, PackSource.EntrySink sink) throws IOException {
      byte[] content = contents.get((int) i);
      asked.merge(i, 1, Integer::sum);
      sink.begin(3, content.length);
      for (int at = 0; at < content.length; at += 100) {
        sink.write(content, at, Math.min(100, content.length - at));
      }
    }
  }

  @Test
  void objectsThatAreMadeLieBesideThoseThatAreCopied() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(3, new Random(31));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource> sources = new ArrayList<>();
      for (PackSource.Packed source : open(repository.packFiles(), HashAlgorithm.SHA1, arena)) {
        selectAll(source);
        sources.add(source);
      }
      NumberedBlobs made = new NumberedBlobs(500, 2000, arena);
      sources.add(1, made);
      for (byte[] content : made.contents) {
        repository.gitWithInput(
            new String(content, StandardCharsets.UTF_8), "hash-object", "-w", "--stdin");
      }
      assertGitReadsTheSameFrom(write(sources, HashAlgorithm.SHA1), repository, HashAlgorithm.SHA1);
    }
  }

  private static byte[] withHeader(byte[] content) {
    byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] whole = Arrays.copyOf(header, header.length + content.length);
    System.arraycopy(content, 0, whole, header.length, content.length);
    return whole;
  }

  /** Content can be made such that our compression does not find what the compression of the file has found. */
  @Test
  void anEntryThatIsMuchLargerThanExpectedIsNotHeld() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    try (Arena arena = Arena.ofShared()) {
      NumberedBlobs made = new NumberedBlobs(50, 1 << 17, arena);
      Random random = new Random(20261129);
      for (int i = 0; i < 50; i++) {
        byte[] content = made.contents.get(i);
        if (i % 7 == 4) {
          random.nextBytes(content);
        }
        byte[] id = TestPack.blobId(content);
        MemorySegment.copy(id, 0, made.ids, ValueLayout.JAVA_BYTE, 20L * i, 20);
        LooseFiles.write(
            repository, HexFormat.of().formatHex(id), LooseFiles.deflate(withHeader(content)));
      }
      assertGitReadsTheSameFrom(
          write(List.of(made), HashAlgorithm.SHA1), repository, HashAlgorithm.SHA1);
      made.asked.forEach((i, times) -> assertThat(times).isEqualTo(i % 7 == 4 ? 2 : 1));
    }
  }

  private static void selectOne(
      List<PackSource.Packed> sources, String id, Random random, Arena arena) {
    byte[] bytes = HexFormat.of().parseHex(id);
    MemorySegment segment = arena.allocate(bytes.length);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
    List<PackSource.Packed> holders =
        sources.stream().filter(s -> s.pack().index().find(segment, 0) >= 0).toList();
    PackSource.Packed chosen = holders.get(random.nextInt(holders.size()));
    chosen.selected().add(chosen.pack().index().find(segment, 0));
  }

  @Test
  void twoPacksWithOppositeDeltasMakeNoCircle() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(repository, TestPack.whole(3, y), TestPack.refDelta(TestPack.blobId(y), y, x));
    TestPack.write(repository, TestPack.whole(3, x), TestPack.refDelta(TestPack.blobId(x), x, y));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      for (PackSource.Packed source : sources) {
        selectTheDelta(source);
      }
      assertThat(sources).allSatisfy(s -> assertThat(s.selected().size()).isEqualTo(1));
      Path written = write(sources, HashAlgorithm.SHA1);
      assertGitReadsTheSameFrom(written, repository, HashAlgorithm.SHA1);
    }
  }

  private static void selectTheDelta(PackSource.Packed source) throws CorruptFileException {
    EntryHeader header = new EntryHeader();
    for (long i = 0; i < source.pack().index().count(); i++) {
      header.read(source.pack(), source.pack().index().packOffset(i));
      if (header.isDelta()) {
        source.selected().add(i);
      }
    }
  }

  private static byte[] text(String different) {
    return "a line that is the same in both of them\n"
        .repeat(50)
        .concat(different)
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aDeltaWithoutItsBaseIsWrittenWhole() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(repository, TestPack.whole(3, y), TestPack.refDelta(TestPack.blobId(y), y, x));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      selectTheDelta(sources.getFirst());
      Path written = write(sources, HashAlgorithm.SHA1);
      GitRepository copy = GitRepository.bare(directory.resolve("copy.git"));
      Path target = Files.copy(written, copy.packs().resolve(written.getFileName()));
      copy.git("index-pack", "--strict", target.toString());
      String id = HexFormat.of().formatHex(TestPack.blobId(x));
      assertThat(copy.git("cat-file", "blob", id)).isEqualTo(new String(x, StandardCharsets.UTF_8));
    }
  }

  @Test
  void anIndexOfVersionOneIsReadToo() throws Exception {
    Random random = new Random(7);
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(3, random);
    for (Path pack : repository.packFiles()) {
      Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
      Files.delete(index);
      repository.git("index-pack", "--index-version=1", pack.toString());
    }
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      assertThat(sources).noneMatch(source -> source.pack().index().hasCrc32());
      all.lines().forEach(id -> selectOne(sources, id, random, arena));
      Path written = write(sources, HashAlgorithm.SHA1);
      assertGitReadsTheSameFrom(written, repository, HashAlgorithm.SHA1);
    }
  }

  @Test
  void everyFlippedBitOfAnEntryIsNoticed() throws Exception {
    Random random = new Random(11);
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(1, random);
    Path pack = repository.packFiles().getFirst();
    byte[] sound = Files.readAllBytes(pack);
    Path damaged = directory.resolve("damaged.pack");
    Path index = directory.resolve("damaged.idx");
    Files.copy(Path.of(pack.toString().replaceFirst("\\.pack$", ".idx")), index);
    for (int i = 0; i < 200; i++) {
      byte[] bytes = sound.clone();
      int at = 12 + random.nextInt(sound.length - 12 - 20);
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(damaged, bytes);
      try (Arena arena = Arena.ofShared()) {
        List<PackSource.Packed> sources = open(List.of(damaged), HashAlgorithm.SHA1, arena);
        PackSource.Packed source = sources.getFirst();
        for (long position = 0; position < source.pack().index().count(); position++) {
          source.selected().add(position);
        }
        assertThatThrownBy(() -> write(sources, HashAlgorithm.SHA1))
            .as("bit flipped at %d", at)
            .isInstanceOf(CorruptFileException.class)
            .hasMessageContaining(damaged.toString());
      } finally {
        Files.deleteIfExists(directory.resolve("new.pack"));
      }
    }
  }

  /** What is built upon it is written whole, and has a sound checksum from then on. Some bits behind the stream mean nothing. */
  @Test
  void aBaseThatIsNotCopiedSpoilsNothing() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    Path pack =
        TestPack.write(
            repository, TestPack.whole(3, x), TestPack.refDelta(TestPack.blobId(x), x, y));
    byte[] sound = Files.readAllBytes(pack);
    Path damaged = directory.resolve("damaged.pack");
    Files.copy(
        Path.of(pack.toString().replaceFirst("\\.pack$", ".idx")),
        directory.resolve("damaged.idx"));
    Files.write(damaged, sound);
    Path right = writeSecond(damaged, TestPack.blobId(y));
    byte[] content = Files.readAllBytes(right);
    int noticed = 0;
    int end;
    try (Arena arena = Arena.ofShared()) {
      PackIndex index = open(List.of(damaged), HashAlgorithm.SHA1, arena).getFirst().pack().index();
      end = (int) Math.max(index.packOffset(0), index.packOffset(1));
    }
    for (int bit = 12 * 8; bit < end * 8; bit++) {
      byte[] bytes = sound.clone();
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(damaged, bytes);
      try {
        for (String extension : List.of(".pack", ".idx", ".rev")) {
          Files.deleteIfExists(Path.of(right.toString().replaceFirst("\\.pack$", extension)));
        }
        assertThat(writeSecond(damaged, TestPack.blobId(y))).as("bit %d", bit).isEqualTo(right);
        assertThat(right).hasBinaryContent(content);
      } catch (CorruptFileException e) {
        assertThat(e).hasMessageContaining(damaged.toString());
        noticed++;
      } finally {
        Files.deleteIfExists(directory.resolve("new.pack"));
      }
    }
    assertThat(noticed).isGreaterThan((end - 12) * 8 - 8);
  }

  private Path writeSecond(Path pack, byte[] id) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(List.of(pack), HashAlgorithm.SHA1, arena);
      selectOne(sources, HexFormat.of().formatHex(id), new Random(0), arena);
      return write(sources, HashAlgorithm.SHA1);
    }
  }

  @Test
  void anIndexIsWrittenInFewPieces() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    StringBuilder stream = new StringBuilder();
    int objects = 40_000;
    for (int i = 0; i < objects; i++) {
      String content = "object " + i;
      stream.append("blob\ndata %d\n%s\n".formatted(content.length(), content));
    }
    repository.gitWithInput(
        stream.toString(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet");
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      sources.forEach(PackWriterTest::selectAll);
      assertGitReadsTheSameFrom(write(sources, HashAlgorithm.SHA1), repository, HashAlgorithm.SHA1);
      try (PackWriter writer = new PackWriter(sources, HashAlgorithm.SHA1, 1, new Cancellation());
          FileChannel pack = create(directory.resolve("again.pack"));
          CountedChannel index = new CountedChannel(create(directory.resolve("again.idx")))) {
        NewPack content = writer.inOnePack();
        content.writePack(pack);
        content.writeIndex(index);
        assertThat(index.writes()).isLessThan(20);
      }
    }
  }
}
