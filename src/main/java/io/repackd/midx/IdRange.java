package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.pack.SortedIds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The ids that begin with eight bytes between two bounds: a part of the work that can be done apart from the others.
 *
 * @param first the smallest beginning, as an unsigned number
 * @param last the largest, included
 */
record IdRange(long first, long last) {
  /** The byte with which its smallest ids begin. */
  int firstByte() {
    return (int) (first >>> Long.SIZE - Byte.SIZE);
  }

  /** The byte with which its largest ids begin. */
  int lastByte() {
    return (int) (last >>> Long.SIZE - Byte.SIZE);
  }

  /** Where the range begins in a table. */
  long start(SortedIds table) {
    return table.lowerBound(first);
  }

  /** Where it ends. */
  long end(SortedIds table) {
    return last == -1 ? table.count() : table.lowerBound(last + 1);
  }

  /** How many ids of a table are in it. */
  long count(SortedIds table) {
    return Math.max(0, end(table) - start(table)); // what is in disorder has bounds in disorder
  }

  /** Makes sure that an id is in the range, as it is where ids ascend. */
  void check(SortedIds table, long position, long key) throws CorruptFileException {
    if (Long.compareUnsigned(key, first) < 0 || Long.compareUnsigned(key, last) > 0) {
      throw new CorruptFileException(
          table.path(), "object %d is not in its place".formatted(position));
    }
  }

  /** How many ids of several tables are in it. */
  long count(List<? extends SortedIds> tables) {
    return tables.stream().mapToLong(this::count).sum();
  }

  /**
   * Divides all ids among ranges.
   *
   * <p>Ids are spread evenly, because they are hashes; so ranges are made of whole first bytes, as many as fit, whose bounds the
   * fanout tells. Where somebody chose many ids to be alike, a first byte is halved until its parts are small enough: the memory
   * that a part needs depends neither on how many objects there are nor on what they are called.
   *
   * @param most how many ids of all tables together a range may have
   * @throws CorruptFileException if more begin with the same eight bytes, as hashes never do
   */
  static List<IdRange> divide(List<? extends SortedIds> tables, long most)
      throws CorruptFileException {
    long[] counts = new long[PackIndex.FANOUT_ENTRIES];
    for (SortedIds table : tables) {
      long before = 0;
      for (int i = 0; i < counts.length; i++) {
        long upTo = table.fanout(i);
        counts[i] += upTo - before;
        before = upTo;
      }
    }
    List<IdRange> ranges = new ArrayList<>();
    int from = 0;
    long sum = 0;
    for (int i = 0; i < counts.length; i++) {
      if (i > from && sum + counts[i] > most) {
        ranges.add(ofFirstBytes(from, i - 1));
        from = i;
        sum = 0;
      }
      if (counts[i] > most) {
        ofFirstBytes(i, i).halve(tables, most, ranges);
        from = i + 1;
      } else {
        sum += counts[i];
      }
    }
    if (from < counts.length) {
      ranges.add(ofFirstBytes(from, counts.length - 1));
    }
    return ranges;
  }

  private static IdRange ofFirstBytes(int from, int to) {
    int shift = Long.SIZE - Byte.SIZE;
    return new IdRange((long) from << shift, ((to + 1L) << shift) - 1);
  }

  private void halve(List<? extends SortedIds> tables, long most, List<IdRange> ranges)
      throws CorruptFileException {
    if (count(tables) <= most) {
      ranges.add(this);
      return;
    }
    if (first == last) {
      // Every table may have one object of that beginning, and some twice.
      if (count(tables) <= Math.max(most, 2L * tables.size())) {
        ranges.add(this);
        return;
      }
      SortedIds fullest = tables.stream().max(Comparator.comparingLong(this::count)).orElseThrow();
      throw new CorruptFileException(
          fullest.path(),
          "%d ids begin with %016x; no hash function gives that".formatted(count(fullest), first));
    }
    long middle = first + (last - first >>> 1);
    new IdRange(first, middle).halve(tables, most, ranges);
    new IdRange(middle + 1, last).halve(tables, most, ranges);
  }
}
