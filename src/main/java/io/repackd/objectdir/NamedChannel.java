package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * A channel whose errors name the file. Those of the JDK say {@code Input/output error}, and nobody knows where; and who writes a
 * format is told no names.
 */
final class NamedChannel extends FileChannel {
  private final Path file;
  private final FileChannel channel;

  NamedChannel(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Something that is done with the file. */
  private interface Use<T> {
    T of(FileChannel channel) throws IOException;
  }

  private <T> T use(Use<T> use) throws IOException {
    try {
      return use.of(channel);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw isOpen()
          ? Reason.naming(file, e)
          : e; // else somebody closed it, and nothing is wrong with the file
    }
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    return use(open -> open.read(to));
  }

  @Override
  public long read(ByteBuffer[] to, int first, int count) throws IOException {
    return use(open -> open.read(to, first, count));
  }

  @Override
  public int read(ByteBuffer to, long position) throws IOException {
    return use(open -> open.read(to, position));
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    return use(open -> open.write(from));
  }

  @Override
  public long write(ByteBuffer[] from, int first, int count) throws IOException {
    return use(open -> open.write(from, first, count));
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    return use(open -> open.write(from, position));
  }

  @Override
  public long position() throws IOException {
    return use(FileChannel::position);
  }

  @Override
  public FileChannel position(long position) throws IOException {
    use(open -> open.position(position));
    return this;
  }

  @Override
  public long size() throws IOException {
    return use(FileChannel::size);
  }

  @Override
  public FileChannel truncate(long bytes) throws IOException {
    use(open -> open.truncate(bytes));
    return this;
  }

  @Override
  public void force(boolean metadata) throws IOException {
    use(open -> {
      open.force(metadata);
      return this;
    });
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel to) throws IOException {
    return use(open -> open.transferTo(position, count, to));
  }

  @Override
  public long transferFrom(ReadableByteChannel from, long position, long count) throws IOException {
    return use(open -> open.transferFrom(from, position, count));
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long bytes) throws IOException {
    return use(open -> open.map(mode, position, bytes));
  }

  @Override
  public MemorySegment map(MapMode mode, long position, long bytes, Arena arena)
      throws IOException {
    return use(open -> open.map(mode, position, bytes, arena));
  }

  @Override
  public FileLock lock(long position, long bytes, boolean shared) throws IOException {
    return use(open -> open.lock(position, bytes, shared));
  }

  @Override
  public FileLock tryLock(long position, long bytes, boolean shared) throws IOException {
    return channel.tryLock(position, bytes, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    channel.close();
  }
}
