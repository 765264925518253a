package io.repackd.pack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * An object that others may be deltas upon: its content, and an index of its blocks, made when it is first asked for. Used for
 * one object after the other. For one thread.
 *
 * <p>The index has each block of {@value #BLOCK_BYTES} bytes once, by a hash of its content: an array of chains, of which the
 * array holds the first block and {@code next} the following. A run of the same block is there once, by its beginning, because
 * from there the match is the longest.
 */
final class DeltaBase implements AutoCloseable {
  static final int BLOCK_BYTES = 16;

  /** Most are source code, a few kilobytes. Larger memory is given back. */
  private static final long KEPT_BYTES = 1 << 14;

  static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final NativeBuffer contentBuffer = new NativeBuffer();
  private final NativeBuffer indexBuffer = new NativeBuffer();
  private MemorySegment content = MemorySegment.NULL;
  private MemorySegment heads = MemorySegment.NULL;
  private MemorySegment next = MemorySegment.NULL;
  private int shift;
  private boolean indexed;

  /** Where the content of the next object is to be put. */
  NativeBuffer buffer() {
    release();
    return contentBuffer;
  }

  /** Gives back the memory of a large object: its content is good no longer. */
  void release() {
    contentBuffer.releaseBeyond(KEPT_BYTES);
    indexBuffer.releaseBeyond(KEPT_BYTES);
  }

  /** Gives back all memory. */
  void releaseAll() {
    contentBuffer.releaseBeyond(0);
    indexBuffer.releaseBeyond(0);
  }

  /** How many bytes are taken from the system. */
  long nativeBytes() {
    return contentBuffer.capacity() + indexBuffer.capacity();
  }

  /** Takes content, which lies in the buffer. */
  void setContent(MemorySegment content) {
    this.content = content;
    indexed = false;
  }

  MemorySegment content() {
    return content;
  }

  /** How much memory an object of a length takes here at most, with its index. */
  static long memoryFor(long bytes) {
    return Math.max(KEPT_BYTES, NativeBuffer.enough(bytes))
        + Math.max(KEPT_BYTES, NativeBuffer.enough(indexBytes(bytes / BLOCK_BYTES)));
  }

  private static long indexBytes(long blocks) {
    return ((1L << bits(blocks)) + blocks) * Integer.BYTES;
  }

  private static int bits(long blocks) {
    return Math.max(4, Long.SIZE - Long.numberOfLeadingZeros(blocks));
  }

  /** The first block of the chain for a hash, one more than its number; 0 if there is none. */
  MemorySegment heads() {
    index();
    return heads;
  }

  /** The block that follows a block in its chain, one more than its number; 0 if there is none. */
  MemorySegment next() {
    index();
    return next;
  }

  /** How far a hash of 64 bits is shifted to be a place in {@link #heads()}. */
  int shift() {
    index();
    return shift;
  }

  /** A hash of a block, given as two words. Its high bits are the good ones. */
  static long hash(long first, long second) {
    return (first ^ Long.rotateLeft(second * 0x9E3779B97F4A7C15L, 29)) * 0xD6E8FEB86659FD93L;
  }

  private void index() {
    if (indexed) {
      return;
    }
    int blocks = (int) (content.byteSize() / BLOCK_BYTES);
    int bits = bits(blocks);
    long headBytes = (long) Integer.BYTES << bits;
    MemorySegment room = indexBuffer.room(indexBytes(blocks));
    heads = room.asSlice(0, headBytes).fill((byte) 0);
    next = room.asSlice(headBytes);
    shift = Long.SIZE - bits;
    fill(content, heads, next, shift, blocks);
    indexed = true;
  }

  /** From the end, so that the chains ascend. */
  private static void fill(
      MemorySegment content, MemorySegment heads, MemorySegment next, int shift, int blocks) {
    long lastFirst = 0;
    long lastSecond = 0;
    boolean any = false;
    for (int block = blocks - 1; block >= 0; block--) {
      long first = content.get(WORD, (long) block * BLOCK_BYTES);
      long second = content.get(WORD, (long) block * BLOCK_BYTES + Long.BYTES);
      long head = hash(first, second) >>> shift;
      int follows =
          any && first == lastFirst && second == lastSecond
              ? next.getAtIndex(INT, block + 1)
              : heads.getAtIndex(INT, head);
      next.setAtIndex(INT, block, follows);
      heads.setAtIndex(INT, head, block + 1);
      lastFirst = first;
      lastSecond = second;
      any = true;
    }
  }

  @Override
  public void close() {
    contentBuffer.close();
    indexBuffer.close();
  }
}
