package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/** Object ids where they lie in mapped files: compared and shown without being copied. */
public final class ObjectIds {
  private ObjectIds() {}

  /**
   * Compares two ids byte by byte, as git orders them.
   *
   * @param length their length in bytes: a multiple of four
   * @return negative, zero or positive
   */
  public static int compare(MemorySegment a, long atA, MemorySegment b, long atB, int length) {
    int i = 0;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      long left = BigEndian.int64(a, atA + i);
      long right = BigEndian.int64(b, atB + i);
      if (left != right) {
        return Long.compareUnsigned(left, right);
      }
    }
    for (; i < length; i += Integer.BYTES) {
      int left = BigEndian.int32(a, atA + i);
      int right = BigEndian.int32(b, atB + i);
      if (left != right) {
        return Integer.compareUnsigned(left, right);
      }
    }
    return 0;
  }

  /**
   * Copies an id. What is so short is copied sooner than a segment's own method has checked whether it may.
   *
   * @param length its length in bytes: a multiple of four
   */
  static void copy(MemorySegment from, long atFrom, MemorySegment to, long atTo, int length) {
    int i = 0;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      BigEndian.putInt64(to, atTo + i, BigEndian.int64(from, atFrom + i));
    }
    for (; i < length; i += Integer.BYTES) {
      BigEndian.putInt32(to, atTo + i, BigEndian.int32(from, atFrom + i));
    }
  }

  /** The hexadecimal form of an id. */
  public static String hex(MemorySegment segment, long offset, int length) {
    return HexFormat.of().formatHex(bytes(segment, offset, length));
  }

  /** A copy of an id, or of a file's checksum. */
  public static byte[] bytes(MemorySegment segment, long offset, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
    return bytes;
  }
}
