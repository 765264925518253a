package io.repackd.pack;

import java.lang.foreign.Arena;

/** A set of positions in a pack index: one bit each, outside the heap. */
public final class PositionSet {
  private final LongTable words;
  private long size;

  /**
   * An empty set.
   *
   * @param limit the positions are smaller than this
   */
  public PositionSet(Arena arena, long limit) {
    this.words = new LongTable(arena, (limit + Long.SIZE - 1) / Long.SIZE);
  }

  /**
   * All positions.
   *
   * @param limit how many there are
   */
  public static PositionSet all(Arena arena, long limit) {
    PositionSet all = new PositionSet(arena, limit);
    for (long word = 0; word < all.words.length(); word++) {
      long left = limit - word * Long.SIZE;
      all.words.set(word, left >= Long.SIZE ? -1 : (1L << left) - 1);
    }
    all.size = limit;
    return all;
  }

  /** Adds a position. */
  public void add(long position) {
    long word = words.get(position >>> 6);
    long bit = 1L << position;
    if ((word & bit) == 0) {
      words.set(position >>> 6, word | bit);
      size++;
    }
  }

  /** Whether the position is in the set. */
  public boolean contains(long position) {
    return (words.get(position >>> 6) & (1L << position)) != 0;
  }

  /** The number of positions in the set. */
  public long size() {
    return size;
  }
}
