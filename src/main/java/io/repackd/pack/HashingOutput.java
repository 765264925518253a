package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/**
 * Writes a file which ends in the hash of all that stands before, as every file of a pack directory does. Numbers are written
 * most significant byte first.
 *
 * <p>Bytes are collected in a buffer, and hashed while they are still in the processor's cache. Not for several threads.
 */
public final class HashingOutput implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 18;

  private final FileChannel channel;
  private final MessageDigest digest;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment segment = arena.allocate(BUFFER_BYTES);
  private final ByteBuffer buffer = segment.asByteBuffer().order(ByteOrder.BIG_ENDIAN);
  private long flushedBytes;

  /**
   * An output that begins at the channel's position.
   *
   * @param channel stays open
   */
  public HashingOutput(FileChannel channel, HashAlgorithm hash) {
    this.channel = channel;
    this.digest = hash.newDigest();
  }

  /** How many bytes were written so far. */
  public long position() {
    return flushedBytes + buffer.position();
  }

  /** Writes one byte. */
  public void writeByte(int value) throws IOException {
    require(Byte.BYTES);
    buffer.put((byte) value);
  }

  /** Writes four bytes. */
  public void writeInt(int value) throws IOException {
    require(Integer.BYTES);
    buffer.putInt(value);
  }

  /** Writes eight bytes. */
  public void writeLong(long value) throws IOException {
    require(Long.BYTES);
    buffer.putLong(value);
  }

  /** Writes bytes. */
  public void write(byte[] bytes) throws IOException {
    write(bytes, bytes.length);
  }

  /** Writes the first bytes of an array. */
  public void write(byte[] bytes, int length) throws IOException {
    for (int done = 0; done < length; ) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int piece = Math.min(length - done, buffer.remaining());
      buffer.put(bytes, done, piece);
      done += piece;
    }
  }

  /** Writes a stretch of a segment, of any length. */
  public void write(MemorySegment source, long offset, long length) throws IOException {
    long from = offset;
    long left = length;
    while (left > 0) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int piece = (int) Math.min(left, buffer.remaining());
      MemorySegment.copy(
          source,
          ValueLayout.JAVA_BYTE,
          from,
          segment,
          ValueLayout.JAVA_BYTE,
          buffer.position(),
          piece);
      buffer.position(buffer.position() + piece);
      from += piece;
      left -= piece;
    }
  }

  /**
   * Ends the file with the hash.
   *
   * @return the hash
   */
  public byte[] finish() throws IOException {
    flush();
    byte[] hash = digest.digest();
    ByteBuffer trailer = ByteBuffer.wrap(hash);
    while (trailer.hasRemaining()) {
      channel.write(trailer);
    }
    flushedBytes += hash.length;
    return hash;
  }

  private void require(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    digest.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      flushedBytes += channel.write(buffer);
    }
    buffer.clear();
  }

  /** Frees the buffer. What was not flushed by {@link #finish} is lost. */
  @Override
  public void close() {
    arena.close();
  }
}
