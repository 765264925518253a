package io.repackd.pack;

import java.lang.foreign.Arena;

/** Sorts pairs of a key and a value by the key, outside the heap, in time proportional to their number. Stable. */
final class RadixSort {
  /** 2048 counters stay in the first-level cache beside the lines that are written. */
  private static final int DIGIT_BITS = 11;

  private static final int DIGITS = 1 << DIGIT_BITS;

  private LongTable keys;
  private LongTable values;
  private LongTable otherKeys;
  private LongTable otherValues;

  private RadixSort(LongTable keys, LongTable values, Arena scratch) {
    this.keys = keys;
    this.values = values;
    this.otherKeys = new LongTable(scratch, keys.length());
    this.otherValues = new LongTable(scratch, keys.length());
  }

  /**
   * Sorts both tables by the keys, which count as unsigned.
   *
   * @param keyBits how many low bits of the keys can differ: 1 to 64
   */
  static void sort(LongTable keys, LongTable values, int keyBits) {
    try (Arena scratch = Arena.ofConfined()) {
      RadixSort sort = new RadixSort(keys, values, scratch);
      for (int shift = 0; shift < keyBits; shift += DIGIT_BITS) {
        sort.pass(shift);
      }
      if (sort.keys != keys) {
        copy(sort.keys, keys);
        copy(sort.values, values);
      }
    }
  }

  private void pass(int shift) {
    long length = keys.length();
    long[] starts = new long[DIGITS + 1];
    for (long i = 0; i < length; i++) {
      starts[digit(keys.get(i), shift) + 1]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
      if (starts[digit + 1] == length) {
        return; // all have the same digit here
      }
      starts[digit + 1] += starts[digit];
    }
    for (long i = 0; i < length; i++) {
      long key = keys.get(i);
      long to = starts[digit(key, shift)]++;
      otherKeys.set(to, key);
      otherValues.set(to, values.get(i));
    }
    LongTable swappedKeys = keys;
    keys = otherKeys;
    otherKeys = swappedKeys;
    LongTable swappedValues = values;
    values = otherValues;
    otherValues = swappedValues;
  }

  private static int digit(long key, int shift) {
    return (int) (key >>> shift) & (DIGITS - 1);
  }

  private static void copy(LongTable from, LongTable to) {
    for (long i = 0; i < from.length(); i++) {
      to.set(i, from.get(i));
    }
  }
}
