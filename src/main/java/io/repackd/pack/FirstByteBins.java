package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.PackSource.Made;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.AllCores;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The entries of an {@link EntryTable} by the first byte of their ids, each with the first eight bytes of its id. Filled by
 * several threads, one for each part of the sources: where the entries of a part go is known before, from the fanouts.
 */
final class FirstByteBins {
  static final int FIRST_BYTES = 256;

  private final LongTable keys;
  private final IntTable entries;
  private final long[] starts = new long[FIRST_BYTES + 1];
  private final long[][] partStarts;

  /**
   * Empty bins.
   *
   * @param parts the first source of each part, and the number of sources
   * @param arena ends the table of entries
   * @param scratch ends the keys, which are needed no longer than for sorting
   */
  FirstByteBins(EntryTable table, int[] parts, Arena arena, Arena scratch) throws IOException {
    keys = new LongTable(scratch, table.count());
    entries = new IntTable(arena, table.count());
    partStarts = new long[parts.length - 1][FIRST_BYTES];
    AllCores.forEach(
        partStarts.length,
        part -> {
          for (int source = parts[part]; source < parts[part + 1]; source++) {
            count(table, source, partStarts[part]);
          }
        });
    long next = 0;
    for (int firstByte = 0; firstByte < FIRST_BYTES; firstByte++) {
      starts[firstByte] = next;
      for (long[] part : partStarts) {
        long count = part[firstByte];
        part[firstByte] = next;
        next += count;
      }
    }
    starts[FIRST_BYTES] = next;
  }

  private static void count(EntryTable table, int source, long[] counts) {
    switch (table.sources().get(source)) {
      case Packed packed -> {
        PackIndex index = packed.pack().index();
        long before = 0;
        for (int firstByte = 0; firstByte < FIRST_BYTES; firstByte++) {
          long upTo = index.fanout(firstByte);
          counts[firstByte] += upTo - before;
          before = upTo;
        }
      }
      case Made made -> {
        for (long i = 0; i < made.count(); i++) {
          long at = table.madeIdOffset(i);
          counts[BigEndian.uint8(made.ids(), at)]++;
        }
      }
    }
  }

  /** Where the entries of a byte begin; for 256, their number. */
  long start(int firstByte) {
    return starts[firstByte];
  }

  /** The first eight bytes of the id at a place. */
  long key(long at) {
    return keys.get(at);
  }

  /** The entry at a place. */
  long entry(long at) {
    return entries.getUnsigned(at);
  }

  /** The table of entries, which whoever has read a bin may use as his own from there on. */
  IntTable entries() {
    return entries;
  }

  /** Takes the entries of a part, in the order of its sources. */
  Filling fill(int part) {
    return new Filling(partStarts[part], part);
  }

  /** Takes entries. For one thread. */
  final class Filling {
    private final long[] next;
    private final long[] ends;

    private Filling(long[] next, int part) {
      this.next = next.clone();
      this.ends =
          part + 1 < partStarts.length
              ? partStarts[part + 1]
              : Arrays.copyOfRange(starts, 1, FIRST_BYTES + 1);
    }

    /** Whether as many were added of each first byte as the fanouts said. */
    boolean isComplete() {
      return Arrays.equals(next, ends);
    }

    /**
     * Adds an entry.
     *
     * @param key the first eight bytes of its id
     * @return false if the fanout said that there is none more with such a byte: the ids are not in their places
     */
    boolean add(long key, long entry) {
      int firstByte = (int) (key >>> Long.SIZE - Byte.SIZE);
      long to = next[firstByte];
      if (to == ends[firstByte]) {
        return false;
      }
      keys.set(to, key);
      entries.set(to, (int) entry);
      next[firstByte] = to + 1;
      return true;
    }
  }
}
