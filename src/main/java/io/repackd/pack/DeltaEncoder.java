package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Makes a delta: instructions to copy from a base and to insert bytes, which together give a target. Source of their form:
 * gitformat-pack, "Deltified representation".
 *
 * <p>At each place of the target the base's index is asked for equal blocks; the longest match is taken, and extended to both
 * sides. So a match of {@value DeltaBase#BLOCK_BYTES} bytes is found if it begins at a block of the base, and any of 31.
 */
final class DeltaEncoder implements AutoCloseable {
  /** In content with many equal blocks the longest match of so many is good enough. */
  private static final int MAX_TRIES = 32;

  /** A match of so many bytes is not compared with others. */
  private static final int LONG_BYTES = 1 << 12;

  private static final int MAX_INSERT_BYTES = 0x7f;
  private static final int MAX_COPY_BYTES = 0x10000;

  /** An instruction to copy has at most seven operands; and one to insert has a byte before what it inserts. */
  private static final int MAX_INSTRUCTION_BYTES = 8 + MAX_INSERT_BYTES;

  /** So many places are looked at between two looks at the cancellation. */
  private static final int CHECK_EVERY = 1 << 20;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong WORD = DeltaBase.WORD;

  private final Cancellation cancellation;
  private final NativeBuffer buffer = new NativeBuffer();
  private MemorySegment out = MemorySegment.NULL;
  private int written;
  private int limit;

  private int nextCheck;
  private int matchStart;
  private int matchLength;

  DeltaEncoder(Cancellation cancellation) {
    this.cancellation = cancellation;
  }

  /** The delta that was made last, until the next is made. */
  MemorySegment delta() {
    return out.asSlice(0, written);
  }

  /**
   * Makes a delta.
   *
   * @param limit it is given up when it becomes longer than this
   * @return its length in bytes; negative if it was given up
   */
  int encode(DeltaBase base, MemorySegment target, int limit) {
    this.limit = limit;
    this.written = 0;
    this.nextCheck = CHECK_EVERY;
    this.out = buffer.grow(MAX_INSTRUCTION_BYTES);
    putSize(base.content().byteSize());
    putSize(target.byteSize());
    int end = (int) target.byteSize();
    int lastBlock = end - DeltaBase.BLOCK_BYTES;
    int inserted = 0;
    int at = 0;
    while (at <= lastBlock) {
      if (at >= nextCheck) {
        cancellation.check();
        nextCheck = at + CHECK_EVERY;
      }
      int stop = (int) Math.min(lastBlock + 1L, Math.min(nextCheck, giveUpAt(inserted)));
      at = scan(base, target, at, stop);
      if (matchLength == 0) {
        if (at <= lastBlock && at >= giveUpAt(inserted)) {
          return -1;
        }
        continue;
      }
      int back = extendBack(base.content(), target, at, inserted);
      insert(target, inserted, at - back);
      copy(matchStart - back, matchLength + back);
      at += matchLength;
      inserted = at;
      if (written > limit) {
        return -1;
      }
    }
    if (end - inserted + written > limit) {
      return -1;
    }
    insert(target, inserted, end);
    return written <= limit ? written : -1;
  }

  /** Where so many bytes are to be inserted that the delta becomes too long. */
  private long giveUpAt(int inserted) {
    return (long) inserted + limit - written + 1;
  }

  /** Looks for a match from a place on. Returns the place where there is one, or where it stopped. */
  private int scan(DeltaBase base, MemorySegment target, int from, int stop) {
    MemorySegment heads = base.heads();
    int shift = base.shift();
    for (int at = from; at < stop; at++) {
      long first = target.get(WORD, at);
      long second = target.get(WORD, at + Long.BYTES);
      int block = heads.getAtIndex(INT, DeltaBase.hash(first, second) >>> shift);
      if (block != 0 && match(base, block, target, at, first, second)) {
        return at;
      }
    }
    matchLength = 0;
    return stop;
  }

  private boolean match(
      DeltaBase base, int chain, MemorySegment target, int at, long first, long second) {
    MemorySegment source = base.content();
    MemorySegment next = base.next();
    int longest = 0;
    int block = chain;
    for (int tries = 0; block != 0 && tries < MAX_TRIES; tries++) {
      int start = (block - 1) * DeltaBase.BLOCK_BYTES;
      if (source.get(WORD, start) == first && source.get(WORD, start + Long.BYTES) == second) {
        int length = matching(source, start, target, at);
        if (length > longest) {
          longest = length;
          matchStart = start;
          if (length >= LONG_BYTES) {
            break;
          }
        }
      }
      block = next.getAtIndex(INT, block - 1);
    }
    matchLength = longest;
    return longest > 0;
  }

  /** How many bytes are the same from two places on; that of the first block it is known. */
  private static int matching(MemorySegment source, int start, MemorySegment target, int at) {
    int most = (int) Math.min(source.byteSize() - start, target.byteSize() - at);
    int length = DeltaBase.BLOCK_BYTES;
    while (length + Long.BYTES <= most) {
      long difference = source.get(WORD, start + length) ^ target.get(WORD, at + length);
      if (difference != 0) {
        return length + Long.numberOfTrailingZeros(difference) / Byte.SIZE;
      }
      length += Long.BYTES;
    }
    while (length < most && source.get(BYTE, start + length) == target.get(BYTE, at + length)) {
      length++;
    }
    return length;
  }

  private int extendBack(MemorySegment source, MemorySegment target, int at, int inserted) {
    int most = Math.min(matchStart, at - inserted);
    int back = 0;
    while (back < most
        && source.get(BYTE, matchStart - back - 1) == target.get(BYTE, at - back - 1)) {
      back++;
    }
    return back;
  }

  private void insert(MemorySegment target, int from, int to) {
    for (int at = from; at < to && written <= limit; ) {
      int bytes = Math.min(MAX_INSERT_BYTES, to - at);
      reserve();
      put(bytes);
      MemorySegment.copy(target, at, out, written, bytes);
      written += bytes;
      at += bytes;
    }
  }

  private void copy(int from, int length) {
    for (int done = 0; done < length && written <= limit; ) {
      int bytes = Math.min(MAX_COPY_BYTES, length - done);
      reserve();
      int start = written++;
      int present = 0x80;
      present |= putOperand(from + done, 4);
      // What is left out of the length means the most.
      present |= bytes == MAX_COPY_BYTES ? 0 : putOperand(bytes, 2) << 4;
      out.set(BYTE, start, (byte) present);
      done += bytes;
    }
  }

  /** Writes the bytes that are not zero, the low ones first; returns which they are. */
  private int putOperand(int value, int bytes) {
    int present = 0;
    for (int i = 0; i < bytes; i++) {
      int octet = value >>> i * Byte.SIZE & 0xff;
      if (octet != 0) {
        present |= 1 << i;
        put(octet);
      }
    }
    return present;
  }

  private void putSize(long bytes) {
    long rest = bytes;
    while (rest >= 0x80) {
      put((int) rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    put((int) rest);
  }

  private void reserve() {
    if (written + MAX_INSTRUCTION_BYTES > out.byteSize()) {
      // No delta becomes much longer than its limit.
      out = buffer.grow(Math.min(out.byteSize() * 2, limit + 2L * MAX_INSTRUCTION_BYTES));
    }
  }

  private void put(int octet) {
    out.set(BYTE, written++, (byte) octet);
  }

  /** Gives back memory beyond so many bytes: the delta is good no longer. */
  void releaseBeyond(long bytes) {
    out = MemorySegment.NULL;
    buffer.releaseBeyond(bytes);
  }

  /** How many bytes are taken from the system. */
  long nativeBytes() {
    return buffer.capacity();
  }

  @Override
  public void close() {
    buffer.close();
  }
}
