package io.repackd.pack;

import org.jspecify.annotations.Nullable;

/** The entries of a new pack in the order in which they are written: as they lie in their sources, or as somebody chose. */
final class EntrySequence {
  private final EntryTable entries;
  private final @Nullable IntTable chosen;
  private final long first;
  private final long length;

  private EntrySequence(EntryTable entries, @Nullable IntTable chosen, long first, long length) {
    this.entries = entries;
    this.chosen = chosen;
    this.first = first;
    this.length = length;
  }

  /** Source after source, as they lie there. Those that are not written are among them. */
  static EntrySequence asTheyLie(EntryTable entries) {
    return new EntrySequence(entries, null, 0, entries.count());
  }

  /**
   * In an order of its own, in which a base comes before what builds upon it.
   *
   * @param order has all entries that are written, one after the other
   * @param first where in the order they begin
   * @param length how many they are
   */
  static EntrySequence of(EntryTable entries, IntTable order, long first, long length) {
    return new EntrySequence(entries, order, first, length);
  }

  long length() {
    return length;
  }

  /** The entry at a place. */
  long entry(long place) {
    return chosen == null ? place : chosen.getUnsigned(first + place);
  }

  /** Whether all entries are in the order of the sources. */
  boolean asTheyLie() {
    return chosen == null;
  }

  /** Whether a base is written before what builds upon it. */
  boolean comesBefore(long base, long entry) {
    return chosen != null || base < entry;
  }

  /** Knows the source of the entry that it was asked for last, since the next is often of the same. For one thread. */
  final class Cursor {
    private int source;

    /** The source of an entry. */
    int sourceOf(long entry) {
      if (entry < entries.firstEntry(source) || entry >= entries.firstEntry(source + 1)) {
        source = entries.sourceOf(entry);
      }
      return source;
    }
  }
}
