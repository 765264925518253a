package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackIndex;
import io.repackd.pack.SortedIds;

/**
 * Checks, on the way through a table of ids, that they ascend and that the fanout fits them. A table in which that is not so may
 * not be carried into another, because nobody would find there what is in disorder here.
 */
final class OrderCheck {
  private static final int SHIFT_OF_FIRST_BYTE = Long.SIZE - Byte.SIZE;

  private final SortedIds table;
  private final boolean mayRepeat;
  private long previousKey;

  /**
   * Before a walk.
   *
   * @param start the position at which it begins
   * @param mayRepeat whether an id may be there twice
   */
  OrderCheck(SortedIds table, long start, boolean mayRepeat) {
    this.table = table;
    this.mayRepeat = mayRepeat;
    previousKey = start == 0 ? 0 : table.key(start - 1);
  }

  /**
   * Checks the id at the next position.
   *
   * @param key its first eight bytes
   * @return whether it is the same id as the one before
   */
  boolean repeats(long position, long key) throws CorruptFileException {
    long before = previousKey;
    previousKey = key;
    if (before >>> SHIFT_OF_FIRST_BYTE != key >>> SHIFT_OF_FIRST_BYTE) {
      checkFanout(position, before, key);
    }
    if (Long.compareUnsigned(before, key) < 0 || position == 0) {
      return false;
    }
    int order =
        ObjectIds.compare(
            table.ids(),
            table.idOffset(position - 1),
            table.ids(),
            table.idOffset(position),
            table.hash().length());
    if (order > 0 || (order == 0 && !mayRepeat)) {
      throw outOfPlace(position);
    }
    return order == 0;
  }

  /** The first bytes change here, and so does the fanout. */
  private void checkFanout(long position, long before, long key) throws CorruptFileException {
    int next = (int) (key >>> SHIFT_OF_FIRST_BYTE);
    for (int i = (int) (before >>> SHIFT_OF_FIRST_BYTE); i < next; i++) {
      if (table.fanout(i) != position) {
        throw outOfPlace(position);
      }
    }
  }

  /** Ends a walk that went to the end of the table. */
  void end(long position) throws CorruptFileException {
    if (position == table.count()) {
      int last = (int) (previousKey >>> SHIFT_OF_FIRST_BYTE);
      if (last < PackIndex.FANOUT_ENTRIES && table.fanout(last) != position) {
        throw outOfPlace(position - 1);
      }
    }
  }

  private CorruptFileException outOfPlace(long position) {
    return new CorruptFileException(
        table.path(), "object %d is not in its place".formatted(position));
  }
}
