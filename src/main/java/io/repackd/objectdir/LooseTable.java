package io.repackd.objectdir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.function.LongPredicate;

/**
 * Loose objects: their ids, and for each what its file was when it was looked at.
 *
 * <p>Off the heap, 60 bytes for each with SHA-1 and 72 with SHA-256. Filled by one thread, then read by any.
 */
public final class LooseTable implements AutoCloseable {
  /** Where the objects of one first byte lie: two digits. */
  static final int FANOUT_DIGITS = 2;

  /** Device, inode, size, seconds and nanoseconds of the modification time. */
  private static final int STAMP_LONGS = 5;

  private static final long STAMP_BYTES = STAMP_LONGS * (long) Long.BYTES;

  /** No file has this number. */
  private static final long NOBODY = 0;

  private static final int FIRST_CAPACITY = 256;

  private final Path objectDirectory;
  private final HashAlgorithm hash;

  private Arena arena = Arena.ofShared();
  private MemorySegment ids;
  private MemorySegment stamps;
  private long capacity = FIRST_CAPACITY;
  private long count;

  /** An empty table. */
  public LooseTable(Path objectDirectory, HashAlgorithm hash) {
    this.objectDirectory = objectDirectory;
    this.hash = hash;
    this.ids = arena.allocate(capacity * hash.length(), Long.BYTES);
    this.stamps = arena.allocate(capacity * STAMP_BYTES, Long.BYTES);
  }

  /** The object directory. */
  public Path directory() {
    return objectDirectory;
  }

  /** The hash function of the ids. */
  public HashAlgorithm hash() {
    return hash;
  }

  /** How many objects there are. */
  public long count() {
    return count;
  }

  /** The ids one after the other. Another segment once the table has grown. */
  public MemorySegment ids() {
    return ids.asSlice(0, count * hash.length());
  }

  /** Where in {@link #ids} an id stands. */
  public long idOffset(long i) {
    return i * hash.length();
  }

  /** An id in hexadecimal form. */
  public String idHex(long i) {
    byte[] id = new byte[hash.length()];
    MemorySegment.copy(ids, ValueLayout.JAVA_BYTE, idOffset(i), id, 0, id.length);
    return HexFormat.of().formatHex(id);
  }

  /** Where the object lies. */
  public Path path(long i) {
    String hex = idHex(i);
    return objectDirectory
        .resolve(hex.substring(0, FANOUT_DIGITS))
        .resolve(hex.substring(FANOUT_DIGITS));
  }

  /** The size of the file in bytes. */
  public long bytes(long i) {
    return stamp(i, 2);
  }

  /** When the file was written, or somebody wanted to write it again. */
  public Instant modified(long i) {
    return Instant.ofEpochSecond(stamp(i, 3), stamp(i, 4));
  }

  /** The file as it was when it was looked at. */
  public FileStamp file(long i) {
    return new FileStamp(path(i), stamp(i, 0), stamp(i, 1), bytes(i), modified(i));
  }

  /** Adds an object of another table at the end. */
  public void append(LooseTable other, long i) {
    grow();
    MemorySegment.copy(other.ids, other.idOffset(i), ids, idOffset(count), hash.length());
    MemorySegment.copy(other.stamps, i * STAMP_BYTES, stamps, count * STAMP_BYTES, STAMP_BYTES);
    count++;
  }

  /** Adds an object at the end whose file is yet to be looked at. */
  void append(String hex) {
    grow();
    byte[] id = HexFormat.of().parseHex(hex);
    MemorySegment.copy(id, 0, ids, ValueLayout.JAVA_BYTE, idOffset(count), id.length);
    setStamp(count, 1, NOBODY);
    count++;
  }

  void setFile(long i, FileStamp file) {
    setStamp(i, 0, file.device());
    setStamp(i, 1, file.inode());
    setStamp(i, 2, file.bytes());
    setStamp(i, 3, file.modified().getEpochSecond());
    setStamp(i, 4, file.modified().getNano());
  }

  /** Takes out the objects whose file was not found. */
  void removeUnseen() {
    retain(i -> stamp(i, 1) != NOBODY);
  }

  /** Takes out some objects. */
  public void remove(BitSet numbers) {
    retain(i -> !numbers.get((int) i));
  }

  private void retain(LongPredicate stays) {
    long kept = 0;
    for (long i = 0; i < count; i++) {
      if (stays.test(i)) {
        MemorySegment.copy(ids, idOffset(i), ids, idOffset(kept), hash.length());
        MemorySegment.copy(stamps, i * STAMP_BYTES, stamps, kept * STAMP_BYTES, STAMP_BYTES);
        kept++;
      }
    }
    count = kept;
  }

  /** Takes out all objects. */
  public void clear() {
    count = 0;
  }

  private long stamp(long i, int field) {
    return stamps.getAtIndex(ValueLayout.JAVA_LONG, i * STAMP_LONGS + field);
  }

  private void setStamp(long i, int field, long value) {
    stamps.setAtIndex(ValueLayout.JAVA_LONG, i * STAMP_LONGS + field, value);
  }

  private void grow() {
    if (count < capacity) {
      return;
    }
    Arena larger = Arena.ofShared();
    MemorySegment newIds = larger.allocate(2 * capacity * hash.length(), Long.BYTES);
    MemorySegment newStamps = larger.allocate(2 * capacity * STAMP_BYTES, Long.BYTES);
    MemorySegment.copy(ids, 0, newIds, 0, count * hash.length());
    MemorySegment.copy(stamps, 0, newStamps, 0, count * STAMP_BYTES);
    arena.close();
    arena = larger;
    ids = newIds;
    stamps = newStamps;
    capacity = 2 * capacity;
  }

  @Override
  public void close() {
    arena.close();
  }
}
