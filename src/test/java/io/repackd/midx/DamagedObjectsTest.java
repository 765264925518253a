package io.repackd.midx;

import static io.repackd.midx.GitDeviation.ANY;
import static io.repackd.midx.VerifyComparison.FATAL;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Fanout, ids, owners and offsets of a multi-pack-index, and its trailing checksum. */
class DamagedObjectsTest {
  @TempDir Path directory;

  private Stream<DynamicTest> inEach(Consumer<DamageCases> rows) {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::withEverything);
          rows.accept(cases);
          return cases.tests();
        });
  }

  private static int fanout(MultiPackIndexEditor file, int firstByte) {
    return firstByte < 0 ? 0 : file.chunk(ChunkTable.FANOUT).getInt(firstByte * Integer.BYTES);
  }

  private static byte[] withFanout(MultiPackIndexEditor file, int firstByte, int count) {
    return file.edit(ChunkTable.FANOUT, chunk -> chunk.putInt(firstByte * Integer.BYTES, count))
        .bytes();
  }

  /** A first byte that at least two objects have, and the one after it too. */
  private static int crowded(MultiPackIndexEditor file) {
    int firstByte = 0;
    while (fanout(file, firstByte) - fanout(file, firstByte - 1) < 2
        || fanout(file, firstByte + 1) - fanout(file, firstByte) < 1) {
      firstByte++;
    }
    return firstByte;
  }

  @TestFactory
  Stream<DynamicTest> fanout() {
    return inEach(cases -> {
      for (int firstByte : new int[] {0, 1, 127, 254}) {
        cases.deviating(
            "fanout entry %d is 2^32 - 1".formatted(firstByte),
            GitDeviation.FANOUT_AT_LOAD,
            ANY,
            FATAL,
            file -> withFanout(file, firstByte, -1));
      }
      for (int count : new int[] {-1, 1 << 31, 0, 1, 5}) {
        cases.deviating(
            "the last fanout entry is %d".formatted(Integer.toUnsignedLong(count)),
            GitDeviation.FANOUT_AT_LOAD,
            ANY,
            FATAL,
            file -> withFanout(file, 255, count));
      }
      for (int by : new int[] {-1, 1}) {
        cases
            .deviating(
                "the fanout counts %d objects too many".formatted(by),
                GitDeviation.CHUNK_LENGTHS,
                ANY,
                FATAL,
                file -> withLastCounts(file, by))
            .agreed(
                "a fanout entry is too large by %d".formatted(by),
                1,
                file -> withFanout(file, crowded(file), fanout(file, crowded(file)) + by));
      }
      cases.agreed("there is no object", 1, DamagedObjectsTest::withoutObjects);
    });
  }

  /** Changes all entries that are as large as the last, so that the table ascends. */
  private static byte[] withLastCounts(MultiPackIndexEditor file, int by) {
    int objects = file.objects();
    for (int firstByte = 0; firstByte < 256; firstByte++) {
      if (fanout(file, firstByte) > objects + Math.min(by, 0) || firstByte == 255) {
        withFanout(file, firstByte, objects + by);
      }
    }
    return file.bytes();
  }

  private static byte[] withoutObjects(MultiPackIndexEditor file) {
    return file.put(ChunkTable.FANOUT, new byte[1024])
        .put(ChunkTable.IDS, new byte[0])
        .put(ChunkTable.OFFSETS, new byte[0])
        .remove(ChunkTable.LARGE_OFFSETS)
        .remove(ChunkTable.REVERSE_INDEX)
        .remove(ChunkTable.BITMAPPED_PACKS)
        .bytes();
  }

  /** Writes over the id of an object. */
  private static byte[] withId(MultiPackIndexEditor file, int position, byte[] id) {
    return file.edit(ChunkTable.IDS, chunk -> chunk.put(position * id.length, id)).bytes();
  }

  private static byte[] id(MultiPackIndexEditor file, int position) {
    byte[] id = new byte[file.hash().length()];
    file.chunk(ChunkTable.IDS).get(position * id.length, id);
    return id;
  }

  private static byte[] changed(byte[] id, int at, int bits) {
    id[at] ^= (byte) bits;
    return id;
  }

  private static byte[] filled(byte[] id, int value) {
    Arrays.fill(id, (byte) value);
    return id;
  }

  @TestFactory
  Stream<DynamicTest> ids() {
    return inEach(cases ->
        cases
            .agreed(
                "two ids are exchanged",
                1,
                file -> {
                  int first = fanout(file, crowded(file) - 1);
                  byte[] before = id(file, first);
                  withId(file, first, id(file, first + 1));
                  return withId(file, first + 1, before);
                })
            .agreed("two ids are equal", 1, file -> withId(file, 6, id(file, 5)))
            .agreed("the first two are equal", 1, file -> withId(file, 0, id(file, 1)))
            .agreed(
                "the last two are equal",
                1,
                file -> withId(file, file.objects() - 1, id(file, file.objects() - 2)))
            .agreed("another first byte", 1, file -> withId(file, 9, changed(id(file, 9), 0, 1)))
            .agreed(
                "another first byte, first",
                1,
                file -> withId(file, 0, changed(id(file, 0), 0, 0x80)))
            .agreed(
                "another last byte",
                1,
                file -> withId(file, 9, changed(id(file, 9), file.hash().length() - 1, 1)))
            .agreed("an id of zeros", 1, file -> withId(file, 9, filled(id(file, 9), 0)))
            .agreed("the first is of ones", 1, file -> withId(file, 0, filled(id(file, 0), -1)))
            .agreed(
                "the last is of ones",
                1,
                file -> withId(file, file.objects() - 1, filled(id(file, 0), -1))));
  }

  private static byte[] withPack(MultiPackIndexEditor file, int position, int pack) {
    return file.edit(
            ChunkTable.OFFSETS, chunk -> chunk.putInt(position * MultiPackIndex.OWNER_BYTES, pack))
        .bytes();
  }

  private static int offsetAt(int position) {
    return position * MultiPackIndex.OWNER_BYTES + Integer.BYTES;
  }

  private static byte[] withOffset(MultiPackIndexEditor file, int position, int offset) {
    return file.edit(ChunkTable.OFFSETS, chunk -> chunk.putInt(offsetAt(position), offset)).bytes();
  }

  private static int pack(MultiPackIndexEditor file, int position) {
    return file.chunk(ChunkTable.OFFSETS).getInt(position * MultiPackIndex.OWNER_BYTES);
  }

  /** Neither of the large offsets, which every third object has. */
  private static final int SMALL = 7;

  private static final int LARGE = 9;

  @TestFactory
  Stream<DynamicTest> owners() {
    return inEach(cases -> {
      for (int pack : new int[] {4, 5, 1 << 16, 1 << 31, -1}) {
        cases.agreed(
            "pack %s of 4".formatted(Integer.toUnsignedString(pack)),
            FATAL,
            file -> withPack(file, SMALL, pack));
      }
      for (int offset : new int[] {0, 1, 11, 0x7fffffff}) {
        cases.agreed("offset %d".formatted(offset), 1, file -> withOffset(file, SMALL, offset));
      }
      cases
          .agreed("pack 4 of 4 for the first object", FATAL, file -> withPack(file, 0, 4))
          .agreed("another pack", 1, file -> withPack(file, SMALL, (pack(file, SMALL) + 1) % 3))
          .agreed(
              "an offset one too large",
              1,
              file ->
                  withOffset(
                      file, SMALL, file.chunk(ChunkTable.OFFSETS).getInt(offsetAt(SMALL)) + 1))
          .agreed(
              "the offset of another object",
              1,
              file ->
                  withOffset(
                      file, SMALL, file.chunk(ChunkTable.OFFSETS).getInt(offsetAt(SMALL + 1))));
    });
  }

  private static byte[] withLargeOffset(MultiPackIndexEditor file, long offset) {
    return file.edit(
            ChunkTable.LARGE_OFFSETS, chunk -> chunk.putLong(LARGE / 3 * Long.BYTES, offset))
        .bytes();
  }

  @TestFactory
  Stream<DynamicTest> largeOffsets() {
    return inEach(cases -> {
      for (long offset :
          new long[] {0, 1, 1L << 32, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
        cases.agreed("large offset %d".formatted(offset), 1, file -> withLargeOffset(file, offset));
      }
      cases.agreed(
          "the large offset of another object",
          1,
          file -> withOffset(file, LARGE, MultiPackIndex.LARGE));
      for (int beyond : new int[] {0, 1, 1000}) {
        cases.deviating(
            "a large offset that is not there, by %d".formatted(beyond),
            GitDeviation.LARGE_OFFSET_BOUNDS,
            ANY,
            FATAL,
            file -> withOffset(file, LARGE, MultiPackIndex.LARGE | largeOffsets(file) + beyond));
      }
      // So many offsets are wrong then that not all are told; that one is not there has to be.
      cases.deviating(
          "the large offsets begin eight bytes too late",
          GitDeviation.LARGE_OFFSET_BOUNDS,
          ANY,
          FATAL,
          file ->
              file.bytes(bytes -> {
                int at = MultiPackIndexEditor.offsetAt(file.chunkCount() - 1);
                bytes.putLong(at, bytes.getLong(at) + Long.BYTES);
              }));
      cases.deviating(
          "large offset 2^31 - 1",
          GitDeviation.LARGE_OFFSET_BOUNDS,
          ANY,
          FATAL,
          file -> withOffset(file, LARGE, -1));
    });
  }

  private static int largeOffsets(MultiPackIndexEditor file) {
    return file.chunk(ChunkTable.LARGE_OFFSETS).capacity() / Long.BYTES;
  }

  @TestFactory
  Stream<DynamicTest> trailingChecksum() {
    return inEach(cases ->
        cases
            .agreed("its first byte", 1, file -> flipped(file, -file.hash().length()))
            .agreed("its last byte", 1, file -> flipped(file, -1))
            .agreed(
                "zeros",
                1,
                file -> {
                  byte[] bytes = file.bytes();
                  Arrays.fill(bytes, bytes.length - file.hash().length(), bytes.length, (byte) 0);
                  return bytes;
                })
            .agreed("the byte before it", 1, file -> flipped(file, -1 - file.hash().length())));
  }

  private static byte[] flipped(MultiPackIndexEditor file, int at) {
    ByteBuffer bytes = ByteBuffer.wrap(file.bytes());
    int index = bytes.capacity() + at;
    return bytes.put(index, (byte) ~bytes.get(index)).array();
  }
}
