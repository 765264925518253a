package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.MappedFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A mapped pack with its index. Source: gitformat-pack, "pack-*.pack files".
 *
 * @param path the {@code .pack} file
 * @param data the whole file
 * @param index its index
 */
public record PackFile(Path path, MemorySegment data, PackIndex index) {
  static final int MAGIC = 0x5041434b; // PACK
  static final int VERSION = 2;
  static final int VERSION_ALSO_READ = 3;

  /** Magic, version, number of objects; four bytes each. */
  public static final int HEADER_BYTES = 12;

  /**
   * Maps a pack and its index, and checks that they belong together: version, number of objects, and the hash at the end of
   * the pack, which the index repeats.
   *
   * @throws CorruptFileException if they do not
   * @throws IOException if one cannot be read; the message names it
   */
  public static PackFile open(Path pack, Path index, HashAlgorithm hash, Arena arena)
      throws IOException {
    return of(pack, MappedFile.map(pack, arena), PackIndex.open(index, hash, arena));
  }

  static PackFile of(Path path, MemorySegment data, PackIndex index) throws CorruptFileException {
    int hashLength = index.hash().length();
    if (data.byteSize() < HEADER_BYTES + hashLength) {
      throw new CorruptFileException(
          path, "a pack of %d bytes is too short".formatted(data.byteSize()));
    }
    if (BigEndian.int32(data, 0) != MAGIC) {
      throw new CorruptFileException(path, "it does not begin with PACK");
    }
    int version = BigEndian.int32(data, Integer.BYTES);
    if (version != VERSION && version != VERSION_ALSO_READ) {
      throw new CorruptFileException(path, "unknown pack version " + version);
    }
    long count = BigEndian.uint32(data, 2 * Integer.BYTES);
    if (count != index.count()) {
      throw new CorruptFileException(
          path, "it has %d objects, and its index %d".formatted(count, index.count()));
    }
    PackFile pack = new PackFile(path, data, index);
    if (ObjectIds.compare(data, pack.end(), index.file(), index.packChecksumOffset(), hashLength)
        != 0) {
      throw new CorruptFileException(
          path, "its index %s was made for another pack".formatted(index.path()));
    }
    return pack;
  }

  /** Where the last entry ends and the trailing hash begins. */
  public long end() {
    return data.byteSize() - index.hash().length();
  }
}
