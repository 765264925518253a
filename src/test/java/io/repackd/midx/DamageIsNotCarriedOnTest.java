package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Nothing is written from an index that contradicts itself; and what cannot be seen while writing, verification finds. */
class DamageIsNotCarriedOnTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  @TempDir static Path shared;

  @TempDir Path directory;

  private static IndexedRepository sound;
  private IndexedRepository repository;

  @BeforeAll
  static void aRepository() {
    sound = IndexedRepository.create(shared.resolve("r.git"), HASH);
  }

  @BeforeEach
  void whoseFilesMayBeDamaged() throws IOException {
    repository = sound.copy(directory.resolve("r.git"));
    repository.install(repository.plain().bytes());
  }

  /** Writes an index of all packs upon the installed one, or without it, and gives the bytes. */
  private byte[] write(boolean uponInstalled) throws IOException {
    Path output = directory.resolve("written");
    Files.deleteIfExists(output);
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                output,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      Optional<MultiPackIndex> installed =
          uponInstalled
              ? Optional.of(MultiPackIndex.open(repository.index(), HASH, arena))
              : Optional.empty();
      Set<String> listed = installed.map(index -> Set.copyOf(index.packNames())).orElse(Set.of());
      List<IndexedPack> added = new ArrayList<>();
      for (Path index : repository.repository().files(".idx")) {
        String name = index.getFileName().toString();
        if (!listed.contains(name)) {
          added.add(new IndexedPack(name, PackIndex.open(index, HASH, arena), 1));
        }
      }
      new MultiPackIndexWriter(HASH, new Cancellation()).write(channel, installed, Set.of(), added);
    }
    return Files.readAllBytes(output);
  }

  private void assertRefused(boolean uponInstalled, Path file, String where) {
    assertThatThrownBy(() -> write(uponInstalled))
        .asInstanceOf(type(CorruptFileException.class))
        .satisfies(e -> {
          assertThat(e.file()).isEqualTo(file);
          assertThat(e).hasMessageContaining(file.toString()).hasMessageContaining(where);
        });
  }

  static Stream<Arguments> damagesOfPackIndexes() {
    return Stream.of(
        damage("not in its place", ListedPackEditor::exchangeIds),
        damage("not in its place", pack -> pack.editId(0, DamageIsNotCarriedOnTest::flipFirst)),
        damage("not in its place", pack -> pack.editId(3, DamageIsNotCarriedOnTest::flipFirst)),
        damage("not in its place", DamageIsNotCarriedOnTest::shiftFanout),
        damage("object 5 points to large offset 7", pack -> pack.editOffset(5, _ -> 1 << 31 | 7)),
        damage("object 5 points to large offset", pack -> pack.editOffset(5, _ -> -1)),
        damage("object 5 has an offset beyond 2^63", pack -> pack.makeLarge(5, Long.MIN_VALUE)),
        damage("object 5 has an offset beyond 2^63", pack -> pack.makeLarge(5, -1)));
  }

  private static Arguments damage(String where, ListedPackEditor.Change change) {
    return Arguments.of(where, change);
  }

  private static byte[] flipFirst(byte[] id) {
    id[0] ^= 1;
    return id;
  }

  /** Lets the first byte that an id has end one object early. */
  private static void shiftFanout(ListedPackEditor pack) throws IOException {
    pack.editIndex(file -> {
      ByteBuffer bytes = ByteBuffer.wrap(file);
      int at = 8;
      while (bytes.getInt(at) == 0) {
        at += Integer.BYTES;
      }
      return bytes.putInt(at, bytes.getInt(at) - 1).array();
    });
  }

  @ParameterizedTest(name = "[{index}] {0}")
  @MethodSource("damagesOfPackIndexes")
  void aPackIndexThatContradictsItselfIsRefused(String where, ListedPackEditor.Change change)
      throws Exception {
    // The first becomes the base of the merge, and the ids of the last are threaded in.
    for (ListedPackEditor pack : ListedPackEditor.all(repository, true)) {
      byte[] before = Files.readAllBytes(pack.index());
      change.apply(pack);
      pack.sealIndex();

      assertRefused(false, pack.index(), where);
      pack.editIndex(_ -> before);
    }
  }

  static Stream<Arguments> damagesOfTheInstalledIndex() {
    int ids = ChunkTable.IDS;
    int owners = ChunkTable.OFFSETS;
    int large = ChunkTable.LARGE_OFFSETS;
    return Stream.of(
        edit("object 6 is not in its place", file -> file.edit(ids, putInt(6 * 20, 0))),
        edit("object 0 is not in its place", file -> file.edit(ids, putInt(0, -1))),
        edit("is not in its place", DamageIsNotCarriedOnTest::repeatId),
        edit("is not in its place", DamageIsNotCarriedOnTest::shiftFanout),
        edit("object 7 belongs to pack 4 of", file -> file.edit(owners, putInt(56, 4))),
        edit("object 7 belongs to pack 4294967295", file -> file.edit(owners, putInt(56, -1))),
        edit("object 9 points to large offset", file -> file.edit(owners, putInt(76, -1))),
        edit("object 0 has an offset beyond 2^63", file -> file.edit(large, putInt(0, -1))));
  }

  private static Arguments edit(String where, Consumer<MultiPackIndexEditor> change) {
    return Arguments.of(where, change);
  }

  private static Consumer<ByteBuffer> putInt(int at, int value) {
    return chunk -> chunk.putInt(at, value);
  }

  private static void repeatId(MultiPackIndexEditor file) {
    byte[] content = file.chunk(ChunkTable.IDS).array();
    System.arraycopy(content, 5 * 20, content, 6 * 20, 20);
  }

  private static void shiftFanout(MultiPackIndexEditor file) {
    ByteBuffer fanout = file.chunk(ChunkTable.FANOUT);
    int at = 0;
    while (fanout.getInt(at) == 0) {
      at += Integer.BYTES;
    }
    fanout.putInt(at, fanout.getInt(at) - 1);
  }

  @ParameterizedTest(name = "[{index}] {0}")
  @MethodSource("damagesOfTheInstalledIndex")
  void anInstalledIndexThatContradictsItselfIsRefusedThoughItsChecksumIsRight(
      String where, Consumer<MultiPackIndexEditor> change) throws Exception {
    MultiPackIndexEditor file = repository.withEverything();
    change.accept(file);
    repository.install(file.bytes());

    assertRefused(true, repository.index(), where);
  }

  /** A small part of all objects, so that its ids are threaded in between those of others. */
  @ParameterizedTest(name = "[{index}] {0}")
  @MethodSource("damagesOfTheInstalledIndex")
  void soIsOneThatHasFewObjects(String where, Consumer<MultiPackIndexEditor> change)
      throws Exception {
    String few = ListedPackEditor.of(repository, false).index().getFileName().toString();
    repository.repository().gitWithInput(few + "\n", "multi-pack-index", "write", "--stdin-packs");
    MultiPackIndexEditor file =
        IndexedRepository.withLargeOffsets(
            new MultiPackIndexEditor(Files.readAllBytes(repository.index()), HASH));
    change.accept(file);
    repository.install(file.bytes());

    assertRefused(true, repository.index(), where);
  }

  static Stream<Arguments> whatAnInstalledIndexMayGetWrong() {
    int owners = ChunkTable.OFFSETS;
    return Stream.of(
        edit("another offset", file -> file.edit(owners, putInt(60, 13))),
        edit("another owner", DamageIsNotCarriedOnTest::giveAway),
        edit("another id", file -> file.edit(ChunkTable.IDS, putInt(7 * 20 + 16, 0))));
  }

  private static void giveAway(MultiPackIndexEditor file) {
    ByteBuffer owners = file.chunk(ChunkTable.OFFSETS);
    owners.putInt(56, (owners.getInt(56) + 1) % 3);
  }

  /** To see it while writing, every object would have to be looked up in its pack: that is verification, which comes next. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("whatAnInstalledIndexMayGetWrong")
  void whatAnInstalledIndexSaysWronglyOfThePacksIsFoundAfterwards(
      String name, Consumer<MultiPackIndexEditor> change) throws Exception {
    MultiPackIndexEditor file = repository.plain();
    change.accept(file);
    repository.install(file.bytes());

    repository.install(write(true));

    assertThat(verify()).as(name).extracting(Fault::kind).containsOnly(Fault.Kind.INDEX_WRONG);
    VerifyComparison.assertAgreed(repository, 1);
    repository.install(write(false));
    VerifyComparison.assertAgreed(repository, 0);
  }

  private List<Fault> verify() throws IOException {
    return MultiPackIndexVerifier.verify(
        repository.index(), HASH, Level.INDEXES, new Cancellation());
  }

  @Test
  void largeOffsetsThatNeedNotBeLargeAreMadeSmall() throws Exception {
    repository.install(IndexedRepository.withLargeOffsets(repository.plain()).bytes());

    assertThat(write(true)).isEqualTo(repository.plain().bytes());
  }

  @Test
  void chunksThatWeDoNotKnowAreLeftOut() throws Exception {
    byte[] odd = repository.withEverything().put(0x58585858, new byte[64]).bytes();
    repository.install(odd);

    assertThat(write(true)).isEqualTo(repository.plain().bytes());
  }

  private static byte[] flipSome(byte[] file, Random random) {
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      int at = random.nextInt(random.nextBoolean() ? file.length : Math.min(file.length, 1200));
      file[at] ^= (byte) (1 << random.nextInt(8));
    }
    return MultiPackIndexEditor.seal(file, HASH);
  }

  private void assertWrittenOrRefused(boolean uponInstalled, String damage) {
    try {
      assertThat(write(uponInstalled)).isNotEmpty();
    } catch (CorruptFileException | UnsupportedIndexException e) {
      assertThat(e).as(damage).hasMessageContaining(repository.repository().packs().toString());
    } catch (IOException | RuntimeException e) {
      throw new AssertionError(damage, e);
    }
  }

  @Test
  void whateverBitsAreFlippedTheEndIsAnIndexOrAClearError() throws Exception {
    long seed = 20261124;
    Random random = new Random(seed);
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    byte[] index = Files.readAllBytes(pack.index());
    byte[] installed = repository.withEverything().bytes();
    for (int trial = 0; trial < 500; trial++) {
      String damage = "seed %d, trial %d".formatted(seed, trial);
      repository.install(flipSome(installed.clone(), random));
      assertWrittenOrRefused(true, damage);
      pack.editIndex(_ -> flipSome(index.clone(), random));
      assertWrittenOrRefused(false, damage);
      pack.editIndex(_ -> index);
    }
  }
}
