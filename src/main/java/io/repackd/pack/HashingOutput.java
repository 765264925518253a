package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.EarlySync;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Writes a file which ends in the hash of all that stands before, as every file of a pack directory does. Numbers are written
 * most significant byte first.
 *
 * <p>Bytes are collected in a buffer. When it is full it is hashed, on a thread of its own, while it is written and the next one
 * fills up; and while there are more to come, the disk begins with what was written. Not for several threads.
 */
public final class HashingOutput implements AutoCloseable {
  /** Together they stay in the cache that the cores share; one is filled, one written, the others wait to be hashed. */
  private static final int BUFFERS = 4;

  private static final int BUFFER_BYTES = 1 << 19;

  private final FileChannel channel;
  private final EarlySync earlySync;
  private final MessageDigest digest;
  private final ExecutorService hasher =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("hash").factory());
  private final Arena arena = Arena.ofShared();
  private final Deque<Piece> beingHashed = new ArrayDeque<>();
  private Piece current;
  private long flushedBytes;

  /** A buffer, and how far its hashing has come. */
  private static final class Piece {
    private final MemorySegment segment;
    private final ByteBuffer buffer;
    private @Nullable FutureTask<?> hashing;

    Piece(Arena arena) {
      segment = arena.allocate(BUFFER_BYTES);
      buffer = segment.asByteBuffer().order(ByteOrder.BIG_ENDIAN);
    }

    void awaitHash() throws IOException {
      if (hashing != null) {
        Futures.await(hashing);
        hashing = null;
      }
    }
  }

  /**
   * An output that begins at the channel's position.
   *
   * @param channel stays open
   */
  public HashingOutput(FileChannel channel, HashAlgorithm hash) {
    this.channel = channel;
    this.earlySync = new EarlySync(channel);
    this.digest = hash.newDigest();
    current = new Piece(arena);
  }

  /** How many bytes were written so far. */
  public long position() {
    return flushedBytes + current.buffer.position();
  }

  /** Writes one byte. */
  public void writeByte(int value) throws IOException {
    require(Byte.BYTES);
    current.buffer.put((byte) value);
  }

  /** Writes four bytes. */
  public void writeInt(int value) throws IOException {
    require(Integer.BYTES);
    current.buffer.putInt(value);
  }

  /** Writes eight bytes. */
  public void writeLong(long value) throws IOException {
    require(Long.BYTES);
    current.buffer.putLong(value);
  }

  /** Writes bytes. */
  public void write(byte[] bytes) throws IOException {
    write(bytes, 0, bytes.length);
  }

  /** Writes the first bytes of an array. */
  public void write(byte[] bytes, int length) throws IOException {
    write(bytes, 0, length);
  }

  /** Writes a stretch of an array. */
  public void write(byte[] bytes, int from, int length) throws IOException {
    for (int done = 0; done < length; ) {
      require(1);
      int piece = Math.min(length - done, current.buffer.remaining());
      current.buffer.put(bytes, from + done, piece);
      done += piece;
    }
  }

  /** Writes a stretch of a segment, of any length. */
  public void write(MemorySegment source, long offset, long length) throws IOException {
    for (long done = 0; done < length; ) {
      require(1);
      ByteBuffer buffer = current.buffer;
      int piece = (int) Math.min(length - done, buffer.remaining());
      MemorySegment.copy(
          source,
          ValueLayout.JAVA_BYTE,
          offset + done,
          current.segment,
          ValueLayout.JAVA_BYTE,
          buffer.position(),
          piece);
      buffer.position(buffer.position() + piece);
      done += piece;
    }
  }

  /**
   * Ends the file with the hash.
   *
   * @return the hash
   */
  public byte[] finish() throws IOException {
    boolean small = flushedBytes == 0;
    ByteBuffer last = current.buffer.flip();
    if (!small) {
      hash(current);
    }
    drain(last.duplicate());
    if (small) {
      digest.update(last);
    } else {
      current.awaitHash(); // the one before it was hashed before it
    }
    byte[] hash = digest.digest();
    drain(ByteBuffer.wrap(hash));
    earlySync.await();
    return hash;
  }

  private void require(int bytes) throws IOException {
    if (current.buffer.remaining() < bytes) {
      flush();
    }
  }

  private void flush() throws IOException {
    current.buffer.flip();
    hash(current);
    drain(current.buffer.duplicate());
    earlySync.written(flushedBytes);
    beingHashed.addLast(current);
    if (beingHashed.size() < BUFFERS) {
      current = new Piece(arena);
    } else {
      current = beingHashed.removeFirst();
      current.awaitHash();
      current.buffer.clear();
    }
  }

  private void hash(Piece piece) {
    ByteBuffer content = piece.buffer.duplicate();
    FutureTask<?> hashing =
        new FutureTask<>(() -> {
          digest.update(content);
          return true;
        });
    piece.hashing = hashing;
    hasher.execute(hashing);
  }

  private void drain(ByteBuffer content) throws IOException {
    while (content.hasRemaining()) {
      flushedBytes += channel.write(content);
    }
  }

  /** Frees the buffers. What was not flushed by {@link #finish} is lost. */
  @Override
  public void close() {
    hasher.close();
    earlySync.close();
    arena.close();
  }
}
