package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A table of object ids in ascending order with a fanout before it, as pack indexes and multi-pack-indexes have them.
 *
 * <p>That the fanout ascends has been checked when the file was opened. That the ids do has not.
 */
public interface SortedIds {
  /** The hash function of the ids. */
  HashAlgorithm hash();

  /** The file, for messages. */
  Path path();

  /** The segment in which {@link #idOffset} points. */
  MemorySegment ids();

  /** Where the id at a position stands. */
  long idOffset(long position);

  /**
   * Copies ids that follow each other, so that nothing is between them any more. In the table something may be: version 1 of a
   * pack index has each object's offset before its id.
   *
   * @param from the position of the first
   * @param to the position after the last
   * @param target where they are copied to
   * @param at where the first is to stand there
   */
  default void copyIds(long from, long to, MemorySegment target, long at) {
    int length = hash().length();
    if (idOffset(to) - idOffset(from) == (to - from) * length) {
      MemorySegment.copy(ids(), idOffset(from), target, at, (to - from) * length);
      return;
    }
    for (long position = from; position < to; position++) {
      MemorySegment.copy(
          ids(), idOffset(position), target, at + (position - from) * length, length);
    }
  }

  /** The number of ids, from 0 to 2^32 - 1. */
  long count();

  /**
   * How many ids begin with this byte or a smaller one.
   *
   * @param firstByte 0 to 255
   */
  long fanout(int firstByte);

  /** The position of the first id that begins with this byte. */
  default long firstPosition(int firstByte) {
    return firstByte == 0 ? 0 : fanout(firstByte - 1);
  }

  /** The first eight bytes of the id at a position, as an unsigned number: most ids can be told apart by them. */
  default long key(long position) {
    return BigEndian.int64(ids(), idOffset(position));
  }

  /** The id at a position, in hexadecimal form. */
  default String idHex(long position) {
    return ObjectIds.hex(ids(), idOffset(position), hash().length());
  }

  /**
   * Finds an id.
   *
   * @param id a segment in which the id stands
   * @param at where it stands there
   * @return its position, the first if it is there more than once; negative if it is not there
   */
  default long find(MemorySegment id, long at) {
    int firstByte = BigEndian.uint8(id, at);
    return IdSearch.find(this, firstPosition(firstByte), fanout(firstByte), id, at);
  }

  /**
   * The position of the first id that is not smaller than all which begin with a key.
   *
   * @param key the first eight bytes of an id, as an unsigned number
   */
  default long lowerBound(long key) {
    int firstByte = (int) (key >>> Long.SIZE - Byte.SIZE);
    long low = firstPosition(firstByte);
    if (key << Byte.SIZE == 0) {
      return low;
    }
    long high = fanout(firstByte);
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (Long.compareUnsigned(key(middle), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
