package io.repackd.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An array of ints outside the heap, of any length. Lives as long as its arena. */
public final class IntTable {
  private static final long LOW_32_BITS = 0xffffffffL;

  private final MemorySegment segment;

  /** An array of zeros. */
  public IntTable(Arena arena, long length) {
    this.segment = arena.allocate(ValueLayout.JAVA_INT, length);
  }

  /** The element at an index. */
  public int get(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_INT, index);
  }

  /** The element at an index, as a number from 0 to 2^32 - 1. */
  public long getUnsigned(long index) {
    return get(index) & LOW_32_BITS;
  }

  /** Sets the element at an index. */
  public void set(long index, int value) {
    segment.setAtIndex(ValueLayout.JAVA_INT, index, value);
  }
}
