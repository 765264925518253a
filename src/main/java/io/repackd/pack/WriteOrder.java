package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * The order of a pack that serves readers: commits and tags first, then trees, then blobs, the newest first, because that is how
 * history is walked. Blobs that are deltas follow what they build upon, with all their family, so that they are read together.
 *
 * <p>Newest first means: by source, the youngest first, and within each as the entries lie there, for git writes the newest
 * first. A base always comes before what builds upon it.
 */
final class WriteOrder {
  private static final long CHECK_EVERY = 1 << 16;

  private final EntryTable entries;
  private final Cancellation cancellation;
  private final IntTable order;
  private final PositionSet placed;
  private long count;
  private long[] path = new long[64];

  private WriteOrder(
      EntryTable entries, long objects, Arena arena, Arena scratch, Cancellation cancellation) {
    this.entries = entries;
    this.cancellation = cancellation;
    this.order = new IntTable(arena, objects);
    this.placed = new PositionSet(scratch, entries.count());
  }

  /**
   * Finds the order.
   *
   * @param objects how many entries are written
   * @param arena ends the order: the entries, one after the other
   */
  static IntTable find(EntryTable entries, long objects, Arena arena, Cancellation cancellation) {
    try (Arena scratch = Arena.ofConfined()) {
      WriteOrder found = new WriteOrder(entries, objects, arena, scratch, cancellation);
      EntryChildren children = found.children(scratch);
      found.forEach((entry, type) -> {
        if (type != EntryHeader.TREE && type != EntryHeader.BLOB) {
          found.placeAfterBases(entry);
        }
      });
      found.forEach((entry, type) -> {
        if (type == EntryHeader.TREE) {
          found.placeAfterBases(entry);
        }
      });
      found.forEach((entry, type) -> {
        if (type == EntryHeader.BLOB) {
          found.placeFamily(entry, children);
        }
      });
      if (found.count != objects) {
        throw new IllegalStateException(
            "%d of %d objects have a place".formatted(found.count, objects));
      }
      return found.order;
    }
  }

  private interface Visitor {
    void visit(long entry, int type);
  }

  private void forEach(Visitor visitor) {
    for (int source = entries.sources().size() - 1; source >= 0; source--) {
      for (long entry = entries.firstEntry(source);
          entry < entries.firstEntry(source + 1);
          entry++) {
        if (entry % CHECK_EVERY == 0) {
          cancellation.check();
        }
        if (entries.written(entry)) {
          visitor.visit(entry, entries.type(entry));
        }
      }
    }
  }

  private long base(long entry) {
    return entries.chosen(entries.base(entry));
  }

  private EntryChildren children(Arena scratch) {
    EntryChildren children = new EntryChildren(entries.count(), scratch);
    for (int source = 0; source < entries.sources().size(); source++) {
      // From the end, because who is added last comes first.
      for (long entry = entries.firstEntry(source + 1) - 1;
          entry >= entries.firstEntry(source);
          entry--) {
        if (entries.written(entry)
            && entries.isDelta(entry)
            && entries.type(entry) == EntryHeader.BLOB) {
          children.add(base(entry), entry);
        }
      }
    }
    return children;
  }

  private void place(long entry) {
    order.set(count, (int) entry);
    count++;
    placed.add(entry);
  }

  private void placeAfterBases(long entry) {
    int length = 0;
    long next = entry;
    while (!placed.contains(next)) {
      if (length == path.length) {
        path = Arrays.copyOf(path, length * 2);
      }
      path[length++] = next;
      if (!entries.isDelta(next)) {
        break;
      }
      next = base(next);
    }
    while (length > 0) {
      place(path[--length]);
    }
  }

  /** The whole family of a blob, from what all build upon on. */
  private void placeFamily(long entry, EntryChildren children) {
    if (placed.contains(entry)) {
      return;
    }
    long root = entry;
    while (entries.isDelta(root)) {
      root = base(root);
    }
    place(root);
    int depth = 0;
    path[0] = children.first(root);
    while (depth >= 0) {
      long next = path[depth];
      if (next == EntryChildren.NONE) {
        depth--;
        continue;
      }
      path[depth] = children.next(next);
      place(next);
      depth++;
      if (depth == path.length) {
        path = Arrays.copyOf(path, depth * 2);
      }
      path[depth] = children.first(next);
    }
  }
}
