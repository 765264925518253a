package io.repackd.pack;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * The CRC-32 of a few bytes, eight at a time by tables. {@link CRC32} is made for long ones: there, 20 bytes take two and a half times
 * as long as here, and a pack may have a million entries that are no longer. Source: the polynomial of ISO 3309, as in zlib.
 */
final class ShortChecksum {
  /** From here on it is not faster. */
  static final int WORTH_BYTES = 32;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** Its bits reversed, as all is here: the lowest comes first. */
  private static final int POLYNOMIAL = 0xedb88320;

  private static final long LOW_32_BITS = 0xffffffffL;

  // What a byte leaves behind with so many zeros after it. Each by itself, so that the compiler
  // knows where it lies.
  private static final int[] T0 = afterByte();
  private static final int[] T1 = afterZero(T0);
  private static final int[] T2 = afterZero(T1);
  private static final int[] T3 = afterZero(T2);
  private static final int[] T4 = afterZero(T3);
  private static final int[] T5 = afterZero(T4);
  private static final int[] T6 = afterZero(T5);
  private static final int[] T7 = afterZero(T6);

  private ShortChecksum() {}

  private static int[] afterByte() {
    int[] table = new int[1 << Byte.SIZE];
    for (int octet = 0; octet < table.length; octet++) {
      int rest = octet;
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        rest = rest >>> 1 ^ ((rest & 1) == 0 ? 0 : POLYNOMIAL);
      }
      table[octet] = rest;
    }
    return table;
  }

  private static int[] afterZero(int[] before) {
    int[] table = new int[before.length];
    for (int octet = 0; octet < table.length; octet++) {
      table[octet] = before[octet] >>> Byte.SIZE ^ T0[before[octet] & 0xff];
    }
    return table;
  }

  /** The CRC-32 of some bytes of an array. */
  static int of(byte[] bytes, int from, int length) {
    int rest = -1;
    int at = from;
    int end = from + length;
    for (; at + Long.BYTES <= end; at += Long.BYTES) {
      rest = afterEight((long) LONG.get(bytes, at) ^ rest & LOW_32_BITS);
    }
    if (at + Integer.BYTES <= end) {
      rest = afterFour((int) INT.get(bytes, at) ^ rest);
      at += Integer.BYTES;
    }
    for (; at < end; at++) {
      rest = rest >>> Byte.SIZE ^ T0[(rest ^ bytes[at]) & 0xff];
    }
    return ~rest;
  }

  private static int afterEight(long word) {
    return T7[(int) word & 0xff]
        ^ T6[(int) (word >>> 8) & 0xff]
        ^ T5[(int) (word >>> 16) & 0xff]
        ^ T4[(int) (word >>> 24) & 0xff]
        ^ T3[(int) (word >>> 32) & 0xff]
        ^ T2[(int) (word >>> 40) & 0xff]
        ^ T1[(int) (word >>> 48) & 0xff]
        ^ T0[(int) (word >>> 56)];
  }

  private static int afterFour(int word) {
    return T3[word & 0xff] ^ T2[word >>> 8 & 0xff] ^ T1[word >>> 16 & 0xff] ^ T0[word >>> 24];
  }
}
