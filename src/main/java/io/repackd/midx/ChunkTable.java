package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.CorruptFileException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The table of contents of a multi-pack-index: where each chunk lies. Source: gitformat-chunk.
 *
 * <p>Entries of twelve bytes, a four-byte id and an eight-byte offset in the file; the last has id 0 and the offset at which
 * the last chunk ends.
 */
final class ChunkTable {
  static final int PACK_NAMES = 0x504e414d; // PNAM
  static final int FANOUT = 0x4f494446; // OIDF
  static final int IDS = 0x4f49444c; // OIDL
  static final int OFFSETS = 0x4f4f4646; // OOFF
  static final int LARGE_OFFSETS = 0x4c4f4646; // LOFF
  static final int REVERSE_INDEX = 0x52494458; // RIDX
  static final int BITMAPPED_PACKS = 0x42544d50; // BTMP

  static final int ENTRY_BYTES = 12;

  /** Chunks begin at multiples of this; readers since git 2.43 insist on it. */
  static final int ALIGNMENT_BYTES = 4;

  private final Map<Integer, MemorySegment> chunks = new HashMap<>();

  private ChunkTable() {}

  /**
   * Reads the table.
   *
   * @param at where it begins
   * @param count how many chunks it lists
   * @param end where chunks have to end: at the trailing hash
   */
  static ChunkTable read(MemorySegment file, long at, int count, long end, Path path)
      throws CorruptFileException {
    long tableEnd = at + (count + 1L) * ENTRY_BYTES;
    if (tableEnd > end) {
      throw wrong(path, "a table of %d chunks does not fit in it".formatted(count));
    }
    ChunkTable table = new ChunkTable();
    long start = BigEndian.int64(file, at + Integer.BYTES);
    for (int i = 0; i < count; i++) {
      long entry = at + (long) i * ENTRY_BYTES;
      int id = BigEndian.int32(file, entry);
      long next = BigEndian.int64(file, entry + ENTRY_BYTES + Integer.BYTES);
      if (id == 0) {
        throw wrong(path, "its table of %d chunks ends at chunk %d".formatted(count, i));
      }
      if (start < tableEnd || next < start || next > end) {
        throw wrong(
            path,
            "chunk %s is said to lie from %d to %d; chunks lie from %d to %d, in order"
                .formatted(name(id), start, next, tableEnd, end));
      }
      if (start % ALIGNMENT_BYTES != 0) {
        throw wrong(path, "chunk %s begins at %d, no multiple of 4".formatted(name(id), start));
      }
      if (table.chunks.put(id, file.asSlice(start, next - start)) != null) {
        throw wrong(path, "chunk %s is there twice".formatted(name(id)));
      }
      start = next;
    }
    if (BigEndian.int32(file, tableEnd - ENTRY_BYTES) != 0) {
      throw wrong(path, "its table of %d chunks has no end mark".formatted(count));
    }
    return table;
  }

  private static CorruptFileException wrong(Path path, String what) {
    return new MalformedIndexException(Fault.Type.CHUNK_TABLE, path, what);
  }

  /** A chunk without which there is no multi-pack-index. */
  MemorySegment require(int id, Path path) throws CorruptFileException {
    return find(id)
        .orElseThrow(() ->
            new MalformedIndexException(
                Fault.Type.CHUNK_MISSING, path, "chunk %s is missing".formatted(name(id))));
  }

  Optional<MemorySegment> find(int id) {
    return Optional.ofNullable(chunks.get(id));
  }

  /** The four letters of an id, or its number if they are none. */
  static String name(int id) {
    StringBuilder name = new StringBuilder();
    for (int shift = 24; shift >= 0; shift -= 8) {
      int octet = id >>> shift & 0xff;
      if (octet < ' ' || octet > '~') {
        return "0x%08x".formatted(id);
      }
      name.append((char) octet);
    }
    return name.toString();
  }
}
