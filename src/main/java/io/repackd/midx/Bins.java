package io.repackd.midx;

import io.repackd.pack.IntTable;
import java.lang.foreign.Arena;

/**
 * Sorts by counting: first everything is counted by its bin, then each bin has its place in a table, and everything can be put
 * where it belongs.
 */
final class Bins {
  private final IntTable ends;
  private long count;

  /** Room for so many bins. */
  Bins(long capacity, Arena arena) {
    ends = new IntTable(arena, capacity + 1);
  }

  /** Begins anew, with so many bins. */
  void begin(long newCount) {
    count = newCount;
    for (long bin = 0; bin <= count; bin++) {
      ends.set(bin, 0);
    }
  }

  /** The number of bins. */
  long count() {
    return count;
  }

  /** First pass: counts something that belongs into a bin. */
  void add(long bin) {
    ends.set(bin + 1, ends.get(bin + 1) + 1);
  }

  /** Between the passes: gives each bin its place. */
  void allot() {
    for (long bin = 0; bin < count; bin++) {
      ends.set(bin + 1, ends.get(bin + 1) + ends.get(bin));
    }
  }

  /** Second pass: the place of the next thing that belongs into a bin. */
  long next(long bin) {
    long slot = ends.getUnsigned(bin);
    ends.set(bin, (int) slot + 1);
    return slot;
  }

  /** After the second pass: where a bin begins. */
  long start(long bin) {
    return bin == 0 ? 0 : end(bin - 1);
  }

  /** After the second pass: where a bin ends. */
  long end(long bin) {
    return ends.getUnsigned(bin);
  }
}
