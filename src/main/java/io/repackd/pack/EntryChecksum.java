package io.repackd.pack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.CRC32;

/**
 * The CRC-32 of mapped bytes.
 *
 * <p>They are copied to the heap first. If the file has been cut off meanwhile, the copy fails with an {@link InternalError};
 * but where native code or an intrinsic reads the mapping itself, as {@link CRC32} and {@link java.util.zip.Inflater} do with a
 * direct buffer, the whole virtual machine would die.
 */
final class EntryChecksum {
  /** Stays in the processor's cache between the copy and the checksum. */
  static final int PIECE_BYTES = 1 << 16;

  private final CRC32 crc = new CRC32();
  private final byte[] piece = new byte[PIECE_BYTES];

  // The addresses of which the piece is a copy.
  private long copiedFrom;
  private long copiedTo;

  void reset() {
    crc.reset();
  }

  void update(byte[] bytes, int length) {
    crc.update(bytes, 0, length);
  }

  void update(byte[] bytes, int from, int length) {
    crc.update(bytes, from, length);
  }

  void update(MemorySegment segment, long from, long length) {
    copiedTo = copiedFrom;
    for (long done = 0; done < length; ) {
      int bytes = (int) Math.min(PIECE_BYTES, length - done);
      MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, from + done, piece, 0, bytes);
      crc.update(piece, 0, bytes);
      done += bytes;
    }
  }

  /**
   * The checksum of a whole entry, where what follows is likely to be asked for next: entries may be tiny, and to copy each by
   * itself takes longer than its checksum.
   *
   * @param mapping stays as long as this is used
   * @param end how far it makes sense to read ahead
   */
  int ofEntry(MemorySegment mapping, long from, long length, long end) {
    if (length < ShortChecksum.WORTH_BYTES) {
      long address = mapping.address() + from;
      if (address < copiedFrom || address + length > copiedTo) {
        copy(mapping, from, (int) Math.min(PIECE_BYTES, end - from));
      }
      return ShortChecksum.of(piece, (int) (address - copiedFrom), (int) length);
    }
    reset();
    updateAhead(mapping, from, length, end);
    return value();
  }

  private void updateAhead(MemorySegment mapping, long from, long length, long end) {
    long at = from;
    while (at < from + length) {
      long address = mapping.address() + at;
      if (address < copiedFrom || address >= copiedTo) {
        copy(mapping, at, (int) Math.min(PIECE_BYTES, end - at));
      }
      int bytes = (int) Math.min(from + length - at, copiedTo - address);
      crc.update(piece, (int) (address - copiedFrom), bytes);
      at += bytes;
    }
  }

  private void copy(MemorySegment mapping, long from, int bytes) {
    copiedTo = copiedFrom; // if it fails, the piece is a copy of nothing
    MemorySegment.copy(mapping, ValueLayout.JAVA_BYTE, from, piece, 0, bytes);
    copiedFrom = mapping.address() + from;
    copiedTo = copiedFrom + bytes;
  }

  int value() {
    return (int) crc.getValue();
  }
}
