package io.repackd.midx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Copies of objects, with the numbers of their packs, to be sorted by id.
 *
 * <p>Ids are spread evenly, because they are hashes. So the copies are counted by the leading bits of their ids, and then each is
 * put directly where those with its bits belong; what is left is done by insertion. Ids that somebody chose to be alike fall into
 * one bin; a bin that is too full for insertion is sorted as a heap.
 */
final class Candidates {
  private static final int MAX_BIN_BITS = 20;

  /** The largest bin that is sorted by insertion. */
  private static final long MAX_INSERTION = 32;

  private final CopyTable copies;
  private final Bins bins;
  private final Precedence precedence;

  private long firstKey;
  private int shift;
  private long size;

  /**
   * Room for copies.
   *
   * @param capacity how many
   * @param precedence decides between two copies of one object
   */
  Candidates(int idBytes, long capacity, Precedence precedence, Arena arena) {
    this.copies = new CopyTable(idBytes, capacity, arena);
    this.bins = new Bins(1L << binBits(capacity), arena);
    this.precedence = precedence;
  }

  private static int binBits(long size) {
    return Math.clamp(Long.SIZE - Long.numberOfLeadingZeros(size) - 1, 0, MAX_BIN_BITS);
  }

  /**
   * Begins anew.
   *
   * @param range what all ids begin with
   * @param newSize how many copies there will be
   */
  void begin(IdRange range, long newSize) {
    size = newSize;
    firstKey = range.first();
    long span = range.last() - range.first();
    shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(span) - binBits(size));
    // Without any bit, everything is in one bin; a shift by the length of a number would be none.
    bins.begin(shift == Long.SIZE ? 1 : (span >>> shift) + 1);
  }

  private long bin(long key) {
    return shift == Long.SIZE ? 0 : key - firstKey >>> shift;
  }

  /** First pass: each copy is counted, by the first eight bytes of its id. */
  void count(long key) {
    bins.add(bin(key));
  }

  /** Between the passes. */
  void allot() {
    bins.allot();
  }

  /** Second pass: each copy is put into its bin. */
  void place(long key, MemorySegment ids, long idOffset, int pack, long offset) {
    copies.set(bins.next(bin(key)), ids, idOffset, pack, offset);
  }

  /** Last, each bin is put in order: by id, and of one object the copy that takes precedence first. */
  void sort() {
    long start = 0;
    for (long bin = 0; bin < bins.count(); bin++) {
      long end = bins.end(bin);
      if (end - start > MAX_INSERTION) {
        sortAsHeap(start, end);
      } else {
        sortByInsertion(start, end);
      }
      start = end;
    }
  }

  long size() {
    return size;
  }

  /** The copies; when they are sorted, in order. Their numbers are those of the packs. */
  CopyTable copies() {
    return copies;
  }

  private void sortByInsertion(long start, long end) {
    for (long i = start + 1; i < end; i++) {
      long to = i;
      while (to > start && compare(to - 1, i) > 0) {
        to--;
      }
      if (to < i) {
        copies.insert(i, to);
      }
    }
  }

  private void sortAsHeap(long start, long end) {
    long length = end - start;
    for (long root = length / 2 - 1; root >= 0; root--) {
      sink(start, root, length);
    }
    for (long last = length - 1; last > 0; last--) {
      copies.swap(start, start + last);
      sink(start, 0, last);
    }
  }

  private void sink(long start, long root, long length) {
    long at = root;
    for (long child = 2 * at + 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && compare(start + child + 1, start + child) > 0) {
        child++;
      }
      if (compare(start + child, start + at) <= 0) {
        return;
      }
      copies.swap(start + at, start + child);
      at = child;
    }
  }

  private int compare(long i, long j) {
    int ids = copies.compareIds(i, j);
    return ids != 0
        ? ids
        : precedence.compare(
            copies.number(i), copies.offset(i), copies.number(j), copies.offset(j));
  }
}
