package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.ObjectIds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Copies of objects: of each its id, a number, and its offset in its pack, side by side. So they can be put in another order and
 * read in that order, and nothing has to be looked up again in the file it came from.
 */
final class CopyTable {
  private final int idBytes;
  private final int recordBytes;
  private final MemorySegment records;
  private final MemorySegment spare;

  /**
   * Room for copies.
   *
   * @param idBytes the length of an id
   * @param capacity how many
   */
  CopyTable(int idBytes, long capacity, Arena arena) {
    this.idBytes = idBytes;
    recordBytes = idBytes + Integer.BYTES + Long.BYTES;
    records = arena.allocate(capacity * recordBytes, Long.BYTES);
    spare = arena.allocate(recordBytes, Long.BYTES);
  }

  void set(long i, MemorySegment ids, long idOffset, int number, long offset) {
    long at = i * recordBytes;
    MemorySegment.copy(ids, idOffset, records, at, idBytes);
    BigEndian.putInt32(records, at + idBytes, number);
    BigEndian.putInt64(records, at + idBytes + Integer.BYTES, offset);
  }

  /** The segment in which {@link #idOffset} points. */
  MemorySegment ids() {
    return records;
  }

  /** Where the i-th id stands. */
  long idOffset(long i) {
    return i * recordBytes;
  }

  /** The first eight bytes of the i-th id, as an unsigned number. */
  long key(long i) {
    return BigEndian.int64(records, i * recordBytes);
  }

  int number(long i) {
    return BigEndian.int32(records, i * recordBytes + idBytes);
  }

  /** Where the i-th copy begins in its pack. */
  long offset(long i) {
    return BigEndian.int64(records, i * recordBytes + idBytes + Integer.BYTES);
  }

  int compareIds(long i, long j) {
    int keys = Long.compareUnsigned(key(i), key(j));
    return keys != 0
        ? keys
        : ObjectIds.compare(records, idOffset(i), records, idOffset(j), idBytes);
  }

  /** Compares the i-th id with one that stands elsewhere. */
  int compareId(long i, MemorySegment ids, long at) {
    return ObjectIds.compare(records, idOffset(i), ids, at, idBytes);
  }

  void swap(long i, long j) {
    MemorySegment.copy(records, i * recordBytes, spare, 0, recordBytes);
    MemorySegment.copy(records, j * recordBytes, records, i * recordBytes, recordBytes);
    MemorySegment.copy(spare, 0, records, j * recordBytes, recordBytes);
  }

  /** Puts the i-th copy in the place of an earlier one, and that and all between one place further. */
  void insert(long i, long to) {
    long from = to * recordBytes;
    MemorySegment.copy(records, i * recordBytes, spare, 0, recordBytes);
    MemorySegment.copy(records, from, records, from + recordBytes, (i - to) * recordBytes);
    MemorySegment.copy(spare, 0, records, from, recordBytes);
  }
}
