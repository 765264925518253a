package io.repackd.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** An array of ints outside the heap, of any length. Lives as long as its arena. */
public final class IntTable {
  private static final VarHandle ELEMENT = ValueLayout.JAVA_INT.varHandle();
  private static final long LOW_32_BITS = 0xffffffffL;

  private final MemorySegment segment;

  /** An array of zeros. */
  public IntTable(Arena arena, long length) {
    this.segment = arena.allocate(ValueLayout.JAVA_INT, length);
  }

  private IntTable(MemorySegment segment) {
    this.segment = segment;
  }

  /** An array that has the same number everywhere, one of four equal bytes. */
  static IntTable filled(Arena arena, long length, int value) {
    byte octet = (byte) value;
    if (value != (octet & 0xff) * 0x01010101) {
      throw new IllegalArgumentException("its bytes differ: " + value);
    }
    return new IntTable(arena.allocate(ValueLayout.JAVA_INT, length).fill(octet));
  }

  /** The element at an index. */
  public int get(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_INT, index);
  }

  /** The element at an index, as a number from 0 to 2^32 - 1. */
  public long getUnsigned(long index) {
    return get(index) & LOW_32_BITS;
  }

  /** Raises the element at an index to a number, compared as unsigned, if it is smaller. For several threads at once. */
  void raise(long index, int value) {
    int known = (int) ELEMENT.getVolatile(segment, index * Integer.BYTES);
    while (Integer.compareUnsigned(known, value) < 0) {
      int seen = (int) ELEMENT.compareAndExchange(segment, index * Integer.BYTES, known, value);
      if (seen == known) {
        return;
      }
      known = seen;
    }
  }

  /** Sets the element at an index. */
  public void set(long index, int value) {
    segment.setAtIndex(ValueLayout.JAVA_INT, index, value);
  }
}
