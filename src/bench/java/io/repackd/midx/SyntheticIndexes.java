package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Pack indexes in memory, for the kernels: of packs that do not exist, with ids at random. */
final class SyntheticIndexes {
  private static final long SEED = 20_261_120;
  private static final int MAGIC = 0xff744f63;
  private static final int VERSION = 2;
  private static final int HEADER_BYTES = 8;
  private static final int OTHER_BYTES_AN_OBJECT = 8; // CRC-32 and offset
  private static final int PACK_HEADER_BYTES = 12;
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  private SyntheticIndexes() {}

  /**
   * Makes indexes of packs alike. No object is in two of them, which happens to random ids never.
   *
   * @param arena ends their memory
   */
  static List<IndexedPack> of(int packs, int objectsEach, Arena arena) throws CorruptFileException {
    List<IndexedPack> indexes = new ArrayList<>();
    for (int i = 0; i < packs; i++) {
      String name = "pack-%040x.idx".formatted(i);
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + i);
      PackIndex index = PackIndex.open(index(random, objectsEach, arena), HASH, Path.of(name));
      indexes.add(new IndexedPack(name, index, i));
    }
    return indexes;
  }

  private static MemorySegment index(RandomGenerator random, int objects, Arena arena) {
    int hashLength = HASH.length();
    long idsStart = HEADER_BYTES + PackIndex.FANOUT_BYTES;
    long idsEnd = idsStart + (long) objects * hashLength;
    MemorySegment index =
        arena.allocate(idsEnd + (long) objects * OTHER_BYTES_AN_OBJECT + 2L * hashLength);
    BigEndian.putInt32(index, 0, MAGIC);
    BigEndian.putInt32(index, Integer.BYTES, VERSION);
    // The first eight bytes decide the order; the rest may be anything.
    long[] prefixes = random.longs(objects).map(prefix -> prefix ^ Long.MIN_VALUE).toArray();
    Arrays.sort(prefixes);
    long offsets = idsEnd + (long) objects * Integer.BYTES;
    for (int i = 0; i < objects; i++) {
      long id = idsStart + (long) i * hashLength;
      BigEndian.putInt64(index, id, prefixes[i] ^ Long.MIN_VALUE);
      BigEndian.putInt64(index, id + Long.BYTES, random.nextLong());
      BigEndian.putInt32(index, offsets + (long) i * Integer.BYTES, PACK_HEADER_BYTES + i);
    }
    putFanout(index, idsStart, objects);
    return index;
  }

  private static void putFanout(MemorySegment index, long idsStart, int objects) {
    int next = 0;
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      while (next < objects
          && BigEndian.uint8(index, idsStart + (long) next * HASH.length()) == firstByte) {
        next++;
      }
      BigEndian.putInt32(index, HEADER_BYTES + (long) firstByte * Integer.BYTES, next);
    }
  }
}
