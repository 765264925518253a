package io.repackd.pack;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The deltas that were found, compressed, until the pack is written. What there is room for lies in memory, so that a search that
 * finds little writes nothing twice; the rest in a file of its own, because there may be many more of them than memory. Several
 * threads add to it.
 */
final class FoundDeltas {
  /** The length of the instructions, and the length they are compressed to. */
  private static final int HEAD_BYTES = 2 * Integer.BYTES;

  private static final int PIECE_BYTES = 1 << 20;

  private final FileChannel channel;
  private final Arena arena;
  private final @Nullable ByteBuffer[] pieces;
  private final long inMemoryBytes;
  private final AtomicLong end = new AtomicLong();

  /**
   * An empty store.
   *
   * @param channel of a file in which there is nothing; it is written to and read
   * @param memoryBytes how much memory it may take, in whole mebibytes: what is beyond them is not used
   * @param arena where that is taken, as it is needed; for several threads
   */
  FoundDeltas(FileChannel channel, long memoryBytes, Arena arena) {
    this.channel = channel;
    this.arena = arena;
    this.pieces = new @Nullable ByteBuffer[Math.toIntExact(memoryBytes / PIECE_BYTES)];
    this.inMemoryBytes = (long) pieces.length * PIECE_BYTES;
  }

  /**
   * A delta.
   *
   * @param bytes the length of its instructions
   * @param compressed the instructions, compressed, from {@link #START} on, up to {@code end}
   */
  record Delta(int bytes, byte[] compressed, int end) {
    static final int START = HEAD_BYTES;
  }

  /**
   * Adds a delta; returns its place.
   *
   * @param delta has room for a head before its instructions
   */
  long add(Delta delta) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(delta.compressed(), 0, delta.end());
    buffer.putInt(0, delta.bytes()).putInt(Integer.BYTES, delta.end() - HEAD_BYTES);
    long place = end.getAndAdd(delta.end());
    long at = place;
    while (buffer.hasRemaining()) {
      at += at < inMemoryBytes ? keep(buffer, at) : channel.write(buffer, at - inMemoryBytes);
    }
    return place;
  }

  /** Puts into memory what there is room for in one piece; says how much that is. */
  private int keep(ByteBuffer from, long at) {
    int start = (int) (at % PIECE_BYTES);
    int length = Math.min(from.remaining(), PIECE_BYTES - start);
    piece((int) (at / PIECE_BYTES)).put(start, from, from.position(), length);
    from.position(from.position() + length);
    return length;
  }

  private synchronized ByteBuffer piece(int number) {
    ByteBuffer piece = pieces[number];
    if (piece == null) {
      piece = arena.allocate(PIECE_BYTES).asByteBuffer();
      pieces[number] = piece;
    }
    return piece;
  }

  /** How many bytes the delta at a place takes as an entry, without what says where its base is. */
  long entryBytes(long place) throws IOException {
    ByteBuffer head = readHead(place);
    return EntryHeader.bytes(head.getInt(0)) + (long) head.getInt(Integer.BYTES);
  }

  private ByteBuffer readHead(long place) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    readFully(head, place);
    return head;
  }

  /** The delta at a place. */
  Delta read(long place) throws IOException {
    ByteBuffer head = readHead(place);
    ByteBuffer whole = ByteBuffer.allocate(HEAD_BYTES + head.getInt(Integer.BYTES));
    readFully(whole, place);
    return new Delta(head.getInt(0), whole.array(), whole.capacity());
  }

  private void readFully(ByteBuffer buffer, long place) throws IOException {
    while (buffer.hasRemaining()) {
      long at = place + buffer.position();
      if (at < inMemoryBytes) {
        int start = (int) (at % PIECE_BYTES);
        int length = Math.min(buffer.remaining(), PIECE_BYTES - start);
        buffer.put(piece((int) (at / PIECE_BYTES)).slice(start, length));
      } else if (channel.read(buffer, at - inMemoryBytes) < 0) {
        throw new EOFException("the deltas that were found are cut off");
      }
    }
  }

  /** How many bytes there are. */
  long bytes() {
    return end.get();
  }
}
