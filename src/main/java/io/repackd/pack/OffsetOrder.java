package io.repackd.pack;

import java.lang.foreign.Arena;
import java.util.Arrays;

/** The entries of a pack in the order in which they lie in it: tells where each ends, and which object begins at an offset. */
final class OffsetOrder {
  private static final int SMALL_BITS = 14;

  /** Up to so many offsets are sorted in an array: there may be thousands of such packs, and counting digits takes its time. */
  private static final int SMALL_COUNT = 1 << SMALL_BITS;

  private static final long MAX_SMALL_OFFSET = 1L << Long.SIZE - 1 - SMALL_BITS;

  private final LongTable offsets;
  private final LongTable positions;
  private final long end;

  /**
   * Reads the order from the index.
   *
   * @throws CorruptFileException if two objects begin at one offset, or one begins outside of the pack
   */
  OffsetOrder(PackFile pack, Arena arena) throws CorruptFileException {
    PackIndex index = pack.index();
    long count = index.count();
    offsets = new LongTable(arena, count);
    positions = new LongTable(arena, count);
    end = pack.end();
    if (count <= SMALL_COUNT && end < MAX_SMALL_OFFSET) {
      sortSmall(index, (int) count);
    } else {
      for (long i = 0; i < count; i++) {
        offsets.set(i, index.packOffset(i));
        positions.set(i, i);
      }
      RadixSort.sort(offsets, positions, Long.SIZE - Long.numberOfLeadingZeros(end));
    }
    long previous = PackFile.HEADER_BYTES - 1;
    for (long i = 0; i < count; i++) {
      long offset = offsets.get(i);
      if (offset <= previous || offset >= end) {
        throw new CorruptFileException(
            index.path(),
            "object %d is said to begin at %d of %s, where none can"
                .formatted(positions.get(i), offset, pack.path()));
      }
      previous = offset;
    }
  }

  private void sortSmall(PackIndex index, int count) throws CorruptFileException {
    long[] pairs = new long[count];
    for (int i = 0; i < count; i++) {
      // What is beyond the pack is still beyond it, and is seen to be below.
      pairs[i] = Math.min(index.packOffset(i), MAX_SMALL_OFFSET - 1) << SMALL_BITS | i;
    }
    Arrays.sort(pairs);
    for (int i = 0; i < count; i++) {
      offsets.set(i, pairs[i] >>> SMALL_BITS);
      positions.set(i, pairs[i] & SMALL_COUNT - 1);
    }
  }

  long count() {
    return offsets.length();
  }

  /** Where the i-th entry begins. */
  long offset(long i) {
    return offsets.get(i);
  }

  /** Where the i-th entry ends. */
  long entryEnd(long i) {
    return i + 1 < count() ? offsets.get(i + 1) : end;
  }

  /** The position in the index of the i-th entry. */
  long position(long i) {
    return positions.get(i);
  }

  /** Which entry begins at an offset; negative if none does. */
  long find(long offset) {
    long low = 0;
    long high = count();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (offsets.get(middle) < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < count() && offsets.get(low) == offset ? low : -1;
  }
}
