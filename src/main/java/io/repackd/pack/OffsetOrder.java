package io.repackd.pack;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a pack in the order in which they lie in it: tells where each ends, and which object begins at an offset. Eight bytes
 * for each outside the heap, and as much again while they are sorted; twice that if an offset and a position do not fit in one number.
 */
final class OffsetOrder {
  /** Up to so many offsets are sorted in an array: there may be thousands of such packs, and to count large digits takes its time. */
  private static final int SMALL_COUNT = 1 << 14;

  private final LongTable offsets;

  /** The positions, unless each lies in the low bits of its offset. */
  private final @Nullable LongTable positions;

  /** How many these low bits are. */
  private final int positionBits;

  private final long end;

  /**
   * Reads the order from the index.
   *
   * @throws CorruptFileException if two objects begin at one offset, or one begins outside of the pack
   */
  OffsetOrder(PackFile pack, Arena arena) throws CorruptFileException {
    this(pack, arena, Long.SIZE - 1);
  }

  /**
   * The same.
   *
   * @param numberBits how many bits an offset and a position may have together to be kept in one number
   */
  OffsetOrder(PackFile pack, Arena arena, int numberBits) throws CorruptFileException {
    PackIndex index = pack.index();
    long count = index.count();
    end = pack.end();
    offsets = new LongTable(arena, count);
    int offsetBits = bits(end);
    if (offsetBits + bits(count) <= numberBits) {
      positionBits = bits(count);
      positions = null;
      sortTogether(index, offsetBits);
    } else {
      positionBits = 0;
      positions = new LongTable(arena, count);
      sortApart(index, positions, offsetBits);
    }
    long previous = PackFile.HEADER_BYTES - 1;
    for (long i = 0; i < count; i++) {
      long offset = offset(i);
      if (offset <= previous || offset >= end) {
        throw new CorruptFileException(
            index.path(),
            "object %d is said to begin at %d of %s, where none can"
                .formatted(position(i), index.packOffset(position(i)), pack.path()));
      }
      previous = offset;
    }
  }

  private static int bits(long largest) {
    return Long.SIZE - Long.numberOfLeadingZeros(largest);
  }

  private void sortTogether(PackIndex index, int offsetBits) throws CorruptFileException {
    if (count() > SMALL_COUNT) {
      for (long i = 0; i < count(); i++) {
        offsets.set(i, together(index, i));
      }
      RadixSort.sort(offsets, positionBits, positionBits + offsetBits);
      return;
    }
    long[] few = new long[(int) count()];
    for (int i = 0; i < few.length; i++) {
      few[i] = together(index, i);
    }
    long[] sorted = RadixSort.sort(few, positionBits, positionBits + offsetBits);
    for (int i = 0; i < sorted.length; i++) {
      offsets.set(i, sorted[i]);
    }
  }

  private long together(PackIndex index, long position) throws CorruptFileException {
    // What is beyond the pack is still beyond it, and is seen to be.
    return Math.min(index.packOffset(position), end) << positionBits | position;
  }

  private void sortApart(PackIndex index, LongTable places, int offsetBits)
      throws CorruptFileException {
    for (long i = 0; i < count(); i++) {
      offsets.set(i, Math.min(index.packOffset(i), end));
      places.set(i, i);
    }
    RadixSort.sort(offsets, places, offsetBits);
  }

  long count() {
    return offsets.length();
  }

  /** Where the i-th entry begins. */
  long offset(long i) {
    return offsets.get(i) >>> positionBits;
  }

  /** Where the i-th entry ends. */
  long entryEnd(long i) {
    return i + 1 < count() ? offset(i + 1) : end;
  }

  /** The position in the index of the i-th entry. */
  long position(long i) {
    return positions == null ? offsets.get(i) & (1L << positionBits) - 1 : positions.get(i);
  }

  /** Which entry begins at an offset; negative if none does. */
  long find(long offset) {
    long low = 0;
    long high = count();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (offset(middle) < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < count() && offset(low) == offset ? low : -1;
  }
}
