package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.LongTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The part of an index whose ids lie in one range, as it is to be written: ids, owners, and the large offsets numbered from zero.
 * Used again for one range after another.
 */
final class Portion {
  /** An offset at or beyond this goes to the LOFF chunk, if there is one. */
  private static final long FIRST_LARGE_OFFSET = 1L << 31;

  private final int hashLength;
  private final boolean large;
  private final Candidates candidates;
  private final MemorySegment ids;
  private final MemorySegment owners;
  private final LongTable largeOffsetOwners;
  private final MemorySegment largeOffsetValues;

  private long objects;
  private long largeOffsets;
  private long largestOffset;

  /**
   * A portion.
   *
   * @param capacity the largest number of objects it takes
   * @param large whether there is to be a LOFF chunk
   */
  Portion(HashAlgorithm hash, long capacity, boolean large, Candidates candidates, Arena arena) {
    hashLength = hash.length();
    this.large = large;
    this.candidates = candidates;
    ids = arena.allocate(capacity * hashLength);
    owners = arena.allocate(capacity * MultiPackIndex.OWNER_BYTES);
    long largeCapacity = large ? capacity : 0;
    largeOffsetOwners = new LongTable(arena, largeCapacity);
    largeOffsetValues = arena.allocate(largeCapacity * Long.BYTES);
  }

  void clear() {
    objects = 0;
    largeOffsets = 0;
    largestOffset = 0;
  }

  Candidates candidates() {
    return candidates;
  }

  /** Adds the i-th of the candidates. */
  void addCandidate(long i) {
    CopyTable copies = candidates.copies();
    MemorySegment.copy(copies.ids(), copies.idOffset(i), ids, objects * hashLength, hashLength);
    addOwner(copies.number(i), copies.offset(i));
  }

  /** Adds the objects from one position of a source to another, which follow each other as they do there. */
  void addRun(CopySource source, long from, long to) throws CorruptFileException {
    source.ids().copyIds(from, to, ids, objects * hashLength);
    for (long position = from; position < to; position++) {
      addOwner(source.pack(position), source.packOffset(position));
    }
  }

  private void addOwner(int pack, long offset) {
    long at = objects * MultiPackIndex.OWNER_BYTES;
    int small = (int) offset;
    if (large && offset >= FIRST_LARGE_OFFSET) {
      small = MultiPackIndex.LARGE | (int) largeOffsets;
      largeOffsetOwners.set(largeOffsets, objects);
      BigEndian.putInt64(largeOffsetValues, largeOffsets * Long.BYTES, offset);
      largeOffsets++;
    }
    BigEndian.putInt64(owners, at, (long) pack << Integer.SIZE | Integer.toUnsignedLong(small));
    largestOffset = Math.max(largestOffset, offset);
    objects++;
  }

  long objects() {
    return objects;
  }

  /** How many of its ids begin with a byte not greater than this. */
  long objectsUpTo(int firstByte) {
    long low = 0;
    long high = objects;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (BigEndian.uint8(ids, middle * hashLength) <= firstByte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  MemorySegment ids() {
    return ids;
  }

  MemorySegment owners() {
    return owners;
  }

  long largeOffsets() {
    return largeOffsets;
  }

  /** Which object of this portion has the i-th large offset. */
  long ownerOfLargeOffset(long i) {
    return largeOffsetOwners.get(i);
  }

  MemorySegment largeOffsetValues() {
    return largeOffsetValues;
  }

  long largestOffset() {
    return largestOffset;
  }
}
