package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.MappedFile;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RegularFile;
import io.repackd.platform.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

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

  /** An entry has a byte of type and size at least, and the eight into which zlib compresses nothing. */
  private static final int SHORTEST_ENTRY_BYTES = 9;

  /**
   * Maps a pack and its index, and checks that they belong together: version, number of objects, and the hash at the end of
   * the pack, which the index repeats.
   *
   * @throws CorruptFileException if they do not
   * @throws IOException if one cannot be read; the message names it
   */
  public static PackFile open(Path pack, Path index, HashAlgorithm hash, Arena arena)
      throws IOException {
    return open(pack, PackIndex.open(index, hash, arena), arena);
  }

  /**
   * Maps a pack whose index is open, and checks that they belong together.
   *
   * @throws CorruptFileException if they do not
   * @throws IOException if it cannot be read; the message names it
   */
  public static PackFile open(Path pack, PackIndex index, Arena arena) throws IOException {
    return of(pack, MappedFile.map(pack, arena), index);
  }

  static PackFile of(Path path, MemorySegment data, PackIndex index) throws CorruptFileException {
    long trailer = checkLength(path, data.byteSize(), index);
    check(
        path,
        ObjectIds.bytes(data, 0, HEADER_BYTES),
        ObjectIds.bytes(data, trailer, index.hash().length()),
        index);
    return new PackFile(path, data, index);
  }

  /**
   * Checks the same without mapping the pack: two short reads. A process can have some tens of thousands of mappings, and a
   * repository more packs than that.
   *
   * @return where the last entry ends and the trailing hash begins, in bytes
   * @throws CorruptFileException if pack and index do not belong together
   * @throws IOException if the pack cannot be read; the message names it
   */
  public static long check(Path path, PackIndex index) throws IOException {
    byte[] head = new byte[HEADER_BYTES];
    byte[] trailer = new byte[index.hash().length()];
    long end;
    try (FileChannel channel = RegularFile.open(path)) {
      end = checkLength(path, channel.size(), index);
      readFully(channel, head, 0);
      readFully(channel, trailer, end);
    } catch (CorruptFileException e) {
      throw e;
    } catch (IOException e) {
      throw new ObjectDirectoryException("cannot read %s: %s".formatted(path, Reason.of(e)), e);
    }
    check(path, head, trailer, index);
    return end;
  }

  private static void readFully(FileChannel channel, byte[] bytes, long at) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("it was cut off");
      }
    }
  }

  /** Where the trailing hash begins; there has to be room before it for what the index has. */
  private static long checkLength(Path path, long bytes, PackIndex index)
      throws CorruptFileException {
    int hashLength = index.hash().length();
    // So that nothing is made for as many objects as an index claims, without a pack that has room.
    long least = HEADER_BYTES + hashLength + index.count() * SHORTEST_ENTRY_BYTES;
    if (bytes < least) {
      throw new CorruptFileException(
          path, "a pack of %d bytes is too short for %d objects".formatted(bytes, index.count()));
    }
    return bytes - hashLength;
  }

  private static void check(Path path, byte[] head, byte[] trailer, PackIndex index)
      throws CorruptFileException {
    ByteBuffer header = ByteBuffer.wrap(head);
    if (header.getInt() != MAGIC) {
      throw new CorruptFileException(path, "it does not begin with PACK");
    }
    int version = header.getInt();
    if (version != VERSION && version != VERSION_ALSO_READ) {
      throw new CorruptFileException(path, "unknown pack version " + version);
    }
    long count = Integer.toUnsignedLong(header.getInt());
    if (count != index.count()) {
      throw new CorruptFileException(
          path, "it has %d objects, and its index %d".formatted(count, index.count()));
    }
    if (!Arrays.equals(trailer, index.packChecksum())) {
      throw new CorruptFileException(
          path, "its index %s was made for another pack".formatted(index.path()));
    }
  }

  /** Where the last entry ends and the trailing hash begins. */
  public long end() {
    return data.byteSize() - index.hash().length();
  }
}
