package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.MappedFile;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.LongTable;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackIndex;
import io.repackd.pack.SortedIds;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A multi-pack-index, version 1, where it lies mapped: which object is to be read from which pack, for all objects of the
 * packs it lists. Each object has one owner; the others that hold it may be deleted.
 *
 * <p>{@link #open} checks the structure: header, chunk table, the length of each chunk, the order of the pack names and of the
 * fanout. The order of the ids, the pack numbers and the trailing checksum are what {@link MultiPackIndexVerifier} is for.
 * Source: gitformat-pack, "multi-pack-index (MIDX) files".
 */
public final class MultiPackIndex implements SortedIds {
  static final int MAGIC = 0x4d494458; // MIDX
  static final int VERSION = 1;
  static final int HEADER_BYTES = 12;

  /** An owner: four bytes of pack number, four of offset. */
  static final int OWNER_BYTES = 8;

  /** Marks an offset which is the number of an entry in the LOFF chunk. */
  static final int LARGE = 0x80000000;

  private final Path path;
  private final MemorySegment file;
  private final HashAlgorithm hash;
  private final List<String> packNames;
  private final int packCount;
  private final MemorySegment fanout;
  private final MemorySegment ids;
  private final MemorySegment owners;
  private final Optional<MemorySegment> largeOffsets;
  private final Optional<MemorySegment> reverseIndex;
  private final Optional<MemorySegment> bitmappedPacks;
  private final long objects;

  private MultiPackIndex(Path path, MemorySegment file, HashAlgorithm hash, ChunkTable chunks)
      throws IOException {
    this.path = path;
    this.file = file;
    this.hash = hash;
    packNames =
        List.copyOf(
            PackNames.read(
                chunks.require(ChunkTable.PACK_NAMES, path), BigEndian.uint32(file, 8), path));
    packCount = packNames.size();
    fanout = chunks.require(ChunkTable.FANOUT, path);
    requireLength(ChunkTable.FANOUT, fanout, PackIndex.FANOUT_BYTES);
    int fanoutFault = PackIndex.findFanoutFault(fanout, 0);
    if (fanoutFault >= 0) {
      throw new MalformedIndexException(
          Fault.Type.FANOUT,
          path,
          "fanout entry %d is smaller than the one before".formatted(fanoutFault));
    }
    objects = fanout(PackIndex.FANOUT_ENTRIES - 1);
    ids = chunks.require(ChunkTable.IDS, path);
    requireLength(ChunkTable.IDS, ids, objects * hash.length());
    owners = chunks.require(ChunkTable.OFFSETS, path);
    requireLength(ChunkTable.OFFSETS, owners, objects * OWNER_BYTES);
    largeOffsets = chunks.find(ChunkTable.LARGE_OFFSETS);
    reverseIndex = chunks.find(ChunkTable.REVERSE_INDEX);
    bitmappedPacks = chunks.find(ChunkTable.BITMAPPED_PACKS);
  }

  private void requireLength(int chunk, MemorySegment content, long bytes)
      throws CorruptFileException {
    if (content.byteSize() != bytes) {
      throw new MalformedIndexException(
          Fault.Type.CHUNK_LENGTH,
          path,
          "chunk %s has %d bytes, not %d"
              .formatted(ChunkTable.name(chunk), content.byteSize(), bytes));
    }
  }

  /**
   * Maps and opens a multi-pack-index.
   *
   * @param path the file
   * @param hash what the repository uses; an index that says otherwise is corrupt
   * @param arena ends the mapping
   * @throws UnsupportedIndexException if it is of another version or lies upon other files
   * @throws CorruptFileException if it is malformed
   * @throws IOException if it cannot be read; the message names it
   */
  public static MultiPackIndex open(Path path, HashAlgorithm hash, Arena arena) throws IOException {
    MemorySegment file = MappedFile.map(path, arena);
    long end = file.byteSize() - hash.length();
    if (end < HEADER_BYTES) {
      throw new MalformedIndexException(
          Fault.Type.LENGTH,
          path,
          "a multi-pack-index of %d bytes is too short".formatted(file.byteSize()));
    }
    if (BigEndian.int32(file, 0) != MAGIC) {
      throw new MalformedIndexException(Fault.Type.SIGNATURE, path, "it does not begin with MIDX");
    }
    int version = BigEndian.uint8(file, 4);
    if (version != VERSION) {
      throw new UnsupportedIndexException(
          "leaving %s alone: it has version %d, and repackd knows version 1"
              .formatted(path, version));
    }
    int hashId = BigEndian.uint8(file, 5);
    if (hashId != hash.formatId()) {
      throw new MalformedIndexException(
          Fault.Type.HASH_FUNCTION,
          path,
          "its hash function has number %d, and the repository's number %d"
              .formatted(hashId, hash.formatId()));
    }
    int baseFiles = BigEndian.uint8(file, 7);
    if (baseFiles != 0) {
      throw new UnsupportedIndexException(
          "leaving %s alone: it lies upon %d other files".formatted(path, baseFiles));
    }
    int chunkCount = BigEndian.uint8(file, 6);
    return new MultiPackIndex(
        path, file, hash, ChunkTable.read(file, HEADER_BYTES, chunkCount, end, path));
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public HashAlgorithm hash() {
    return hash;
  }

  /** The names of the packs' indexes, such as {@code pack-1f2e….idx}, in the order of their numbers. */
  public List<String> packNames() {
    return packNames;
  }

  /** The number of objects, from 0 to 2^32 - 1. */
  public long objects() {
    return objects;
  }

  @Override
  public long count() {
    return objects;
  }

  @Override
  public long fanout(int firstByte) {
    return BigEndian.uint32(fanout, (long) firstByte * Integer.BYTES);
  }

  @Override
  public MemorySegment ids() {
    return ids;
  }

  @Override
  public long idOffset(long position) {
    return position * hash.length();
  }

  /**
   * The number of the pack that owns the object at a position.
   *
   * @throws CorruptFileException if there is no such pack
   */
  public int packOf(long position) throws CorruptFileException {
    int pack = BigEndian.int32(owners, position * OWNER_BYTES);
    if (Integer.compareUnsigned(pack, packCount) >= 0) {
      throw new MalformedIndexException(
          Fault.Type.PACK_NUMBER,
          path,
          "object %d belongs to pack %s of %d"
              .formatted(position, Integer.toUnsignedString(pack), packCount));
    }
    return pack;
  }

  /**
   * Where the object at a position begins in the pack that owns it.
   *
   * @throws CorruptFileException if the index points outside of its own table
   */
  public long packOffset(long position) throws CorruptFileException {
    int offset = BigEndian.int32(owners, position * OWNER_BYTES + Integer.BYTES);
    if (largeOffsets.isEmpty() || (offset & LARGE) == 0) {
      return Integer.toUnsignedLong(offset);
    }
    long at = (long) (offset & ~LARGE) * Long.BYTES;
    if (at + Long.BYTES > largeOffsets.get().byteSize()) {
      throw new MalformedIndexException(
          Fault.Type.LARGE_OFFSET,
          path,
          "object %d points to large offset %d, which is not there"
              .formatted(position, offset & ~LARGE));
    }
    long large = BigEndian.int64(largeOffsets.get(), at);
    if (large < 0) {
      throw new MalformedIndexException(
          Fault.Type.OFFSET, path, "object %d has an offset beyond 2^63 - 1".formatted(position));
    }
    return large;
  }

  /** The RIDX chunk: for each bit of a bitmap, the position of its object, four bytes each. */
  Optional<MemorySegment> reverseIndex() {
    return reverseIndex;
  }

  /** The BTMP chunk: for each pack, its first bit in a bitmap and the number of its bits, four bytes each. */
  Optional<MemorySegment> bitmappedPacks() {
    return bitmappedPacks;
  }

  /** Whether it has a chunk of eight-byte offsets, as it has if some object begins beyond 2^32 - 1 of its pack. */
  boolean hasLargeOffsets() {
    return largeOffsets.isPresent();
  }

  /**
   * Counts for each pack how many objects it owns. A pack that owns none is not needed by anybody who reads this index.
   *
   * @throws CorruptFileException if an object belongs to no pack
   */
  public OwnerCounts countOwners() throws CorruptFileException {
    try (Arena scratch = Arena.ofConfined()) {
      return OwnerCounts.of(packNames, countObjectsByPack(scratch));
    }
  }

  /** Counts how many objects each pack owns, by its number. */
  LongTable countObjectsByPack(Arena arena) throws CorruptFileException {
    LongTable counts = new LongTable(arena, packCount);
    for (long position = 0; position < objects; position++) {
      int pack = packOf(position);
      counts.set(pack, counts.get(pack) + 1);
    }
    return counts;
  }

  /** Whether the trailing checksum matches the content: reads the whole file. */
  public boolean checksumMatches(Cancellation cancellation) {
    long end = file.byteSize() - hash.length();
    MessageDigest digest = hash.newDigest();
    update(digest, file.asSlice(0, end), cancellation);
    return Arrays.equals(ObjectIds.bytes(file, end, hash.length()), digest.digest());
  }

  /** Hashes a segment of any length. */
  static void update(MessageDigest digest, MemorySegment content, Cancellation cancellation) {
    int pieceBytes = 4 << 20;
    for (long at = 0; at < content.byteSize(); at += pieceBytes) {
      cancellation.check();
      long piece = Math.min(pieceBytes, content.byteSize() - at);
      digest.update(content.asSlice(at, piece).asByteBuffer());
    }
  }
}
