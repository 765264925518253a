package io.repackd.pack;

import java.lang.foreign.Arena;

/** The entries of a pack in the order in which they lie in it: tells where each ends, and which object begins at an offset. */
final class OffsetOrder {
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
    for (long i = 0; i < count; i++) {
      offsets.set(i, index.packOffset(i));
      positions.set(i, i);
    }
    RadixSort.sort(offsets, positions, Long.SIZE - Long.numberOfLeadingZeros(end));
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
