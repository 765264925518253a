package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes one pack from objects of other packs, with its index and reverse index.
 *
 * <p>The sources follow each other, and within each the entries keep their order. Entries are copied as they are, compressed
 * bytes and all; see {@link EntryCopier}. Which deltas survive says {@link DeltaChoice}. No delta is searched for.
 *
 * <p>Takes channels and knows no file names. About 70 bytes of memory outside the heap are used for each object, and freed
 * when the writer is closed. For one pack, and one thread.
 */
public final class PackWriter implements AutoCloseable {
  /** The largest number of objects whose count fits the pack's header. */
  private static final long MAX_OBJECTS = 0xffffffffL;

  private final HashAlgorithm hash;
  private final int compressionLevel;
  private final Cancellation cancellation;
  private final Arena arena = Arena.ofConfined();
  private final EntryTable entries;
  private final IdOrder order;

  private byte[] packHash = {};
  private long rewritten;

  /**
   * Prepares a pack: reads the head of each entry and settles what becomes of the deltas.
   *
   * @param sources where the objects come from; their mappings have to outlive the writer
   * @param compressionLevel for objects that have to be compressed anew: -1 to 9
   * @throws CorruptFileException if a source is malformed; the message names it
   * @throws IllegalArgumentException if an object is selected in two sources, or there are too many
   */
  public PackWriter(
      List<PackSource.Packed> sources,
      HashAlgorithm hash,
      int compressionLevel,
      Cancellation cancellation)
      throws CorruptFileException {
    this.hash = hash;
    this.compressionLevel = compressionLevel;
    this.cancellation = cancellation;
    try {
      entries = EntryCollection.collect(sources, arena, cancellation);
      if (entries.count() > MAX_OBJECTS) {
        throw new IllegalArgumentException(
            "a pack holds at most %d objects, not %d".formatted(MAX_OBJECTS, entries.count()));
      }
      order = new IdOrder(entries, hash.length(), arena);
      DeltaChoice.decide(entries, order);
    } catch (CorruptFileException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** How many objects the pack has. */
  public long objects() {
    return entries.count();
  }

  /** How many of them had to be written whole, because their deltas could not be kept. Known after {@link #writePack}. */
  public long rewritten() {
    return rewritten;
  }

  /**
   * Writes the pack.
   *
   * @param channel at its beginning
   * @return the pack's trailing hash in hexadecimal form, which gives it its name
   * @throws CorruptFileException if an entry does not match its checksum
   */
  public String writePack(FileChannel channel) throws IOException {
    try (HashingOutput out = new HashingOutput(channel, hash);
        EntryCopier copier = new EntryCopier(entries, out, compressionLevel, cancellation)) {
      out.writeInt(PackFile.MAGIC);
      out.writeInt(PackFile.VERSION);
      out.writeInt((int) entries.count());
      copier.copyAll();
      packHash = out.finish();
      rewritten = copier.rewritten();
    }
    return HexFormat.of().formatHex(packHash);
  }

  /**
   * Writes the index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeIndex(FileChannel channel) throws IOException {
    requireWritten();
    try (HashingOutput out = new HashingOutput(channel, hash)) {
      PackIndexWriter.write(entries, order, packHash, out);
    }
  }

  /**
   * Writes the reverse index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeReverseIndex(FileChannel channel) throws IOException {
    requireWritten();
    try (HashingOutput out = new HashingOutput(channel, hash)) {
      ReverseIndexWriter.write(order, hash, packHash, out);
    }
  }

  private void requireWritten() {
    if (packHash.length == 0) {
      throw new IllegalStateException("the pack comes before its indexes");
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
