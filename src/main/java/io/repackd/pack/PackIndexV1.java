package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Version 1: fanout, then offset and id of each object, then two hashes. Only read; git writes it no more by default. */
record PackIndexV1(MemorySegment file, HashAlgorithm hash, Path path, long count)
    implements PackIndex {
  static PackIndexV1 read(MemorySegment file, HashAlgorithm hash, Path path)
      throws CorruptFileException {
    long count = PackIndex.countObjects(file, 0, path);
    long expected = FANOUT_BYTES + count * (Integer.BYTES + hash.length()) + 2L * hash.length();
    if (file.byteSize() != expected) {
      throw new CorruptFileException(
          path,
          "a version 1 index of %d objects has %d bytes, not %d"
              .formatted(count, expected, file.byteSize()));
    }
    return new PackIndexV1(file, hash, path, count);
  }

  private long entry(long position) {
    return FANOUT_BYTES + position * (Integer.BYTES + hash.length());
  }

  @Override
  public long fanout(int firstByte) {
    return BigEndian.uint32(file, (long) firstByte * Integer.BYTES);
  }

  @Override
  public long idOffset(long position) {
    return entry(position) + Integer.BYTES;
  }

  @Override
  public long packOffset(long position) {
    return BigEndian.uint32(file, entry(position));
  }

  @Override
  public boolean reachesBeyond32Bits() {
    return false;
  }

  @Override
  public boolean hasCrc32() {
    return false;
  }

  @Override
  public int crc32(long position) {
    throw new IllegalStateException("a version 1 index has no checksums: " + path);
  }

  @Override
  public long packChecksumOffset() {
    return entry(count);
  }
}
