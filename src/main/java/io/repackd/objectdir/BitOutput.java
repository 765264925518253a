package io.repackd.objectdir;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Writes bits as deflate has them: of each byte the lowest first. For one thread. */
final class BitOutput {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** So many are copied at once: with those before them in their byte they fit a number. */
  private static final int COPIED_BITS = 48;

  private final byte[] bytes;
  private long position;

  /**
   * An output.
   *
   * @param capacity how many bytes there is room for
   */
  BitOutput(int capacity) {
    bytes = new byte[capacity + Long.BYTES];
  }

  /** Begins anew. */
  void reset() {
    position = 0;
  }

  /** How many bits there are. */
  long position() {
    return position;
  }

  /** The bytes; the last of them may be a part of one, with zeros above. */
  byte[] bytes() {
    return bytes;
  }

  /** Whether there is room for so many bits more. */
  boolean hasRoom(long bits) {
    return position + bits <= (bytes.length - Long.BYTES) * (long) Byte.SIZE;
  }

  /**
   * Appends bits.
   *
   * @param value has nothing above them
   * @param count at most {@value #COPIED_BITS}
   */
  void put(long value, int count) {
    int at = (int) (position / Byte.SIZE);
    int shift = (int) (position % Byte.SIZE);
    long kept = shift == 0 ? 0 : bytes[at] & (1L << shift) - 1;
    LONGS.set(bytes, at, kept | value << shift);
    position += count;
  }

  /**
   * Appends bits from elsewhere.
   *
   * @param start the byte from which bits are counted
   * @param from the first bit
   * @param to the one after the last
   */
  void copy(byte[] source, int start, long from, long to) {
    for (long bit = from; bit < to; bit += COPIED_BITS) {
      int count = (int) Math.min(COPIED_BITS, to - bit);
      put(read(source, start, bit, count), count);
    }
  }

  /** Reads so many bits from elsewhere, at most {@value #COPIED_BITS}. */
  static long read(byte[] source, int start, long bit, int count) {
    int at = start + (int) (bit / Byte.SIZE);
    long value = 0;
    if (source.length - at >= Long.BYTES) {
      value = (long) LONGS.get(source, at);
    } else {
      for (int i = 0; at + i < source.length; i++) {
        value |= (source[at + i] & 0xffL) << i * Byte.SIZE;
      }
    }
    return value >>> bit % Byte.SIZE & (1L << count) - 1;
  }
}
