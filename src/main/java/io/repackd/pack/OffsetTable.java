package io.repackd.pack;

import java.lang.foreign.Arena;

/** An array of offsets in files outside the heap: of four bytes each if no file has 4 GiB, else of eight. Lives as long as its arena. */
final class OffsetTable {
  private static final long MAX_SHORT = 0xffffffffL;

  private final boolean large;
  private final IntTable shorts;
  private final LongTable longs;

  /**
   * An array of zeros.
   *
   * @param largest no offset is larger
   */
  OffsetTable(Arena arena, long length, long largest) {
    large = largest > MAX_SHORT;
    shorts = new IntTable(arena, large ? 0 : length);
    longs = new LongTable(arena, large ? length : 0);
  }

  /** The offset at an index. */
  long get(long index) {
    return large ? longs.get(index) : shorts.getUnsigned(index);
  }

  /** Sets the offset at an index. */
  void set(long index, long offset) {
    if (large) {
      longs.set(index, offset);
    } else {
      shorts.set(index, (int) offset);
    }
  }
}
