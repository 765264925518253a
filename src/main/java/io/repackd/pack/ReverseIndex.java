package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.MappedFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A reverse index where it lies mapped: the positions in the index of a pack's objects, in the order in which they lie in the pack.
 *
 * <p>What {@link #open} checks: magic, version and hash function, that it is as long as the number of objects demands, and that it
 * was made for the same pack as the index. What it does not check, because that means to read all of it: the order, and the
 * trailing checksum. Source: gitformat-pack, "pack-*.rev files".
 *
 * @param file the whole file
 * @param path its file, for messages
 * @param index the index of the pack
 */
public record ReverseIndex(MemorySegment file, Path path, PackIndex index) {
  static final int MAGIC = 0x52494458; // RIDX
  static final int VERSION = 1;

  /** Magic, version, hash function; four bytes each, as all that follows. */
  static final int HEADER_BYTES = 12;

  /**
   * Maps and opens a reverse index.
   *
   * @param path the {@code .rev} file
   * @param arena ends the mapping
   * @throws CorruptFileException if it is malformed, or was made for another pack
   * @throws IOException if it cannot be read; the message names it
   */
  public static ReverseIndex open(Path path, PackIndex index, Arena arena) throws IOException {
    MemorySegment file = MappedFile.map(path, arena);
    HashAlgorithm hash = index.hash();
    long expected = HEADER_BYTES + index.count() * Integer.BYTES + 2L * hash.length();
    if (file.byteSize() != expected) {
      throw new CorruptFileException(
          path,
          "a reverse index of %d objects has %d bytes, and this one has %d"
              .formatted(index.count(), expected, file.byteSize()));
    }
    require(path, "magic number", BigEndian.int32(file, 0), MAGIC);
    require(path, "version", BigEndian.int32(file, Integer.BYTES), VERSION);
    require(path, "hash function", BigEndian.int32(file, 2L * Integer.BYTES), hash.formatId());
    byte[] pack = ObjectIds.bytes(file, expected - 2L * hash.length(), hash.length());
    if (!Arrays.equals(pack, index.packChecksum())) {
      throw new CorruptFileException(path, "it was made for another pack than " + index.path());
    }
    return new ReverseIndex(file, path, index);
  }

  private static void require(Path path, String what, int found, int expected)
      throws CorruptFileException {
    if (found != expected) {
      throw new CorruptFileException(
          path, "its %s is 0x%x, and should be 0x%x".formatted(what, found, expected));
    }
  }

  /**
   * The position in the index of the i-th object of the pack.
   *
   * @throws CorruptFileException if there is no such position
   */
  public long position(long i) throws CorruptFileException {
    long position = BigEndian.uint32(file, HEADER_BYTES + i * Integer.BYTES);
    if (position >= index.count()) {
      throw new CorruptFileException(
          path, "object %d is said to be that at %d of %d".formatted(i, position, index.count()));
    }
    return position;
  }
}
