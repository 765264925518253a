package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Version 2: fanout, ids, checksums, 31-bit offsets, 63-bit offsets for those which have bit 31 set, two hashes. */
record PackIndexV2(MemorySegment file, HashAlgorithm hash, Path path, long count, long largeOffsets)
    implements PackIndex {
  static final int MAGIC = 0xff744f63;
  static final int VERSION = 2;
  static final int HEADER_BYTES = 8;
  static final int LARGE = 0x80000000;

  static PackIndexV2 read(MemorySegment file, HashAlgorithm hash, Path path)
      throws CorruptFileException {
    int version = BigEndian.int32(file, Integer.BYTES);
    if (version != VERSION) {
      throw new CorruptFileException(path, "unknown pack index version " + version);
    }
    if (file.byteSize() < HEADER_BYTES + FANOUT_BYTES + 2L * hash.length()) {
      throw new CorruptFileException(
          path, "a pack index of %d bytes is too short".formatted(file.byteSize()));
    }
    long count = PackIndex.countObjects(file, HEADER_BYTES, path);
    long least = HEADER_BYTES + FANOUT_BYTES + count * (hash.length() + 8L) + 2L * hash.length();
    long largeBytes = file.byteSize() - least;
    // The first object of a pack stands at offset 12, so one at least is not large.
    if (largeBytes < 0
        || largeBytes % Long.BYTES != 0
        || largeBytes / Long.BYTES > Math.max(count - 1, 0)) {
      throw new CorruptFileException(
          path, "an index of %d objects cannot have %d bytes".formatted(count, file.byteSize()));
    }
    return new PackIndexV2(file, hash, path, count, largeBytes / Long.BYTES);
  }

  @Override
  public long fanout(int firstByte) {
    return BigEndian.uint32(file, HEADER_BYTES + (long) firstByte * Integer.BYTES);
  }

  @Override
  public long idOffset(long position) {
    return HEADER_BYTES + FANOUT_BYTES + position * hash.length();
  }

  private long checksums() {
    return idOffset(count);
  }

  private long offsets() {
    return checksums() + count * Integer.BYTES;
  }

  @Override
  public long packOffset(long position) throws CorruptFileException {
    int offset = BigEndian.int32(file, offsets() + position * Integer.BYTES);
    if ((offset & LARGE) == 0) {
      return offset;
    }
    int large = offset & ~LARGE;
    if (large >= largeOffsets) {
      throw new CorruptFileException(
          path,
          "object %d points to large offset %d of %d".formatted(position, large, largeOffsets));
    }
    long value = BigEndian.int64(file, largeOffset(large));
    if (value < 0) {
      throw new CorruptFileException(
          path, "object %d has an offset beyond 2^63".formatted(position));
    }
    return value;
  }

  @Override
  public boolean reachesBeyond32Bits() {
    for (long i = 0; i < largeOffsets; i++) {
      if (BigEndian.int64(file, largeOffset(i)) >>> Integer.SIZE != 0) {
        return true;
      }
    }
    return false;
  }

  private long largeOffset(long i) {
    return offsets() + count * Integer.BYTES + i * Long.BYTES;
  }

  @Override
  public boolean hasCrc32() {
    return true;
  }

  @Override
  public int crc32(long position) {
    return BigEndian.int32(file, checksums() + position * Integer.BYTES);
  }

  @Override
  public long packChecksumOffset() {
    return file.byteSize() - 2L * hash.length();
  }
}
