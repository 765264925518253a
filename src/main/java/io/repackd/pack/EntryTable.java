package io.repackd.pack;

import java.lang.foreign.Arena;
import java.util.List;

/**
 * The entries of a pack that is being put together, in the order in which they will lie in it: source after source, and
 * within each in the order of the source. Columns lie outside the heap: 40 bytes for each entry.
 */
final class EntryTable {
  /** Base of an entry which is no delta. */
  static final long WHOLE = -1;

  /** Base of an entry whose delta cannot be kept: the object is written whole. */
  static final long REWRITE = -2;

  private static final long FIRST_ELSEWHERE = -3;

  private final List<PackSource.Packed> sources;
  private final long[] firstEntries;
  private final LongTable sourceOffsets;
  private final LongTable bodyEnds;
  private final IntTable positions;
  private final LongTable bases;
  private final LongTable offsets;
  private final IntTable checksums;

  EntryTable(List<PackSource.Packed> sources, Arena arena) {
    this.sources = List.copyOf(sources);
    this.firstEntries = new long[sources.size() + 1];
    for (int i = 0; i < sources.size(); i++) {
      firstEntries[i + 1] = firstEntries[i] + sources.get(i).selected().size();
    }
    sourceOffsets = new LongTable(arena, count());
    bodyEnds = new LongTable(arena, count());
    positions = new IntTable(arena, count());
    bases = new LongTable(arena, count());
    offsets = new LongTable(arena, count());
    checksums = new IntTable(arena, count());
  }

  long count() {
    return firstEntries[sources.size()];
  }

  List<PackSource.Packed> sources() {
    return sources;
  }

  /** The first entry of a source. */
  long firstEntry(int source) {
    return firstEntries[source];
  }

  /** The source of an entry. */
  int sourceOf(long entry) {
    int low = 0;
    int high = sources.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firstEntries[middle] <= entry) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  void set(long entry, long sourceOffset, long end, long position) {
    sourceOffsets.set(entry, sourceOffset);
    bodyEnds.set(entry, end);
    positions.set(entry, (int) position);
  }

  /** Where the entry begins in its source. */
  long sourceOffset(long entry) {
    return sourceOffsets.get(entry);
  }

  /** Where the entry ends in its source. */
  long sourceEnd(long entry) {
    return bodyEnds.get(entry);
  }

  /** The position of the entry's object in the index of its source. */
  long position(long entry) {
    return positions.getUnsigned(entry);
  }

  /** The entry of its base, {@link #WHOLE}, {@link #REWRITE}, or a base that was not found yet. */
  long base(long entry) {
    return bases.get(entry);
  }

  void setBase(long entry, long base) {
    bases.set(entry, base);
  }

  /** Notes that the base is not among the objects taken from the same source: only its position there is known. */
  void setBaseElsewhere(long entry, long basePosition) {
    bases.set(entry, FIRST_ELSEWHERE - basePosition);
  }

  boolean baseIsElsewhere(long entry) {
    return bases.get(entry) <= FIRST_ELSEWHERE;
  }

  /** The position of the base in the index of the entry's own source, while the base is elsewhere. */
  long basePosition(long entry) {
    return FIRST_ELSEWHERE - bases.get(entry);
  }

  /** Where the entry begins in the new pack. */
  long offset(long entry) {
    return offsets.get(entry);
  }

  /** The CRC-32 of the entry in the new pack. */
  int checksum(long entry) {
    return checksums.get(entry);
  }

  void written(long entry, long offset, int checksum) {
    offsets.set(entry, offset);
    checksums.set(entry, checksum);
  }

  PackIndex indexOf(int source) {
    return sources.get(source).pack().index();
  }
}
