package io.repackd.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An array of longs outside the heap, of any length. Lives as long as its arena. */
public final class LongTable {
  private final MemorySegment segment;
  private final long length;

  /** An array of zeros. */
  public LongTable(Arena arena, long length) {
    this.segment = arena.allocate(ValueLayout.JAVA_LONG, length);
    this.length = length;
  }

  private LongTable(MemorySegment segment) {
    this.segment = segment;
    this.length = segment.byteSize() / Long.BYTES;
  }

  /** The first elements, as an array of their own: what is set there is set here. */
  LongTable first(long elements) {
    return new LongTable(segment.asSlice(0, elements * Long.BYTES));
  }

  /** The number of elements. */
  public long length() {
    return length;
  }

  /** The element at an index. */
  public long get(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  /** Sets the element at an index. */
  public void set(long index, long value) {
    segment.setAtIndex(ValueLayout.JAVA_LONG, index, value);
  }
}
