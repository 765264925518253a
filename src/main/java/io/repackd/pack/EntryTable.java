package io.repackd.pack;

import io.repackd.pack.PackSource.Made;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.MappedPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * All entries that the sources of a new pack have, wanted or not: source after source, and within each in the order in which
 * they lie there, which is the order in which they will lie in the new pack.
 *
 * <p>Copies of one object are linked in a ring, and one of them is chosen to be written. Columns lie outside the heap: 21 bytes
 * for each entry, or 25 if a source has 4 GiB or more; and 12 more from when {@linkplain #settle all is chosen}.
 */
final class EntryTable {
  /** These map a fifth of a gigabyte at most. To give it back takes a millisecond for a thousand packs. */
  private static final long READS_BEFORE_RELEASE = 3 << 10;

  /** Most blocks are of one source, then, and nothing has to be searched for, or guessed by the processor. */
  private static final int BLOCKS_OF_SOURCE = 16;

  /** Base of an entry which is no delta. */
  static final long WHOLE = 0xffffffffL;

  /** Base of an entry that is made anew and whole: its delta cannot be kept, or it was compressed in haste. */
  static final long REWRITE = 0xfffffffeL;

  /** The choice among copies of an object that nobody wants. */
  static final long NOT_WANTED = 0xffffffffL;

  /** The largest number of entries: what is above has a meaning of its own. */
  static final long MAX_ENTRIES = 0xfffffff0L;

  // In one byte each, which all fit the cache, because every entry is asked in the order of ids.
  private static final int SELECTED = 1;
  private static final int STORED_AS_DELTA = 2;
  private static final int FOUND = 4;
  private static final int TYPE_SHIFT = 4;

  private final AtomicLong randomReads = new AtomicLong();
  private boolean holdsLittle;
  private final List<PackSource> sources;
  private final int hashLength;
  private final long[] firstEntries;
  private final boolean allSelected;

  // Where the ids of each source stand: every entry is asked in the order of ids.
  private final MemorySegment[] ids;
  private final long[] firstIds;
  private final long[] idSteps;

  /** By blocks of entries: the source of the first entry of each, so that few are left to search through. */
  private final int[] blockSources;

  private final Arena arena;
  private final int blockShift;
  private final OffsetTable sourceOffsets;
  private final IntTable positions;
  private final IntTable bases;
  private final IntTable chosen;
  private final IntTable siblings;
  private final MemorySegment flags;

  // Empty until all is chosen.
  private LongTable offsets;
  private IntTable checksums;

  /** An empty table; {@link EntryCollection} fills it. */
  EntryTable(List<? extends PackSource> sources, int hashLength, Arena arena) {
    this.sources = List.copyOf(sources);
    this.hashLength = hashLength;
    this.arena = arena;
    this.firstEntries = new long[sources.size() + 1];
    for (int i = 0; i < sources.size(); i++) {
      firstEntries[i + 1] = firstEntries[i] + count(sources.get(i));
    }
    if (count() > MAX_ENTRIES) {
      throw new IllegalArgumentException(
          "a pack is made from at most %d entries, not %d".formatted(MAX_ENTRIES, count()));
    }
    allSelected = sources.stream().allMatch(EntryTable::wantsAll);
    ids = new MemorySegment[sources.size()];
    firstIds = new long[sources.size()];
    idSteps = new long[sources.size()];
    for (int i = 0; i < sources.size(); i++) {
      locateIds(i, sources.get(i));
    }
    blockShift = blockShift();
    blockSources = blockSources();
    sourceOffsets = new OffsetTable(arena, count(), endOfLongest());
    positions = new IntTable(arena, count());
    bases = new IntTable(arena, count());
    chosen = new IntTable(arena, count());
    siblings = new IntTable(arena, count());
    flags = arena.allocate(Math.max(1, count()));
    offsets = new LongTable(arena, 0);
    checksums = new IntTable(arena, 0);
  }

  private void locateIds(int source, PackSource from) {
    switch (from) {
      case Packed packed -> {
        PackIndex index = packed.pack().index();
        ids[source] = index.ids();
        firstIds[source] = index.idOffset(0);
        idSteps[source] = index.idOffset(1) - index.idOffset(0);
      }
      case Made made -> {
        ids[source] = made.ids();
        firstIds[source] = madeIdOffset(0);
        idSteps[source] = hashLength;
      }
    }
  }

  private long endOfLongest() {
    long end = 0;
    for (PackSource source : sources) {
      end = Math.max(end, source instanceof Packed packed ? packed.pack().end() : 0);
    }
    return end;
  }

  /**
   * Ends the choice among copies. From now on it can be said where entries lie in the new pack, and no more which are copies of
   * each other. Not before, since sorting takes as much memory.
   */
  void settle() {
    offsets = new LongTable(arena, count());
    checksums = new IntTable(arena, count());
  }

  /** Room for a number for each entry, whatever is in it, once all {@linkplain #settle is chosen}: always the same. */
  IntTable numbers() {
    return siblings;
  }

  /** So that there are many blocks for each source. */
  private int blockShift() {
    long blocks = (long) BLOCKS_OF_SOURCE * Math.max(1, sources.size());
    int shift = 0;
    while (count() >>> shift > blocks) {
      shift++;
    }
    return shift;
  }

  private int[] blockSources() {
    int[] found = new int[(int) (count() >>> blockShift) + 2];
    int source = 0;
    for (int block = 0; block < found.length; block++) {
      long first = (long) block << blockShift;
      while (source + 1 < sources.size() && firstEntries[source + 1] <= first) {
        source++;
      }
      found[block] = source;
    }
    return found;
  }

  private static boolean wantsAll(PackSource source) {
    return switch (source) {
      case Packed packed -> packed.selected().size() == packed.pack().index().count();
      case Made _ -> true;
    };
  }

  private static long count(PackSource source) {
    return switch (source) {
      case Packed packed -> packed.pack().index().count();
      case Made made -> made.count();
    };
  }

  /** The number of entries of all sources. */
  long count() {
    return firstEntries[sources.size()];
  }

  /** The number of entries that are written. */
  long countWritten() {
    long written = 0;
    for (long entry = 0; entry < count(); entry++) {
      written += written(entry) ? 1 : 0;
    }
    return written;
  }

  /**
   * Notes that an entry somewhere in a pack was read, and gives back what was read when that has been done often: with each of
   * them, the kernel maps all that it has in memory for 64 KiB around. May be called by any thread.
   */
  void readAtRandom() {
    if (randomReads.incrementAndGet() % READS_BEFORE_RELEASE == 0) {
      releasePages();
    }
  }

  /** From now on it counts more to hold little of the packs than to read them fast. */
  void holdLittle() {
    holdsLittle = true;
  }

  /** Notes that a source was read from end to end. */
  void readThrough(Packed source) {
    if (holdsLittle) {
      MappedPages.release(source.pack().data());
    }
  }

  /** Gives back what was read of the packs: it is some time until the same places are read again. */
  void releasePages() {
    for (PackSource source : sources) {
      if (source instanceof Packed packed) {
        readThrough(packed);
      }
    }
  }

  int hashLength() {
    return hashLength;
  }

  List<PackSource> sources() {
    return sources;
  }

  /** The first entry of a source. */
  long firstEntry(int source) {
    return firstEntries[source];
  }

  /** The source of an entry. */
  int sourceOf(long entry) {
    int block = (int) (entry >>> blockShift);
    int low = blockSources[block];
    int high = blockSources[block + 1];
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

  /**
   * Sets where an entry comes from. It counts as the only copy of its object until others are linked to it.
   *
   * @param position where its id stands in the source
   * @param type of the object: 1 commit, 2 tree, 3 blob, 4 tag; 0 if it is not known
   * @param base the entry that it is a delta upon, or {@link #WHOLE}
   */
  void set(long entry, long sourceOffset, long position, int type, long base, boolean selected) {
    sourceOffsets.set(entry, sourceOffset);
    positions.set(entry, (int) position);
    bases.set(entry, (int) base);
    chosen.set(entry, (int) (selected ? entry : NOT_WANTED));
    siblings.set(entry, (int) entry);
    int flag = (selected ? SELECTED : 0) | (base == WHOLE ? 0 : STORED_AS_DELTA);
    flags.set(ValueLayout.JAVA_BYTE, entry, (byte) (flag | type << TYPE_SHIFT));
  }

  /** The type of the entry's object: 1 commit, 2 tree, 3 blob, 4 tag; 0 if it is not known. */
  int type(long entry) {
    return flags.get(ValueLayout.JAVA_BYTE, entry) >>> TYPE_SHIFT;
  }

  /** Whether its source wants the object of an entry in the new pack. */
  boolean selected(long entry) {
    return allSelected || (flags.get(ValueLayout.JAVA_BYTE, entry) & SELECTED) != 0;
  }

  void setType(long entry, int type) {
    byte flag = flags.get(ValueLayout.JAVA_BYTE, entry);
    flags.set(ValueLayout.JAVA_BYTE, entry, (byte) (flag | type << TYPE_SHIFT));
  }

  /**
   * Notes that a delta was found for an entry.
   *
   * @param base the entry that it is a delta upon, of any source
   * @param place where {@link FoundDeltas} has it
   */
  void setFound(long entry, long base, long place) {
    setBase(entry, base);
    setOffset(entry, place);
    byte flag = flags.get(ValueLayout.JAVA_BYTE, entry);
    flags.set(ValueLayout.JAVA_BYTE, entry, (byte) (flag | FOUND));
  }

  /**
   * Has a delta written whole: as it lies in its source if it is whole there, else anew. What was found for it is given up.
   */
  void setWhole(long entry) {
    setBase(entry, storedAsDelta(entry) ? REWRITE : WHOLE);
    byte flag = flags.get(ValueLayout.JAVA_BYTE, entry);
    flags.set(ValueLayout.JAVA_BYTE, entry, (byte) (flag & ~FOUND));
  }

  /** Whether the entry is a delta that was found. Until it is written, its offset is the place where that delta lies. */
  boolean found(long entry) {
    return (flags.get(ValueLayout.JAVA_BYTE, entry) & FOUND) != 0;
  }

  /** Whether the entry is a delta in its source. */
  boolean storedAsDelta(long entry) {
    return (flags.get(ValueLayout.JAVA_BYTE, entry) & STORED_AS_DELTA) != 0;
  }

  /** Where the entry begins in its source. */
  long sourceOffset(long entry) {
    return sourceOffsets.get(entry);
  }

  /** Where the entry of a pack ends: where the next begins. */
  long sourceEnd(int source, Packed packed, long entry) {
    return entry + 1 < firstEntries[source + 1]
        ? sourceOffsets.get(entry + 1)
        : packed.pack().end();
  }

  /** The position of the entry's id in its source. */
  long position(long entry) {
    return positions.getUnsigned(entry);
  }

  /** The segment in which the ids of a source stand. */
  MemorySegment ids(int source) {
    return ids[source];
  }

  /** Where in that segment the id of an entry stands. */
  long idOffset(int source, long entry) {
    return idOffsetAt(source, position(entry));
  }

  /** Where in that segment the id at a position of the source stands. */
  long idOffsetAt(int source, long position) {
    return firstIds[source] + position * idSteps[source];
  }

  /** Where the i-th id of a source of made objects stands. */
  long madeIdOffset(long i) {
    return i * hashLength;
  }

  String idHex(long entry) {
    int source = sourceOf(entry);
    return ObjectIds.hex(ids(source), idOffset(source, entry), hashLength);
  }

  /** The order of two entries' ids. */
  int compareIds(long left, long right) {
    int leftSource = sourceOf(left);
    int rightSource = sourceOf(right);
    return ObjectIds.compare(
        ids(leftSource),
        idOffset(leftSource, left),
        ids(rightSource),
        idOffset(rightSource, right),
        hashLength);
  }

  /**
   * Whether entries have the same ids as others. All of one kind is looked up after the other: then the processor can wait for many
   * places of the memory at once.
   *
   * @param length how many there are of each
   */
  boolean sameIds(long[] lefts, long[] rights, int length) {
    long[] leftPlaces = idOffsets(lefts, length);
    long[] rightPlaces = idOffsets(rights, length);
    boolean same = true;
    for (int k = 0; k < length; k++) {
      int order =
          ObjectIds.compare(
              ids(sourceOf(lefts[k])),
              leftPlaces[k],
              ids(sourceOf(rights[k])),
              rightPlaces[k],
              hashLength);
      same &= order == 0;
    }
    return same;
  }

  private long[] idOffsets(long[] some, int length) {
    long[] places = new long[length];
    for (int k = 0; k < length; k++) {
      places[k] = position(some[k]);
    }
    for (int k = 0; k < length; k++) {
      places[k] = idOffsetAt(sourceOf(some[k]), places[k]);
    }
    return places;
  }

  /** The entry of the same source that this one is a delta upon, {@link #WHOLE} or {@link #REWRITE}. */
  long base(long entry) {
    return bases.getUnsigned(entry);
  }

  void setBase(long entry, long base) {
    bases.set(entry, (int) base);
  }

  /** Whether the entry is a delta that is to be kept. */
  boolean isDelta(long entry) {
    return base(entry) < REWRITE;
  }

  /** Which copy of the entry's object is written; {@link #NOT_WANTED} if none is. */
  long chosen(long entry) {
    return chosen.getUnsigned(entry);
  }

  /** Whether it is this entry that is written. */
  boolean written(long entry) {
    return chosen(entry) == entry;
  }

  /**
   * The first of some neighbours that is not written, or is a delta or made anew; the end if there is none. In a loop by itself,
   * as there may be very many that are tiny.
   */
  long endOfWhole(long from, long to) {
    long entry = from;
    while (entry < to && written(entry) && base(entry) == WHOLE) {
      entry++;
    }
    return entry;
  }

  /** The first of some neighbours that is written and is a delta; the end if there is none. In a loop by itself, as above. */
  long nextDelta(long from, long to) {
    long entry = from;
    while (entry < to && !(isDelta(entry) && written(entry))) {
      entry++;
    }
    return entry;
  }

  void setChosen(long entry, long copy) {
    chosen.set(entry, (int) copy);
  }

  /** Has a copy of the entry's object written, in place of another. */
  void chooseAmongCopies(long entry, long copy) {
    long member = entry;
    do {
      setChosen(member, copy);
      member = sibling(member);
    } while (member != entry);
  }

  /** The next copy of the same object; the entry itself if there is no other. */
  long sibling(long entry) {
    return siblings.getUnsigned(entry);
  }

  void setSibling(long entry, long next) {
    siblings.set(entry, (int) next);
  }

  /** Where the entry begins in the new pack. */
  long offset(long entry) {
    return offsets.get(entry);
  }

  /** The CRC-32 of the entry: in its source, and once it is written, in the new pack. */
  int checksum(long entry) {
    return checksums.get(entry);
  }

  void setChecksum(long entry, int checksum) {
    checksums.set(entry, checksum);
  }

  void setOffset(long entry, long offset) {
    offsets.set(entry, offset);
  }

  /** Has neighbours begin in the new pack where they begin in their source, and so many bytes behind that. */
  void setOffsets(long from, long to, long distance) {
    for (long entry = from; entry < to; entry++) {
      offsets.set(entry, sourceOffsets.get(entry) + distance);
    }
  }
}
