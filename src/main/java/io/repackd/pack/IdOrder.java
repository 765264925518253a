package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The objects of a new pack in the order of their ids, and with that, which entries are copies of one object.
 *
 * <p>All sources are sorted already. So the work is divided by the first byte of the ids, on all cores; what begins with it is
 * scattered by the bits that follow, as many as leave about one entry to a bin, and the rest is sorted by insertion; by digits
 * where that would move entries too far.
 *
 * <p>Of several copies, the oldest which is a delta is chosen, else the first: see {@link DeltaChoice} for why, and for when the
 * choice is changed.
 */
final class IdOrder implements ObjectOrder {
  /**
   * So many different hashes do not fall into one bin, but thousands of packs may have a copy of the same ones; and ids that
   * somebody made up would take for ever to insert.
   */
  private static final int MAX_MOVES = 1000;

  /** More bins do not stay in the second-level cache while entries are scattered over them. */
  private static final int MAX_BIN_BITS = 16;

  /** So many pairs at a time. */
  private static final int COMPARED = 1 << 8;

  private final EntryTable entries;
  private final FirstByteBins bins;
  private final long[] counts = new long[FirstByteBins.FIRST_BYTES];

  private IdOrder(EntryTable entries, FirstByteBins bins) {
    this.entries = entries;
    this.bins = bins;
  }

  /**
   * Sorts the entries, links copies, and chooses among them.
   *
   * @throws CorruptFileException if so many ids are alike that they are no hashes
   */
  static IdOrder sort(EntryTable entries, FirstByteBins bins, Cancellation cancellation)
      throws IOException {
    IdOrder order = new IdOrder(entries, bins);
    AllCores.forEach(
        FirstByteBins.FIRST_BYTES,
        firstByte -> {
          cancellation.check();
          order.sort(firstByte);
        });
    return order;
  }

  private void sort(int firstByte) throws CorruptFileException {
    long start = bins.start(firstByte);
    long count = bins.start(firstByte + 1) - start;
    if (count == 0) {
      return;
    }
    try (Arena scratch = Arena.ofConfined()) {
      Bucket bucket = new Bucket(start, count, scratch);
      bucket.scatter();
      bucket.sort();
      counts[firstByte] = bucket.choose();
    }
  }

  /** Takes note of which copies are chosen now, so that nobody has to look that up each time. */
  void noteChoice() throws IOException {
    AllCores.forEach(
        FirstByteBins.FIRST_BYTES,
        firstByte -> {
          long start = bins.start(firstByte);
          for (long i = start; i < start + counts[firstByte]; i++) {
            bins.entries().set(i, (int) entries.chosen(bins.entry(i)));
          }
        });
  }

  /** The number of objects. */
  long count() {
    return Arrays.stream(counts).sum();
  }

  @Override
  public long count(int firstByte) {
    return counts[firstByte];
  }

  @Override
  public long entry(int firstByte, long i) {
    return bins.entry(bins.start(firstByte) + i);
  }

  /** The entries whose ids begin with one byte. */
  private final class Bucket {
    private final long start;
    private final long count;
    private final LongTable keys;
    private final IntTable sorted;
    private final int binBits;

    Bucket(long start, long count, Arena arena) {
      this.start = start;
      this.count = count;
      keys = new LongTable(arena, count);
      sorted = new IntTable(arena, count);
      binBits =
          Math.max(1, Math.min(MAX_BIN_BITS, Long.SIZE - Long.numberOfLeadingZeros(count - 1)));
    }

    /** Stable, so that copies stay in the order of their sources. */
    void scatter() {
      int[] ends = new int[(1 << binBits) + 1];
      for (long i = 0; i < count; i++) {
        ends[bin(bins.key(start + i)) + 1]++;
      }
      for (int bin = 1; bin < ends.length; bin++) {
        ends[bin] += ends[bin - 1];
      }
      for (long i = 0; i < count; i++) {
        long key = bins.key(start + i);
        long to = Integer.toUnsignedLong(ends[bin(key)]++);
        keys.set(to, key);
        sorted.set(to, (int) bins.entry(start + i));
      }
    }

    private int bin(long key) {
      return (int) (key << Byte.SIZE >>> Long.SIZE - binBits);
    }

    /** By the first eight bytes alone: nearly all that are alike in these are copies. */
    void sort() {
      if (!insert()) {
        sortByDigits();
      }
    }

    /**
     * Sorts by insertion, which is stable, and leaves the order of copies as it is also where it is given up.
     *
     * @return false if an entry would have to move too far
     */
    private boolean insert() {
      for (long i = 1; i < count; i++) {
        long key = keys.get(i);
        int entry = sorted.get(i);
        long to = i;
        while (to > 0 && i - to < MAX_MOVES && isGreater(to - 1, key)) {
          keys.set(to, keys.get(to - 1));
          sorted.set(to, sorted.get(to - 1));
          to--;
        }
        keys.set(to, key);
        sorted.set(to, entry);
        if (i - to == MAX_MOVES && to > 0 && isGreater(to - 1, key)) {
          return false;
        }
      }
      return true;
    }

    private void sortByDigits() {
      try (Arena scratch = Arena.ofConfined()) {
        LongTable values = new LongTable(scratch, count);
        for (long i = 0; i < count; i++) {
          values.set(i, sorted.getUnsigned(i));
        }
        RadixSort.sort(keys, values, Long.SIZE);
        for (long i = 0; i < count; i++) {
          sorted.set(i, (int) values.get(i));
        }
      }
    }

    private boolean isGreater(long at, long key) {
      return Long.compareUnsigned(keys.get(at), key) > 0;
    }

    private CorruptFileException tooManyAlike(int entry) {
      long unsigned = Integer.toUnsignedLong(entry);
      PackSource source = entries.sources().get(entries.sourceOf(unsigned));
      String message = "more than %d ids are like %s".formatted(MAX_MOVES, entries.idHex(unsigned));
      if (source instanceof Packed packed) {
        return new CorruptFileException(packed.pack().index().path(), message);
      }
      throw new IllegalArgumentException(message);
    }

    /** Links the copies of each object, chooses among them, and notes the objects in order; returns how many there are. */
    long choose() throws CorruptFileException {
      boolean copies = areCopies();
      long objects = 0;
      long first = 0;
      while (first < count) {
        long end = first + 1;
        while (end < count && keys.get(end) == keys.get(first)) {
          end++;
        }
        objects =
            copies || areCopies(first, end)
                ? note(objects, first, end)
                : chooseApart(objects, first, end);
        first = end;
      }
      return objects;
    }

    /** Whether all that are alike in their first bytes are copies, as they nearly always are. */
    private boolean areCopies() {
      long[] lefts = new long[COMPARED];
      long[] rights = new long[COMPARED];
      int alike = 0;
      for (long i = 1; i < count; i++) {
        if (keys.get(i) == keys.get(i - 1)) {
          lefts[alike] = sorted.getUnsigned(i - 1);
          rights[alike] = sorted.getUnsigned(i);
          alike++;
          if (alike == COMPARED) {
            if (!entries.sameIds(lefts, rights, alike)) {
              return false;
            }
            alike = 0;
          }
        }
      }
      return entries.sameIds(lefts, rights, alike);
    }

    /** Whether some that are alike in their first bytes are all alike. */
    private boolean areCopies(long first, long end) {
      long next = first + 1;
      while (next < end && compareIds(next - 1, next) == 0) {
        next++;
      }
      return next == end;
    }

    private int compareIds(long left, long right) {
      return entries.compareIds(sorted.getUnsigned(left), sorted.getUnsigned(right));
    }

    /** Sorts and notes objects that are alike in their first eight bytes, and are not the same. */
    private long chooseApart(long noted, long first, long end) throws CorruptFileException {
      insertByIds(first, end);
      long objects = noted;
      long next = first;
      while (next < end) {
        long copy = next;
        next++;
        while (next < end && compareIds(copy, next) == 0) {
          next++;
        }
        objects = note(objects, copy, next);
      }
      return objects;
    }

    private void insertByIds(long first, long end) throws CorruptFileException {
      for (long i = first + 1; i < end; i++) {
        int entry = sorted.get(i);
        long to = i;
        while (to > first
            && entries.compareIds(sorted.getUnsigned(to - 1), Integer.toUnsignedLong(entry)) > 0) {
          if (i - to == MAX_MOVES) {
            throw tooManyAlike(entry);
          }
          sorted.set(to, sorted.get(to - 1));
          to--;
        }
        sorted.set(to, entry);
      }
    }

    /** Notes the one that is chosen of some copies; returns how many are noted then. */
    private long note(long noted, long first, long end) {
      long chosen = link(first, end);
      if (chosen == EntryTable.NOT_WANTED) {
        return noted;
      }
      bins.entries().set(start + noted, (int) chosen);
      return noted + 1;
    }

    private long link(long first, long end) {
      if (end - first == 1) {
        long only = sorted.getUnsigned(first);
        return entries.selected(only) ? only : EntryTable.NOT_WANTED;
      }
      long whole = EntryTable.NOT_WANTED;
      long delta = EntryTable.NOT_WANTED;
      for (long i = first; i < end; i++) {
        long entry = sorted.getUnsigned(i);
        entries.setSibling(entry, sorted.getUnsigned(i + 1 < end ? i + 1 : first));
        if (entries.selected(entry)) {
          if (entries.storedAsDelta(entry)) {
            delta = delta == EntryTable.NOT_WANTED ? entry : delta;
          } else {
            whole = whole == EntryTable.NOT_WANTED ? entry : whole;
          }
        }
      }
      long chosen = delta == EntryTable.NOT_WANTED ? whole : delta;
      entries.chooseAmongCopies(sorted.getUnsigned(first), chosen);
      return chosen;
    }
  }
}
