package io.repackd.pack;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sorts keys, or pairs of a key and a value by the key, outside the heap, in time proportional to their number. Stable. */
final class RadixSort {
  /** 2048 counters stay in the first-level cache beside the lines that are written. */
  private static final int DIGIT_BITS = 11;

  private static final int DIGITS = 1 << DIGIT_BITS;

  /** Of few keys: more counters would take longer to add up than the keys take to move. */
  private static final int SMALL_DIGIT_BITS = 8;

  /** Fewer are as soon compared with each other. */
  private static final int LEAST_COUNTED = 1 << SMALL_DIGIT_BITS - 2;

  private LongTable keys;
  private LongTable otherKeys;
  private final @Nullable Values values;

  /** What is moved with the keys. */
  private static final class Values {
    private LongTable table;
    private LongTable other;

    Values(LongTable table, Arena scratch) {
      this.table = table;
      this.other = new LongTable(scratch, table.length());
    }

    void move(long from, long to) {
      other.set(to, table.get(from));
    }

    void swap() {
      LongTable swapped = table;
      table = other;
      other = swapped;
    }
  }

  private RadixSort(LongTable keys, @Nullable LongTable values, Arena scratch) {
    this.keys = keys;
    this.otherKeys = new LongTable(scratch, keys.length());
    this.values = values == null ? null : new Values(values, scratch);
  }

  /**
   * Sorts both tables by the keys, which count as unsigned.
   *
   * @param keyBits how many low bits of the keys can differ: 1 to 64
   */
  static void sort(LongTable keys, LongTable values, int keyBits) {
    sort(keys, values, 0, keyBits);
  }

  /**
   * Sorts a table by some of the bits of its elements.
   *
   * @param fromBit the lowest of these bits
   * @param toBit the one after the highest: at most 64
   */
  static void sort(LongTable keys, int fromBit, int toBit) {
    sort(keys, null, fromBit, toBit);
  }

  /**
   * Sorts few numbers, a thousand or ten, by some of their bits. What is below these has to ascend already.
   *
   * @param fromBit the lowest of these bits
   * @param toBit the one after the highest: above it there is nothing
   * @return the array, or another
   */
  static long[] sort(long[] keys, int fromBit, int toBit) {
    if (keys.length < LEAST_COUNTED) {
      Arrays.sort(keys);
      return keys;
    }
    long[] from = keys;
    long[] to = new long[keys.length];
    for (int shift = fromBit; shift < toBit; shift += SMALL_DIGIT_BITS) {
      pass(from, to, shift, Math.min(SMALL_DIGIT_BITS, toBit - shift));
      long[] swapped = from;
      from = to;
      to = swapped;
    }
    return from;
  }

  private static void pass(long[] from, long[] to, int shift, int bits) {
    int digits = 1 << bits;
    int[] starts = new int[digits + 1];
    for (long key : from) {
      starts[digit(key, shift, digits) + 1]++;
    }
    for (int digit = 1; digit <= digits; digit++) {
      starts[digit] += starts[digit - 1];
    }
    for (long key : from) {
      to[starts[digit(key, shift, digits)]++] = key;
    }
  }

  private static void sort(LongTable keys, @Nullable LongTable values, int fromBit, int toBit) {
    try (Arena scratch = Arena.ofConfined()) {
      RadixSort sort = new RadixSort(keys, values, scratch);
      for (int shift = fromBit; shift < toBit; shift += DIGIT_BITS) {
        sort.pass(shift, Math.min(DIGIT_BITS, toBit - shift));
      }
      if (sort.keys != keys) {
        copy(sort.keys, keys);
        if (values != null && sort.values != null) {
          copy(sort.values.table, values);
        }
      }
    }
  }

  private void pass(int shift, int bits) {
    long length = keys.length();
    int digits = 1 << bits;
    long[] starts = new long[DIGITS + 1];
    for (long i = 0; i < length; i++) {
      starts[digit(keys.get(i), shift, digits) + 1]++;
    }
    for (int digit = 0; digit < digits; digit++) {
      if (starts[digit + 1] == length) {
        return; // all have the same digit here
      }
      starts[digit + 1] += starts[digit];
    }
    for (long i = 0; i < length; i++) {
      long key = keys.get(i);
      long to = starts[digit(key, shift, digits)]++;
      otherKeys.set(to, key);
      if (values != null) {
        values.move(i, to);
      }
    }
    LongTable swapped = keys;
    keys = otherKeys;
    otherKeys = swapped;
    if (values != null) {
      values.swap();
    }
  }

  private static int digit(long key, int shift, int digits) {
    return (int) (key >>> shift) & (digits - 1);
  }

  private static void copy(LongTable from, LongTable to) {
    for (long i = 0; i < from.length(); i++) {
      to.set(i, from.get(i));
    }
  }
}
