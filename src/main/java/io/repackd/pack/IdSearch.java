package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import java.lang.foreign.MemorySegment;

/**
 * Finds an id in a sorted table. Ids are spread evenly, because they are hashes, so the place of one can be guessed from its
 * first bytes: three or four looks, close to each other, where halving takes a dozen far apart. Where the guesses do not come near,
 * as among ids that somebody chose, it is halving that ends it.
 */
public final class IdSearch {
  private static final int MAX_GUESSES = 6;

  /** So few are halved. */
  private static final long FEW = 8;

  private IdSearch() {}

  /**
   * Finds an id between two positions.
   *
   * @param low the first position
   * @param high the position after the last
   * @param id a segment in which the id stands
   * @param at where it stands there
   * @return its position, the first if it is there more than once; negative if it is not there
   */
  public static long find(SortedIds table, long low, long high, MemorySegment id, long at) {
    int length = table.hash().length();
    long position = lowerBound(table, low, high, id, at);
    return position < high
            && ObjectIds.compare(table.ids(), table.idOffset(position), id, at, length) == 0
        ? position
        : -1;
  }

  /** The first position between two at which an id stands that is not smaller; the upper of the two if all are smaller. */
  private static long lowerBound(SortedIds table, long start, long end, MemorySegment id, long at) {
    if (start >= end) {
      return end;
    }
    int length = table.hash().length();
    long key = BigEndian.int64(id, at);
    long low = start;
    long high = end;
    long lowKey = table.key(start);
    long highKey = table.key(end - 1);
    for (int guesses = 0; low < high; guesses++) {
      long middle =
          guesses < MAX_GUESSES && high - low > FEW
              ? guess(low, high, lowKey, highKey, key)
              : (low + high) >>> 1;
      long middleKey = table.key(middle);
      int order = Long.compareUnsigned(middleKey, key);
      if (order == 0) {
        order = ObjectIds.compare(table.ids(), table.idOffset(middle), id, at, length);
      }
      if (order < 0) {
        low = middle + 1;
        lowKey = middleKey;
      } else {
        high = middle;
        highKey = middleKey;
      }
    }
    return low;
  }

  private static long guess(long low, long high, long lowKey, long highKey, long key) {
    if (Long.compareUnsigned(key, lowKey) <= 0) {
      return low;
    }
    if (Long.compareUnsigned(key, highKey) >= 0) {
      return high - 1;
    }
    double share = unsigned(key - lowKey) / unsigned(highKey - lowKey);
    return Math.clamp(low + (long) (share * (high - low)), low, high - 1);
  }

  private static double unsigned(long value) {
    return (value >>> 1) * 2.0;
  }
}
