package io.repackd.pack;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The deltas that were found, compressed, in a file of their own until the pack is written: there may be many more of them than
 * memory. Several threads add to it.
 */
final class FoundDeltas {
  /** The length of the instructions, and the length they are compressed to. */
  private static final int HEAD_BYTES = 2 * Integer.BYTES;

  private final FileChannel channel;
  private final AtomicLong end = new AtomicLong();

  /**
   * An empty store.
   *
   * @param channel of a file in which there is nothing; it is written to and read
   */
  FoundDeltas(FileChannel channel) {
    this.channel = channel;
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
    for (long at = place; buffer.hasRemaining(); ) {
      at += channel.write(buffer, at);
    }
    return place;
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
      if (channel.read(buffer, place + buffer.position()) < 0) {
        throw new EOFException("the deltas that were found are cut off");
      }
    }
  }

  /** How many bytes there are. */
  long bytes() {
    return end.get();
  }
}
