package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the sources of a delta search bring with them: chains of deltas that are kept, and packs that were searched before. */
final class KeptChains {
  private static final int MAX_HEIGHT = 0xff;
  private static final long CHECK_EVERY = 1 << 16;

  private final MemorySegment heights;
  private final boolean[] tried;

  private KeptChains(MemorySegment heights, boolean[] tried) {
    this.heights = heights;
    this.tried = tried;
  }

  /** Measures the chains. */
  static KeptChains measure(EntryTable entries, Arena arena, Cancellation cancellation) {
    MemorySegment heights = arena.allocate(Math.max(1, entries.count()));
    for (long entry = 0; entry < entries.count(); entry++) {
      if (entry % CHECK_EVERY == 0) {
        cancellation.check();
      }
      if (entries.written(entry) && entries.isDelta(entry)) {
        long root = entry;
        int height = 0;
        while (entries.isDelta(root)) {
          root = entries.chosen(entries.base(root));
          height++;
        }
        if (height > heightOf(heights, root)) {
          heights.set(ValueLayout.JAVA_BYTE, root, (byte) Math.min(height, MAX_HEIGHT));
        }
      }
    }
    boolean[] tried = new boolean[entries.sources().size()];
    for (int source = 0; source < tried.length; source++) {
      tried[source] = entries.sources().get(source) instanceof Packed packed && packed.searched();
    }
    return new KeptChains(heights, tried);
  }

  private static int heightOf(MemorySegment heights, long entry) {
    return heights.get(ValueLayout.JAVA_BYTE, entry) & 0xff;
  }

  /** How long the longest chain of deltas is that ends in an entry; 255 if it is longer. */
  int height(long entry) {
    return heightOf(heights, entry);
  }

  /** Whether the objects of a source were compared with each other when it was written. */
  boolean tried(int source) {
    return tried[source];
  }
}
