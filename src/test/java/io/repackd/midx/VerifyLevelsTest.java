package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.midx.Fault.Kind;
import io.repackd.midx.Fault.Type;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each fault is found at its level and not before, is of its kind, and says in which file it is and where. */
class VerifyLevelsTest {
  @TempDir static Path shared;

  @TempDir Path directory;

  private static IndexedRepository sound;
  private IndexedRepository repository;

  @BeforeAll
  static void aRepository() {
    sound = IndexedRepository.create(shared.resolve("r.git"), HashAlgorithm.SHA1);
  }

  @BeforeEach
  void whoseFilesMayBeDamaged() throws IOException {
    repository = sound.copy(directory.resolve("r.git"));
    repository.install(repository.withEverything().bytes());
  }

  private List<Fault> verify(Level level) throws IOException {
    return MultiPackIndexVerifier.verify(
        repository.index(), HashAlgorithm.SHA1, level, new Cancellation());
  }

  /** Wants one fault at a level and none at the level before. */
  private void assertFault(Level level, Type type, Kind kind, Path file, String where)
      throws IOException {
    if (level != Level.STRUCTURE) {
      assertThat(verify(Level.values()[level.ordinal() - 1])).isEmpty();
    }
    List<Fault> faults = verify(level);
    assertThat(faults).hasSize(1);
    Fault fault = faults.getFirst();
    assertThat(fault.type()).as(fault.message()).isEqualTo(type);
    assertThat(fault.kind()).isEqualTo(kind);
    assertThat(fault.file().toAbsolutePath()).isEqualTo(file.toAbsolutePath());
    assertThat(fault.message()).contains(file.toString()).contains(where).hasLineCount(1);
  }

  @ParameterizedTest
  @EnumSource
  void aSoundIndexHasNoFault(Level level) throws Exception {
    assertThat(verify(level)).isEmpty();
  }

  private static Arguments damage(
      Type type, String where, Consumer<MultiPackIndexEditor> damage, int cutTo) {
    return Arguments.of(type, where, damage, cutTo);
  }

  private static Arguments damage(Type type, String where, Consumer<MultiPackIndexEditor> damage) {
    return damage(type, where, damage, Integer.MAX_VALUE);
  }

  private static Consumer<MultiPackIndexEditor> put(int chunk, int at, int value) {
    return file -> file.edit(chunk, content -> content.putInt(at, value));
  }

  static Stream<Arguments> damagesOfTheIndex() {
    return Stream.of(
        damage(Type.LENGTH, "of 31 bytes is too short", _ -> {}, 31),
        damage(Type.SIGNATURE, "does not begin with MIDX", file -> file.header(0, 'm')),
        damage(Type.HASH_FUNCTION, "hash function has number 9", file -> file.header(5, 9)),
        damage(
            Type.CHUNK_TABLE, "chunk OIDF begins at", file -> file.grow(ChunkTable.PACK_NAMES, 2)),
        damage(Type.CHUNK_MISSING, "chunk OIDL is missing", file -> file.remove(ChunkTable.IDS)),
        damage(
            Type.CHUNK_LENGTH,
            "chunk OOFF has 4 bytes",
            file -> file.put(ChunkTable.OFFSETS, new byte[4])),
        damage(
            Type.PACK_NAME,
            "pack 0 has the name \".ac/",
            put(ChunkTable.PACK_NAMES, 0, 0x2e61632f)),
        damage(Type.PACK_NAME_ORDER, "pack 1", put(ChunkTable.PACK_NAMES, 0, 0x7a61636b)),
        damage(Type.FANOUT, "fanout entry 4", put(ChunkTable.FANOUT, 12, -1)),
        damage(Type.OBJECT_ORDER, "object 6 is not in its place", put(ChunkTable.IDS, 6 * 20, 0)),
        damage(Type.PACK_NUMBER, "object 7 belongs to pack 4 of 4", put(ChunkTable.OFFSETS, 56, 4)),
        damage(
            Type.LARGE_OFFSET, "object 9 points to large offset", put(ChunkTable.OFFSETS, 76, -1)),
        damage(Type.REVERSE_INDEX, "bit 5", put(ChunkTable.REVERSE_INDEX, 20, -1)),
        damage(Type.BITMAPPED_PACKS, "pack 1", put(ChunkTable.BITMAPPED_PACKS, 8, -1)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("damagesOfTheIndex")
  void whatTheIndexSaysOfItselfIsItsStructure(
      Type type, String where, Consumer<MultiPackIndexEditor> damage, int cutTo) throws Exception {
    MultiPackIndexEditor file = repository.withEverything();
    damage.accept(file);
    byte[] bytes = file.bytes();
    repository.install(Arrays.copyOf(bytes, Math.min(bytes.length, cutTo)));

    assertFault(Level.STRUCTURE, type, Kind.INDEX_WRONG, repository.index(), where);
  }

  @Test
  void theChecksumIsStructureToo() throws Exception {
    byte[] bytes = repository.plain().bytes();
    bytes[bytes.length - 1] ^= 1;
    repository.install(bytes);

    assertFault(
        Level.STRUCTURE, Type.CHECKSUM, Kind.INDEX_WRONG, repository.index(), "trailing checksum");
  }

  @Test
  void anIndexOfNothingIsWrong() throws Exception {
    repository.install(
        repository
            .plain()
            .put(ChunkTable.FANOUT, new byte[1024])
            .put(ChunkTable.IDS, new byte[0])
            .put(ChunkTable.OFFSETS, new byte[0])
            .bytes());

    assertFault(
        Level.STRUCTURE, Type.NO_OBJECTS, Kind.INDEX_WRONG, repository.index(), "no object");
  }

  @Test
  void aWrongOffsetIsTheFaultOfTheIndexWhileThatOfThePackIsSound() throws Exception {
    MultiPackIndexEditor file = repository.plain();
    int at = 7 * MultiPackIndex.OWNER_BYTES + Integer.BYTES;
    int offset = file.chunk(ChunkTable.OFFSETS).getInt(at);
    repository.install(
        file.edit(ChunkTable.OFFSETS, chunk -> chunk.putInt(at, offset + 1)).bytes());

    assertFault(
        Level.INDEXES,
        Type.OFFSET,
        Kind.INDEX_WRONG,
        repository.index(),
        "is said to begin at %d of".formatted(offset + 1));
  }

  /** To write the multi-pack-index anew would carry the damage into it, and the object would be lost. */
  @Test
  void aWrongOffsetIsTheFaultOfThePackWhoseIndexIsDamaged() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.editOffset(0, offset -> offset + 1);

    assertFault(Level.INDEXES, Type.PACK_INDEX, Kind.PACK_WRONG, pack.index(), "trailing checksum");
  }

  @Test
  void aDisorderedPackIndexIsTheFaultOfThePack() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.exchangeIds();
    pack.sealIndex();

    assertFault(
        Level.INDEXES, Type.PACK_INDEX, Kind.PACK_WRONG, pack.index(), "is not in its place");
  }

  @Test
  void anOffsetBeyondThePackIsTheFaultOfThePack() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    int end = Math.toIntExact(Files.size(pack.data())) - HashAlgorithm.SHA1.length();
    String id = pack.idHex(0);
    int before = pack.offset(0);
    pack.editOffset(0, _ -> end);
    pack.sealIndex();
    MultiPackIndexEditor file = repository.plain();
    ByteBuffer owners = file.chunk(ChunkTable.OFFSETS);
    for (int i = 0; i < file.objects(); i++) {
      if (file.idHex(i).equals(id)) {
        assertThat(owners.getInt(i * MultiPackIndex.OWNER_BYTES + 4)).isEqualTo(before);
        owners.putInt(i * MultiPackIndex.OWNER_BYTES + 4, end);
      }
    }
    repository.install(file.bytes());

    assertFault(
        Level.INDEXES,
        Type.PACK_INDEX,
        Kind.PACK_WRONG,
        pack.index(),
        "object 0 is said to begin at %d".formatted(end));
    VerifyComparison.assertDeviation(repository, GitDeviation.PACK_BOUNDS, 0, 1);
  }

  @Test
  void aPackThatIsNotThereMayBeTheWorkOfAnother() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    Files.delete(pack.data());

    assertFault(
        Level.INDEXES, Type.PACK_GONE, Kind.PACK_GONE, pack.data(), "lists pack 0, and cannot");
  }

  @Test
  void soMayBeAnIndexThatIsNotThere() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    Files.delete(pack.index());
    Files.delete(pack.data());

    assertFault(
        Level.INDEXES, Type.PACK_GONE, Kind.PACK_GONE, pack.index(), "lists pack 0, and cannot");
  }

  @Test
  void aPackThatIsCutOffIsWrong() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.editData(file -> Arrays.copyOf(file, file.length - 1));

    assertFault(
        Level.INDEXES, Type.PACK_FILE, Kind.PACK_WRONG, pack.data(), "made for another pack");
  }

  /** Git sees that both ends are right. */
  @Test
  void aPackWithoutItsMiddleIsWrong() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    int hash = HashAlgorithm.SHA1.length();
    pack.editData(file ->
        ByteBuffer.allocate(12 + hash)
            .put(file, 0, 12)
            .put(file, file.length - hash, hash)
            .array());

    assertFault(
        Level.INDEXES,
        Type.PACK_FILE,
        Kind.PACK_WRONG,
        pack.data(),
        "too short for %d objects".formatted(pack.objects()));
    VerifyComparison.assertDeviation(repository, GitDeviation.PACK_BOUNDS, 0, 1);
  }

  @Test
  void aPackIndexThatIsCutOffIsWrong() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.editIndex(file -> Arrays.copyOf(file, file.length - 1));

    assertFault(Level.INDEXES, Type.PACK_INDEX, Kind.PACK_WRONG, pack.index(), "cannot have");
  }

  @Test
  void aDirectoryInPlaceOfAPackIndexIsWrong() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    Files.delete(pack.index());
    Files.createDirectory(pack.index());

    assertFault(
        Level.INDEXES, Type.PACK_INDEX, Kind.PACK_WRONG, pack.index(), "not a regular file");
  }

  @Test
  void theContentOfPacksIsReadOnlyWhenAskedFor() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.editData(file -> {
      file[100] ^= 1;
      return file;
    });

    assertFault(Level.PACKS, Type.PACK_CONTENT, Kind.PACK_WRONG, pack.data(), "trailing checksum");
  }

  @Test
  void soIsWhatAPackIndexSaysOfTheObjects() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    pack.editCrc(0, 1);
    pack.sealIndex();

    assertFault(
        Level.PACKS,
        Type.PACK_CONTENT,
        Kind.PACK_WRONG,
        pack.data(),
        "entry at %d: it does not match its checksum".formatted(pack.offset(0)));
  }

  @Test
  void everyPackIsReadAlsoOneThatOwnsNothing() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, false);
    pack.editIndex(file -> {
      file[file.length - 1] ^= 1;
      return file;
    });

    assertFault(Level.PACKS, Type.PACK_CONTENT, Kind.PACK_WRONG, pack.index(), "trailing checksum");
  }
}
