package io.repackd.pack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory outside the heap that is used for one thing after the other, and grows as it has to. For one thread: the one that made
 * it.
 */
final class NativeBuffer implements AutoCloseable {
  private static final long LEAST_BYTES = 1 << 12;

  private final long mostBytes;
  private Arena arena = Arena.ofConfined();
  private MemorySegment segment = MemorySegment.NULL;

  /** There is no room for so much. */
  static final class FullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FullException(long bytes, long mostBytes) {
      super("%d bytes are more than %d".formatted(bytes, mostBytes));
    }
  }

  /** A buffer of any size. */
  NativeBuffer() {
    this(Long.MAX_VALUE);
  }

  /** A buffer that throws {@link FullException} where more than so many bytes are wanted of it. */
  NativeBuffer(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** How many bytes are taken from the system. */
  long capacity() {
    return segment.byteSize();
  }

  /** Room for so many bytes, with anything in it. What was given before is good no longer. */
  MemorySegment room(long bytes) {
    if (bytes > capacity()) {
      requireRoom(bytes);
      close();
      arena = Arena.ofConfined();
      segment = arena.allocate(enough(bytes));
    }
    return segment.asSlice(0, bytes);
  }

  /** The whole memory, which has room for so many bytes at least, with what was in it. */
  MemorySegment grow(long bytes) {
    if (bytes > capacity()) {
      requireRoom(bytes);
      Arena larger = Arena.ofConfined();
      MemorySegment copy = larger.allocate(enough(bytes));
      MemorySegment.copy(segment, 0, copy, 0, capacity());
      close();
      arena = larger;
      segment = copy;
    }
    return segment;
  }

  private void requireRoom(long bytes) {
    if (bytes > mostBytes) {
      throw new FullException(bytes, mostBytes);
    }
  }

  /** How many bytes a buffer takes for so many: up to an eighth more, so that it does not grow with each use. */
  static long enough(long bytes) {
    if (bytes <= LEAST_BYTES) {
      return LEAST_BYTES;
    }
    long step = Long.highestOneBit(bytes) >>> 3;
    return Math.ceilDiv(bytes, step) * step;
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
