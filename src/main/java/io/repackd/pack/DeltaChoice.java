package io.repackd.pack;

import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Decides which deltas are kept.
 *
 * <p>A delta whose base is taken from the same source is kept. One whose base is taken from another source is kept too, for
 * an object is the same wherever it is stored; but two sources may have stored two objects as deltas of each other, and chains
 * of several sources may add up. So every chain is walked once: a link from source to source that closes a circle, or makes a
 * chain longer than the limit, is given up and its object written whole. So is an object whose base is not taken at all.
 */
final class DeltaChoice {
  /** As {@code pack.depth}: what git's own writer allows. Chains within one source are not cut. */
  static final int MAX_DEPTH = 50;

  private static final int UNKNOWN = 0;

  private final EntryTable entries;
  private final IntTable depths;
  private long[] path = new long[64];

  private DeltaChoice(EntryTable entries, Arena scratch) {
    this.entries = entries;
    this.depths = new IntTable(scratch, entries.count());
  }

  static void decide(EntryTable entries, IdOrder order) throws CorruptFileException {
    findBasesElsewhere(entries, order);
    try (Arena scratch = Arena.ofConfined()) {
      DeltaChoice choice = new DeltaChoice(entries, scratch);
      for (long entry = 0; entry < entries.count(); entry++) {
        choice.walk(entry);
      }
    }
  }

  private static void findBasesElsewhere(EntryTable entries, IdOrder order) {
    for (int source = 0; source < entries.sources().size(); source++) {
      PackIndex index = entries.indexOf(source);
      long end = entries.firstEntry(source + 1);
      for (long entry = entries.firstEntry(source); entry < end; entry++) {
        if (entries.baseIsElsewhere(entry)) {
          long base = order.find(index.file(), index.idOffset(entries.basePosition(entry)));
          entries.setBase(entry, base < 0 ? EntryTable.REWRITE : base);
        }
      }
    }
  }

  /**
   * Walks from an entry to one whose depth is known, and gives a depth to all between. A depth is one more than the number of
   * deltas below, so that zero is free to mean unknown; the entries of the walk under way have their place in it, negative.
   */
  private void walk(long start) throws CorruptFileException {
    int length = 0;
    long entry = start;
    while (depths.get(entry) == UNKNOWN && entries.base(entry) >= 0) {
      if (length == path.length) {
        path = Arrays.copyOf(path, length * 2);
      }
      path[length] = entry;
      depths.set(entry, -1 - length);
      length++;
      entry = entries.base(entry);
      if (depths.get(entry) < 0) {
        breakCircle(-1 - depths.get(entry), length);
        break;
      }
    }
    for (int i = length - 1; i >= 0; i--) {
      settle(path[i]);
    }
    if (depths.get(start) == UNKNOWN) {
      depths.set(start, 1);
    }
  }

  private void settle(long entry) {
    long base = entries.base(entry);
    int depth = base < 0 ? 1 : Math.max(depths.get(base), 1) + 1;
    if (base >= 0 && depth > MAX_DEPTH + 1 && entries.sourceOf(entry) != entries.sourceOf(base)) {
      entries.setBase(entry, EntryTable.REWRITE);
      depth = 1;
    }
    depths.set(entry, depth);
  }

  /** Gives up the last link of a circle that leads from one source to another; the walk ends there. */
  private void breakCircle(int from, int to) throws CorruptFileException {
    for (int i = to - 1; i >= from; i--) {
      long entry = path[i];
      if (entries.sourceOf(entry) != entries.sourceOf(entries.base(entry))) {
        entries.setBase(entry, EntryTable.REWRITE);
        // What the walk entered after this entry must be settled after what it now ends in.
        rotate(from, to, i + 1);
        return;
      }
    }
    PackFile pack = entries.sources().get(entries.sourceOf(path[from])).pack();
    throw new CorruptFileException(
        pack.path(),
        "the delta at %d is built upon itself".formatted(entries.sourceOffset(path[from])));
  }

  private void rotate(int from, int to, int first) {
    long[] circle = Arrays.copyOfRange(path, from, to);
    int shift = first - from;
    for (int i = 0; i < circle.length; i++) {
      path[from + i] = circle[(i + shift) % circle.length];
    }
  }
}
