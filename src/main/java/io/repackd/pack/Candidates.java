package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;

/**
 * The entries of a new pack for which deltas are searched: trees and blobs which are stored whole, or whose deltas are long; neither
 * tiny ones nor huge ones. Short deltas are good as they are: of the deltas in a thousand packs of one history 4 of 100 took
 * two thirds of the room.
 *
 * <p>Sorted so that what is alike comes together: by type, by the hash of a name, and by length, the longest first, because it is
 * cheaper to leave something out than to put it in. What is alike in all of that comes newest first.
 */
final class Candidates {
  /** What is shorter gains nothing. As git's. */
  private static final long LEAST_BYTES = 50;

  /** A delta that takes so many bytes, compressed, may be one for want of a better base. */
  private static final long LONG_DELTA_BYTES = 1024;

  private static final int NAME_BITS = 32;
  private static final int SIZE_BITS = 29;
  private static final int TYPE_BITS = 3;
  private static final long MAX_SIZE = (1L << SIZE_BITS) - 1;

  private static final long CHECK_EVERY = 1 << 16;

  private final LongTable keys;
  private final LongTable order;
  private final long count;

  private Candidates(LongTable keys, LongTable order, long count) {
    this.keys = keys;
    this.order = order;
    this.count = count;
  }

  /** Collects them, the newest first, with no names yet. */
  static Candidates collect(
      EntryTable entries, DeltaSearchSettings settings, Arena arena, Cancellation cancellation)
      throws IOException {
    long count = 0;
    LongTable keys = new LongTable(arena, entries.countWritten());
    LongTable order = new LongTable(arena, entries.countWritten());
    try (DeltaChain reader = new DeltaChain()) {
      for (int source = entries.sources().size() - 1; source >= 0; source--) {
        if (!(entries.sources().get(source) instanceof Packed packed)) {
          continue;
        }
        for (long entry = entries.firstEntry(source);
            entry < entries.firstEntry(source + 1);
            entry++) {
          if (entry % CHECK_EVERY == 0) {
            cancellation.check();
          }
          if (entries.written(entry) && isWorthIt(entries, source, packed, entry)) {
            long bytes = reader.bytes(packed.pack(), entries.sourceOffset(entry));
            if (bytes >= LEAST_BYTES && bytes < settings.bigFileBytes()) {
              keys.set(count, key(entries.type(entry), bytes));
              order.set(count, entry);
              count++;
            }
          }
        }
        entries.readThrough(packed);
      }
    }
    return new Candidates(keys, order, count);
  }

  private static boolean isWorthIt(EntryTable entries, int source, Packed packed, long entry) {
    int type = entries.type(entry);
    if (type != EntryHeader.TREE && type != EntryHeader.BLOB) {
      return false;
    }
    return !entries.isDelta(entry)
        || entries.sourceEnd(source, packed, entry) - entries.sourceOffset(entry)
            >= LONG_DELTA_BYTES;
  }

  /** Commits before tags, trees and blobs, as they come in a pack. */
  private static long key(int type, long size) {
    long rest = MAX_SIZE - Math.min(size, MAX_SIZE);
    return (long) type << NAME_BITS + SIZE_BITS | rest;
  }

  /** How many there are. */
  long count() {
    return count;
  }

  /** The entry of the i-th. */
  long entry(long i) {
    return order.get(i);
  }

  /** Gives the i-th the hash of its name. */
  void setName(long i, int name) {
    keys.set(i, keys.get(i) | Integer.toUnsignedLong(name) << SIZE_BITS);
  }

  /** About how many bytes the objects of all have together. */
  long bytes() {
    long bytes = 0;
    for (long i = 0; i < count; i++) {
      bytes += bytes(i);
    }
    return bytes;
  }

  /** About how many bytes the object of the i-th has. */
  long bytes(long i) {
    return MAX_SIZE - (keys.get(i) & MAX_SIZE);
  }

  /** Whether two of them have the same type and the same name. */
  boolean sameName(long i, long j) {
    return keys.get(i) >>> SIZE_BITS == keys.get(j) >>> SIZE_BITS;
  }

  /** Sorts them. */
  void sort() {
    RadixSort.sort(keys.first(count), order.first(count), NAME_BITS + SIZE_BITS + TYPE_BITS);
  }
}
