package io.repackd.pack;

import io.repackd.objectdir.BigEndian;

/**
 * The head of one pack entry: type, size and, for a delta, its base. One instance is moved from entry to entry.
 *
 * <p>Source: gitformat-pack, "pack-*.pack files"; sizes and distances there have variable lengths.
 */
final class EntryHeader {
  static final int TREE = 2;
  static final int BLOB = 3;
  static final int OFS_DELTA = 6;
  static final int REF_DELTA = 7;

  /** The longest header: ten bytes hold 4 + 9 × 7 = 67 bits of size. */
  private static final int MAX_SIZE_SHIFT = 4 + 8 * 7;

  private int type;
  private long size;
  private long offset;
  private long baseReference;
  private long body;
  private long baseDistance;

  /**
   * Reads the header at an offset.
   *
   * @throws CorruptFileException if there is none that makes sense
   */
  void read(PackFile pack, long at) throws CorruptFileException {
    if (at < PackFile.HEADER_BYTES || at >= pack.end()) {
      throw new CorruptFileException(
          pack.path(), "there is no entry at %d: entries end at %d".formatted(at, pack.end()));
    }
    offset = at;
    baseDistance = 0;
    long next = at;
    int octet = octet(pack, next++);
    type = octet >>> 4 & 7;
    size = octet & 15;
    for (int shift = 4; (octet & 0x80) != 0; shift += 7) {
      octet = octet(pack, next++);
      long bits = octet & 0x7f;
      if (shift > MAX_SIZE_SHIFT || bits << shift >>> shift != bits || bits << shift < 0) {
        throw fault(pack, "its size is beyond 2^63");
      }
      size |= bits << shift;
    }
    baseReference = next;
    switch (type) {
      case 1, 2, 3, 4 -> body = next;
      case OFS_DELTA -> body = readDistance(pack, next);
      case REF_DELTA -> body = next + pack.index().hash().length();
      default -> throw fault(pack, "its type is " + type);
    }
    if (body > pack.end()) {
      throw fault(pack, "it is cut off by the end of the pack");
    }
  }

  private long readDistance(PackFile pack, long at) throws CorruptFileException {
    long next = at;
    int octet = octet(pack, next++);
    long distance = octet & 0x7f;
    while ((octet & 0x80) != 0) {
      if (distance >= 1L << 55) {
        throw fault(pack, "the distance to its base is beyond 2^62");
      }
      octet = octet(pack, next++);
      distance = distance + 1 << 7 | octet & 0x7f;
    }
    if (distance <= 0 || distance > offset - PackFile.HEADER_BYTES) {
      throw fault(pack, "its base would lie %d bytes before it".formatted(distance));
    }
    baseDistance = distance;
    return next;
  }

  private int octet(PackFile pack, long at) throws CorruptFileException {
    if (at >= pack.end()) {
      throw fault(pack, "it is cut off by the end of the pack");
    }
    return BigEndian.uint8(pack.data(), at);
  }

  CorruptFileException fault(PackFile pack, String what) {
    return new CorruptFileException(pack.path(), "entry at %d: %s".formatted(offset, what));
  }

  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 delta by distance, 7 delta by id. */
  int type() {
    return type;
  }

  boolean isDelta() {
    return type >= OFS_DELTA;
  }

  /** The inflated length of the body, in bytes. */
  long size() {
    return size;
  }

  /** Where the entry begins. */
  long offset() {
    return offset;
  }

  /**
   * Where the base of a delta begins: it has to be in the same pack.
   *
   * @throws CorruptFileException if it is not
   */
  long baseOffset(PackFile pack) throws CorruptFileException {
    if (type == OFS_DELTA) {
      return offset - baseDistance;
    }
    long position = pack.index().find(pack.data(), baseReference);
    if (position < 0) {
      throw fault(pack, "its base is not in this pack");
    }
    return pack.index().packOffset(position);
  }

  /** How far before this entry the base lies, in bytes, in a delta by distance. */
  long baseDistance() {
    return baseDistance;
  }

  /** Where the compressed bytes begin. */
  long body() {
    return body;
  }

  /** Writes type and size into a buffer, most canonical form; returns the length. */
  static int encode(int type, long size, byte[] buffer) {
    int length = 0;
    long rest = size >>> 4;
    int octet = type << 4 | (int) (size & 15);
    while (rest != 0) {
      buffer[length++] = (byte) (octet | 0x80);
      octet = (int) (rest & 0x7f);
      rest >>>= 7;
    }
    buffer[length++] = (byte) octet;
    return length;
  }

  /** How many bytes type and size take. */
  static int bytes(long size) {
    int length = 1;
    for (long rest = size >>> 4; rest != 0; rest >>>= 7) {
      length++;
    }
    return length;
  }

  /** How many bytes a distance takes: no more than any larger one. */
  static int distanceBytes(long distance) {
    int length = 1;
    for (long rest = distance >>> 7; rest != 0; rest = rest - 1 >>> 7) {
      length++;
    }
    return length;
  }

  /** Writes a distance into a buffer from a place on; returns the place after it. */
  static int encodeDistance(long distance, byte[] buffer, int at) {
    int length = distanceBytes(distance);
    long rest = distance;
    int last = at + length - 1;
    buffer[last] = (byte) (rest & 0x7f);
    for (int i = last - 1; i >= at; i--) {
      rest = (rest >>> 7) - 1;
      buffer[i] = (byte) (rest & 0x7f | 0x80);
    }
    return at + length;
  }
}
