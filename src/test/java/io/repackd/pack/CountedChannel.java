package io.repackd.pack;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.atomic.AtomicInteger;

/** A file that counts how often it is written to. */
final class CountedChannel extends FileChannel {
  private final FileChannel file;
  private final AtomicInteger writes = new AtomicInteger();

  CountedChannel(FileChannel file) {
    this.file = file;
  }

  int writes() {
    return writes.get();
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    return file.read(to);
  }

  @Override
  public long read(ByteBuffer[] to, int first, int count) throws IOException {
    return file.read(to, first, count);
  }

  @Override
  public int read(ByteBuffer to, long position) throws IOException {
    return file.read(to, position);
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    writes.incrementAndGet();
    return file.write(from);
  }

  @Override
  public long write(ByteBuffer[] from, int first, int count) throws IOException {
    writes.incrementAndGet();
    return file.write(from, first, count);
  }

  @Override
  public int write(ByteBuffer from, long position) throws IOException {
    writes.incrementAndGet();
    return file.write(from, position);
  }

  @Override
  public long position() throws IOException {
    return file.position();
  }

  @Override
  public FileChannel position(long position) throws IOException {
    file.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    file.truncate(size);
    return this;
  }

  @Override
  public void force(boolean metadata) throws IOException {
    file.force(metadata);
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel to) throws IOException {
    return file.transferTo(position, count, to);
  }

  @Override
  public long transferFrom(ReadableByteChannel from, long position, long count) throws IOException {
    writes.incrementAndGet();
    return file.transferFrom(from, position, count);
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
    return file.map(mode, position, size);
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    return file.lock(position, size, shared);
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return file.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    file.close();
  }
}
