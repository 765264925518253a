package io.repackd.pack;

import java.lang.foreign.Arena;

/** For each entry, which others are deltas upon it: chains in two tables outside the heap, 8 bytes for each entry. */
final class EntryChildren {
  /** There is none. */
  static final long NONE = 0xffffffffL;

  private final IntTable first;
  private final IntTable next;

  /** No entry has children yet. */
  EntryChildren(long entries, Arena arena) {
    first = IntTable.filled(arena, entries, (int) NONE);
    next = IntTable.filled(arena, entries, (int) NONE);
  }

  /** Adds a child before those that were added until now. */
  void add(long parent, long child) {
    next.set(child, first.get(parent));
    first.set(parent, (int) child);
  }

  /** The child of an entry that was added last. */
  long first(long parent) {
    return first.getUnsigned(parent);
  }

  /** The child of the same entry that was added before this one. */
  long next(long child) {
    return next.getUnsigned(child);
  }
}
