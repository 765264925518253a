package io.repackd.maintenance;

import io.repackd.objectdir.BadLooseObjectException;
import io.repackd.objectdir.LooseObjectReader;
import io.repackd.objectdir.LooseTable;
import io.repackd.objectdir.RepositoryTraits;
import io.repackd.pack.PackSource;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Loose objects as a source of a pack. Each is held to its id before the pack gets anything of it.
 *
 * <p>What git has compressed is not compressed again, unless {@code pack.compression} or {@code core.compression} asks for a level
 * that git has not used, or git does not compress loose objects here. They are compressed in haste by default, and take up to a sixth
 * more than in a pack of git's: in a bundle they wait for the repack, and if that searches deltas it makes good for it.
 */
final class LooseSource implements PackSource.Made, AutoCloseable {
  private final LooseTable table;
  private final int compressionLevel;
  private final boolean copies;
  private final Cancellation cancellation;
  private final ConcurrentLinkedQueue<LooseObjectReader> readers = new ConcurrentLinkedQueue<>();
  private volatile boolean failed;

  LooseSource(LooseTable table, RepositoryTraits traits, Cancellation cancellation) {
    this.table = table;
    this.compressionLevel = traits.compressionLevel();
    this.copies = compressionLevel != 0 && !traits.looseUncompressed();
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
    if (compressionLevel != 0) {
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
      reader.copy(
          table,
          i,
          copies ? compressionLevel : 0,
          new LooseObjectReader.StreamSink() {
            @Override
            public void begin(int type, long bytes) throws IOException {
              sink.begin(type, bytes);
            }

            @Override
            public void beginStream(int type, long bytes) throws IOException {
              sink.beginStream(type, bytes);
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
