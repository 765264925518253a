package io.repackd.maintenance;

import io.repackd.objectdir.BadLooseObjectException;
import io.repackd.objectdir.LooseObjectReader;
import io.repackd.objectdir.LooseTable;
import io.repackd.pack.PackSource;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Loose objects as a source of a pack. Each is held to its id before the pack gets anything of it. */
final class LooseSource implements PackSource.Made, AutoCloseable {
  private final LooseTable table;
  private final boolean compresses;
  private final Cancellation cancellation;
  private final ConcurrentLinkedQueue<LooseObjectReader> readers = new ConcurrentLinkedQueue<>();
  private volatile boolean failed;

  LooseSource(LooseTable table, int compressionLevel, Cancellation cancellation) {
    this.table = table;
    this.compresses = compressionLevel != 0;
    this.cancellation = cancellation;
  }

  /** Whether the pack was abandoned because an object is bad, or has gone. */
  boolean failed() {
    return failed;
  }

  @Override
  public long count() {
    return table.count();
  }

  @Override
  public MemorySegment ids() {
    return table.ids();
  }

  /**
   * Where the new pack compresses in earnest, what the file has: what was compressed to so little will be so again, more or less.
   * Elsewhere what the object claims to have: one that has less, or more, is found out when it is read.
   */
  @Override
  public long expectedBytes(long i) {
    if (compresses) {
      return table.bytes(i);
    }
    LooseObjectReader reader = takeReader();
    try {
      return reader.claimedBytes(table, i);
    } finally {
      readers.add(reader);
    }
  }

  @Override
  public void make(long i, PackSource.EntrySink sink) throws IOException {
    LooseObjectReader reader = takeReader();
    try {
      reader.read(
          table,
          i,
          new LooseObjectReader.Sink() {
            @Override
            public void begin(int type, long bytes) throws IOException {
              sink.begin(type, bytes);
            }

            @Override
            public void write(byte[] content, int from, int length) throws IOException {
              sink.write(content, from, length);
            }
          });
    } catch (BadLooseObjectException | NoSuchFileException e) {
      failed = true;
      throw e;
    } finally {
      readers.add(reader);
    }
  }

  /**
   * Reads an object without giving it to anybody.
   *
   * @throws BadLooseObjectException if it is bad
   * @throws NoSuchFileException if it has gone
   */
  void check(long i) throws IOException {
    LooseObjectReader reader = takeReader();
    try {
      reader.check(table, i);
    } finally {
      readers.add(reader);
    }
  }

  private LooseObjectReader takeReader() {
    LooseObjectReader reader = readers.poll();
    return reader == null ? new LooseObjectReader(table.hash(), cancellation) : reader;
  }

  @Override
  public void close() {
    readers.forEach(LooseObjectReader::close);
  }
}
