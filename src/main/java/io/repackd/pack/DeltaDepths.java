package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Knows how long chains of deltas are, while entries become deltas upon others: for each entry, how many deltas there are below it
 * and at most above it. So no chain becomes longer than is allowed, nor closes a circle. And how many entries are read through
 * one, as long as nothing is changed.
 */
final class DeltaDepths {
  private static final long CHECK_EVERY = 1 << 12;

  /** Chains that git makes are no longer; longer ones would be walked again and again. */
  private static final int COUNTED_LINKS = 50;

  private final EntryTable entries;
  private final MemorySegment heights;
  private final IntTable above;

  private DeltaDepths(EntryTable entries, MemorySegment heights, IntTable above) {
    this.entries = entries;
    this.heights = heights;
    this.above = above;
  }

  /** Measures the chains that there are. */
  static DeltaDepths measure(EntryTable entries, Arena arena, Cancellation cancellation) {
    MemorySegment heights = arena.allocate(ValueLayout.JAVA_SHORT, Math.max(1, entries.count()));
    IntTable above = new IntTable(arena, Math.max(1, entries.count()));
    DeltaDepths depths = new DeltaDepths(entries, heights, above);
    // From the end, where chains end in most packs: then each is walked once.
    for (long entry = entries.count() - 1; entry >= 0; entry--) {
      if (entry % CHECK_EVERY == 0) {
        cancellation.check();
      }
      if (entries.written(entry)) {
        depths.raiseBelow(entry);
        depths.countBelow(entry);
      }
    }
    return depths;
  }

  private void raiseBelow(long entry) {
    long at = entry;
    int height = height(entry);
    while (entries.isDelta(at)) {
      at = base(at);
      height = Math.min(height + 1, DeltaSearchSettings.MAX_DEPTH);
      if (height(at) >= height) {
        return; // and so it is below
      }
      heights.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) height);
    }
  }

  private void countBelow(long entry) {
    long at = entry;
    for (int links = 0; links < COUNTED_LINKS && entries.isDelta(at); links++) {
      at = base(at);
      above.set(at, above.get(at) + 1);
    }
  }

  private long base(long entry) {
    return entries.chosen(entries.base(entry));
  }

  /** The length of the longest chain of deltas that ends in an entry, or a little more where some have left it. */
  int height(long entry) {
    return heights.getAtIndex(ValueLayout.JAVA_SHORT, entry);
  }

  /**
   * How many entries were built upon an entry, or upon such as were, when that was measured: so many have to read it. What is
   * further than {@value #COUNTED_LINKS} links away does not count.
   */
  long above(long entry) {
    return above.getUnsigned(entry);
  }

  /** How many deltas there are from an entry to one that is whole. */
  int depth(long entry) {
    int depth = 0;
    for (long at = entry; entries.isDelta(at); at = base(at)) {
      depth++;
    }
    return depth;
  }

  /**
   * Makes an entry a delta that was found, unless a chain became too long by that, or would close.
   *
   * @param place where the delta lies
   * @param maxDepth the longest chain that is allowed
   * @return whether it was done
   */
  boolean join(long entry, long base, long place, int maxDepth) {
    int depth = 1;
    long at = base;
    while (at != entry && entries.isDelta(at)) {
      at = base(at);
      depth++;
    }
    if (at == entry || depth + height(entry) > maxDepth) {
      return false;
    }
    entries.setFound(entry, base, place);
    raiseBelow(entry);
    return true;
  }
}
