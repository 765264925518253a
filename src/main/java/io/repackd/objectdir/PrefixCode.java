package io.repackd.objectdir;

import java.util.Arrays;

/** A Huffman code of a deflate stream, given by the lengths of its words (RFC 1951, 3.2.2). For one thread, but for the two that are fixed. */
final class PrefixCode {
  static final int MAX_SYMBOLS = 288;

  static final PrefixCode FIXED_LITERALS = fixed(288);
  static final PrefixCode FIXED_DISTANCES = fixed(32);

  private static final int MAX_BITS = 15;

  /** Words of so many bits are looked up; longer ones are rare. */
  private static final int TABLE_BITS = 10;

  private static final int LENGTH_FIELD_BITS = 4;

  /** By the first bits that come: the symbol above the length, or zero. */
  private final short[] table = new short[1 << TABLE_BITS];

  /** By lengths: how many words there are, the first of them, and where their symbols lie. */
  private final int[] counts = new int[MAX_BITS + 1];

  private final int[] firstWords = new int[MAX_BITS + 2];
  private final int[] places = new int[MAX_BITS + 2];
  private final short[] sorted = new short[MAX_SYMBOLS];

  /** By symbols: the word, with its first bit lowest, above its length; zero if there is none. */
  private final int[] words = new int[MAX_SYMBOLS];

  private static PrefixCode fixed(int symbols) {
    byte[] lengths = new byte[symbols];
    Arrays.fill(lengths, (byte) (symbols == 32 ? 5 : 8));
    if (symbols > 32) {
      Arrays.fill(lengths, 144, 256, (byte) 9);
      Arrays.fill(lengths, 256, 280, (byte) 7);
    }
    PrefixCode code = new PrefixCode();
    if (!code.build(lengths, 0, symbols)) {
      throw new IllegalStateException("the fixed code of RFC 1951 is none");
    }
    return code;
  }

  /** Takes another code; returns whether it is one. Words may be missing from it. */
  boolean build(byte[] lengths, int from, int symbols) {
    Arrays.fill(counts, 0);
    for (int i = 0; i < symbols; i++) {
      counts[lengths[from + i]]++;
    }
    counts[0] = 0;
    int room = 1;
    firstWords[1] = 0;
    places[1] = 0;
    for (int bits = 1; bits <= MAX_BITS; bits++) {
      room = 2 * room - counts[bits];
      if (room < 0) {
        return false;
      }
      firstWords[bits + 1] = firstWords[bits] + counts[bits] << 1;
      places[bits + 1] = places[bits] + counts[bits];
    }
    Arrays.fill(table, (short) 0);
    Arrays.fill(words, symbols, words.length, 0);
    int[] given = new int[MAX_BITS + 1];
    for (int i = 0; i < symbols; i++) {
      int bits = lengths[from + i];
      words[i] = 0;
      if (bits > 0) {
        int nth = given[bits]++;
        sorted[places[bits] + nth] = (short) i;
        int word = Integer.reverse(firstWords[bits] + nth) >>> Integer.SIZE - bits;
        words[i] = word << LENGTH_FIELD_BITS | bits;
        if (bits <= TABLE_BITS) {
          for (int at = word; at < table.length; at += 1 << bits) {
            table[at] = (short) (i << LENGTH_FIELD_BITS | bits);
          }
        }
      }
    }
    return true;
  }

  /** The word of a symbol, to be taken apart as what is found: its bits and their number; zero if it has none. */
  int word(int symbol) {
    return words[symbol];
  }

  /** The word with which these bits begin: its symbol and length; negative if there is none. */
  int find(int bits) {
    int found = table[bits & table.length - 1];
    return found != 0 ? found : findLong(bits);
  }

  private int findLong(int bits) {
    int reversed = Integer.reverse(bits);
    for (int length = TABLE_BITS + 1; length <= MAX_BITS; length++) {
      int nth = (reversed >>> Integer.SIZE - length) - firstWords[length];
      if (nth >= 0 && nth < counts[length]) {
        return sorted[places[length] + nth] << LENGTH_FIELD_BITS | length;
      }
    }
    return -1;
  }

  static int bits(int found) {
    return found & (1 << LENGTH_FIELD_BITS) - 1;
  }

  static int symbol(int found) {
    return found >>> LENGTH_FIELD_BITS;
  }
}
