package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.MappedFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A pack index where it lies mapped: the objects of one pack by position, in the order of their ids.
 *
 * <p>What {@link #open} checks: magic and version, the fanout's order, and that the file is as long as its number of objects
 * demands. What it does not check, because that means to read all of it: the order of the ids and the trailing checksum.
 * Source: gitformat-pack, "pack-*.idx files".
 */
public sealed interface PackIndex extends SortedIds permits PackIndexV1, PackIndexV2 {
  /** Entries of the fanout table. */
  int FANOUT_ENTRIES = 256;

  /** The length of the fanout table in bytes. */
  int FANOUT_BYTES = FANOUT_ENTRIES * Integer.BYTES;

  /**
   * Maps and opens an index.
   *
   * @param path the {@code .idx} file
   * @param arena ends the mapping
   * @throws CorruptFileException if it is malformed
   * @throws IOException if it cannot be read; the message names it
   */
  static PackIndex open(Path path, HashAlgorithm hash, Arena arena) throws IOException {
    return open(MappedFile.map(path, arena), hash, path);
  }

  /**
   * Opens a mapped index.
   *
   * @param path its file, for messages
   * @throws CorruptFileException if it is malformed
   */
  static PackIndex open(MemorySegment file, HashAlgorithm hash, Path path)
      throws CorruptFileException {
    if (file.byteSize() < FANOUT_BYTES + 2L * hash.length()) {
      throw new CorruptFileException(
          path, "a pack index of %d bytes is too short".formatted(file.byteSize()));
    }
    return BigEndian.int32(file, 0) == PackIndexV2.MAGIC
        ? PackIndexV2.read(file, hash, path)
        : PackIndexV1.read(file, hash, path);
  }

  /** The mapped file. */
  MemorySegment file();

  @Override
  default MemorySegment ids() {
    return file();
  }

  /**
   * Where in the pack the object at a position begins.
   *
   * @throws CorruptFileException if the index points outside of its own table
   */
  long packOffset(long position) throws CorruptFileException;

  /** Whether some object begins beyond 2^32 - 1, where four bytes cannot point. */
  boolean reachesBeyond32Bits();

  /** Whether there are checksums: version 1 has none. */
  boolean hasCrc32();

  /** The CRC-32 of the object's entry in the pack, from its header to the end of its compressed bytes. */
  int crc32(long position);

  /** Where in the file the pack's own trailing hash is repeated. */
  long packChecksumOffset();

  /** The pack's own trailing hash, as it is repeated here. */
  default byte[] packChecksum() {
    return ObjectIds.bytes(file(), packChecksumOffset(), hash().length());
  }

  /**
   * Checks the order of a fanout table.
   *
   * @return the first entry which is smaller than the one before it; negative if there is none
   */
  static int findFanoutFault(MemorySegment file, long offset) {
    for (int i = 1; i < FANOUT_ENTRIES; i++) {
      long at = offset + (long) i * Integer.BYTES;
      if (BigEndian.uint32(file, at) < BigEndian.uint32(file, at - Integer.BYTES)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Counts the objects by the fanout.
   *
   * @throws CorruptFileException if the fanout does not ascend
   */
  static long countObjects(MemorySegment file, long fanoutOffset, Path path)
      throws CorruptFileException {
    int fault = findFanoutFault(file, fanoutOffset);
    if (fault >= 0) {
      throw new CorruptFileException(
          path, "fanout entry %d is smaller than the one before".formatted(fault));
    }
    return BigEndian.uint32(file, fanoutOffset + (FANOUT_ENTRIES - 1L) * Integer.BYTES);
  }
}
