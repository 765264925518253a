package io.repackd.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory outside the heap that is used for one thing after the other, and grows as it has to. For one thread: the one that made
 * it.
 */
final class NativeBuffer implements AutoCloseable {
  private static final long LEAST_BYTES = 1 << 12;

  private Arena arena = Arena.ofConfined();
  private MemorySegment segment = MemorySegment.NULL;

  /** How many bytes are taken from the system. */
  long capacity() {
    return segment.byteSize();
  }

  /** Room for so many bytes, with anything in it. What was given before is good no longer. */
  MemorySegment room(long bytes) {
    if (bytes > capacity()) {
      close();
      arena = Arena.ofConfined();
      segment = arena.allocate(enough(bytes));
    }
    return segment.asSlice(0, bytes);
  }

  /** The whole memory, which has room for so many bytes at least, with what was in it. */
  MemorySegment grow(long bytes) {
    if (bytes > capacity()) {
      Arena larger = Arena.ofConfined();
      MemorySegment copy = larger.allocate(enough(bytes));
      MemorySegment.copy(segment, 0, copy, 0, capacity());
      close();
      arena = larger;
      segment = copy;
    }
    return segment;
  }

  /** The power of two that is large enough: a buffer does not grow with each use. */
  private static long enough(long bytes) {
    return Math.max(LEAST_BYTES, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
  }

  /** Gives the memory back to the system if it is more than so many bytes. */
  void releaseBeyond(long bytes) {
    if (capacity() > bytes) {
      close();
      arena = Arena.ofConfined();
    }
  }

  @Override
  public void close() {
    arena.close();
    segment = MemorySegment.NULL;
  }
}
