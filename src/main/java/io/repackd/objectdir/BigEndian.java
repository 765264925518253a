package io.repackd.objectdir;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Numbers as git's files have them: most significant byte first, at any address. */
public final class BigEndian {
  // Constants, because an access through a layout held in a variable is not compiled to a plain
  // load.
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final long LOW_32_BITS = 0xffffffffL;

  private BigEndian() {}

  /** Four bytes as they are. */
  public static int int32(MemorySegment segment, long offset) {
    return segment.get(INT, offset);
  }

  /** Four bytes as a number from 0 to 2^32 - 1. */
  public static long uint32(MemorySegment segment, long offset) {
    return segment.get(INT, offset) & LOW_32_BITS;
  }

  /** Eight bytes as they are. */
  public static long int64(MemorySegment segment, long offset) {
    return segment.get(LONG, offset);
  }

  /** One byte as a number from 0 to 255. */
  public static int uint8(MemorySegment segment, long offset) {
    return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
  }

  /** Writes four bytes. */
  public static void putInt32(MemorySegment segment, long offset, int value) {
    segment.set(INT, offset, value);
  }

  /** Writes eight bytes. */
  public static void putInt64(MemorySegment segment, long offset, long value) {
    segment.set(LONG, offset, value);
  }
}
