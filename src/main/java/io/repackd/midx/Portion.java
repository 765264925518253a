package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.LongTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The part of an index whose ids begin with one byte, as it is to be written: ids, owners, and the large offsets numbered from
 * zero. Used again for one first byte after another.
 */
final class Portion {
  /** An offset at or beyond this goes to the LOFF chunk, if there is one. */
  private static final long FIRST_LARGE_OFFSET = 1L << 31;

  private final int hashLength;
  private final Candidates candidates;
  private final MemorySegment ids;
  private final MemorySegment owners;
  private final LongTable largeOffsetOwners;
  private final MemorySegment largeOffsetValues;

  private int firstByte;
  private long objects;
  private long largeOffsets;
  private long largestOffset;

  /**
   * A portion.
   *
   * @param capacity the largest number of candidates it takes
   * @param large whether there is to be a LOFF chunk
   */
  Portion(HashAlgorithm hash, long capacity, boolean large, Arena arena) {
    hashLength = hash.length();
    candidates = new Candidates(capacity, arena);
    ids = arena.allocate(capacity * hashLength);
    owners = arena.allocate(capacity * MultiPackIndex.OWNER_BYTES);
    long largeCapacity = large ? capacity : 0;
    largeOffsetOwners = new LongTable(arena, largeCapacity);
    largeOffsetValues = arena.allocate(largeCapacity * Long.BYTES);
  }

  void begin(int newFirstByte) {
    firstByte = newFirstByte;
    objects = 0;
    largeOffsets = 0;
    largestOffset = 0;
    candidates.clear();
  }

  Candidates candidates() {
    return candidates;
  }

  /** Adds an object; the offset becomes large as the index being written demands. */
  void add(MemorySegment id, long at, int pack, long offset, boolean large) {
    MemorySegment.copy(id, at, ids, objects * hashLength, hashLength);
    long owner = objects * MultiPackIndex.OWNER_BYTES;
    BigEndian.putInt32(owners, owner, pack);
    if (large && offset >= FIRST_LARGE_OFFSET) {
      BigEndian.putInt32(owners, owner + Integer.BYTES, MultiPackIndex.LARGE | (int) largeOffsets);
      largeOffsetOwners.set(largeOffsets, objects);
      BigEndian.putInt64(largeOffsetValues, largeOffsets * Long.BYTES, offset);
      largeOffsets++;
    } else {
      BigEndian.putInt32(owners, owner + Integer.BYTES, (int) offset);
    }
    largestOffset = Math.max(largestOffset, offset);
    objects++;
  }

  int firstByte() {
    return firstByte;
  }

  long objects() {
    return objects;
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
