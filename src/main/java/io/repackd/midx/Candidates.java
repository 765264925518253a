package io.repackd.midx;

import io.repackd.pack.IntTable;
import io.repackd.pack.LongTable;
import java.lang.foreign.Arena;

/**
 * Copies of objects whose ids begin with one byte, to be sorted by id: a key, made of the eight bytes that follow, and a
 * reference to where the copy was found.
 *
 * <p>Ids are spread evenly, because they are hashes. So one pass that scatters by the leading bits of the key puts each within
 * a few places of its own, and what is left is done by insertion. Ids that somebody chose to be alike fall into one bin; a bin
 * that is too full for insertion is sorted as a heap.
 */
final class Candidates {
  private static final int MAX_BIN_BITS = 20;

  /** Bins have about this many candidates. */
  private static final int BIN_SIZE_BITS = 2;

  private static final long MAX_INSERTION = 32;

  private final LongTable keys;
  private final LongTable references;
  private final LongTable sortedKeys;
  private final LongTable sortedReferences;
  private final IntTable binEnds;
  private long size;

  /** Decides between two candidates with one key; the first comes first. */
  interface Order {
    int compare(long leftReference, long rightReference);
  }

  Candidates(long capacity, Arena arena) {
    keys = new LongTable(arena, capacity);
    references = new LongTable(arena, capacity);
    sortedKeys = new LongTable(arena, capacity);
    sortedReferences = new LongTable(arena, capacity);
    binEnds = new IntTable(arena, (1L << binBits(capacity)) + 1);
  }

  private static int binBits(long size) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(size) - BIN_SIZE_BITS;
    return Math.clamp(bits, 0, MAX_BIN_BITS);
  }

  void clear() {
    size = 0;
  }

  void add(long key, long reference) {
    keys.set(size, key);
    references.set(size, reference);
    size++;
  }

  long size() {
    return size;
  }

  /** The key of the i-th candidate, after sorting. */
  long key(long i) {
    return sortedKeys.get(i);
  }

  /** The reference of the i-th candidate, after sorting. */
  long reference(long i) {
    return sortedReferences.get(i);
  }

  void sort(Order order) {
    int bits = binBits(size);
    long bins = 1L << bits;
    for (long bin = 0; bin <= bins; bin++) {
      binEnds.set(bin, 0);
    }
    for (long i = 0; i < size; i++) {
      long bin = bin(keys.get(i), bits);
      binEnds.set(bin + 1, binEnds.get(bin + 1) + 1);
    }
    for (long bin = 0; bin < bins; bin++) {
      binEnds.set(bin + 1, binEnds.get(bin + 1) + binEnds.get(bin));
    }
    // Each slot of the table holds where its bin begins, and moves to where it ends while the bin
    // is filled.
    for (long i = 0; i < size; i++) {
      long key = keys.get(i);
      long bin = bin(key, bits);
      long to = binEnds.getUnsigned(bin);
      binEnds.set(bin, (int) to + 1);
      sortedKeys.set(to, key);
      sortedReferences.set(to, references.get(i));
    }
    long start = 0;
    for (long bin = 0; bin < bins; bin++) {
      long end = binEnds.getUnsigned(bin);
      sortBin(start, end, order);
      start = end;
    }
  }

  private static long bin(long key, int bits) {
    return bits == 0 ? 0 : key >>> (Long.SIZE - bits);
  }

  private void sortBin(long start, long end, Order order) {
    if (end - start > MAX_INSERTION) {
      sortAsHeap(start, end, order);
      return;
    }
    for (long i = start + 1; i < end; i++) {
      long key = sortedKeys.get(i);
      long reference = sortedReferences.get(i);
      long to = i;
      while (to > start && follows(to - 1, key, reference, order)) {
        set(to, sortedKeys.get(to - 1), sortedReferences.get(to - 1));
        to--;
      }
      set(to, key, reference);
    }
  }

  private void sortAsHeap(long start, long end, Order order) {
    long length = end - start;
    for (long root = length / 2 - 1; root >= 0; root--) {
      sink(start, root, length, order);
    }
    for (long last = length - 1; last > 0; last--) {
      long key = sortedKeys.get(start + last);
      long reference = sortedReferences.get(start + last);
      set(start + last, sortedKeys.get(start), sortedReferences.get(start));
      set(start, key, reference);
      sink(start, 0, last, order);
    }
  }

  private void sink(long start, long root, long length, Order order) {
    long key = sortedKeys.get(start + root);
    long reference = sortedReferences.get(start + root);
    long at = root;
    for (long child = 2 * at + 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length
          && follows(
              start + child + 1,
              sortedKeys.get(start + child),
              sortedReferences.get(start + child),
              order)) {
        child++;
      }
      if (!follows(start + child, key, reference, order)) {
        break;
      }
      set(start + at, sortedKeys.get(start + child), sortedReferences.get(start + child));
      at = child;
    }
    set(start + at, key, reference);
  }

  /** Whether the candidate at an index comes after another. */
  private boolean follows(long i, long key, long reference, Order order) {
    int comparison = Long.compareUnsigned(sortedKeys.get(i), key);
    return comparison > 0
        || (comparison == 0 && order.compare(sortedReferences.get(i), reference) > 0);
  }

  private void set(long i, long key, long reference) {
    sortedKeys.set(i, key);
    sortedReferences.set(i, reference);
  }
}
