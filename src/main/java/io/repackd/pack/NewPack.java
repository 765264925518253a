package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A pack that a {@link PackWriter} has settled: what it has, and in which order. It is written, and then its indexes are. For one
 * thread, which has others help it, and as long as the writer is open; of several packs of one writer, each on its own.
 */
public final class NewPack {
  private final EntryTable entries;
  private final EntrySequence sequence;
  private final ObjectOrder order;
  private final long objects;
  private final long maxBytes;
  private final Making making;

  private byte[] packHash = {};
  private long packBytes;
  private long rewritten;
  private long deltas;

  /**
   * What the packs of a writer have in common.
   *
   * @param found where the deltas lie that were searched for
   * @param compressionLevel for what has to be compressed anew
   * @param readers how many threads read ahead
   */
  record Making(
      HashAlgorithm hash,
      Optional<FoundDeltas> found,
      int compressionLevel,
      int readers,
      Cancellation cancellation) {}

  /**
   * A pack.
   *
   * @param maxBytes how large it may be, if it has more than one object
   */
  NewPack(
      EntryTable entries,
      EntrySequence sequence,
      ObjectOrder order,
      long objects,
      long maxBytes,
      Making making) {
    this.entries = entries;
    this.sequence = sequence;
    this.order = order;
    this.objects = objects;
    this.maxBytes = maxBytes;
    this.making = making;
  }

  /** How many objects the pack has. */
  public long objects() {
    return objects;
  }

  /** Its trailing hash in hexadecimal form. Known after {@link #writePack}. */
  public String hash() {
    requireWritten();
    return HexFormat.of().formatHex(packHash);
  }

  /** How many of them were made anew and whole, because their deltas could not be kept or for their compression. Known after {@link #writePack}. */
  public long rewritten() {
    return rewritten;
  }

  /** How many deltas were found and written. Known after {@link #writePack}. */
  public long deltas() {
    return deltas;
  }

  /**
   * Writes the pack.
   *
   * @param channel at its beginning
   * @return the pack's trailing hash in hexadecimal form, which gives it its name
   * @throws CorruptFileException if an entry does not match its checksum
   */
  public String writePack(FileChannel channel) throws IOException {
    making.cancellation().progress().begin("writing a pack", sequence.length(), 0);
    try (HashingOutput out = new HashingOutput(channel, making.hash());
        PackAssembly assembly =
            new PackAssembly(
                entries,
                sequence,
                making.found(),
                out,
                making.compressionLevel(),
                making.readers(),
                making.cancellation())) {
      out.writeInt(PackFile.MAGIC);
      out.writeInt(PackFile.VERSION);
      out.writeInt((int) objects);
      assembly.writeAll();
      long bytes = out.position() + making.hash().length();
      if (objects > 1 && bytes > maxBytes) {
        throw new IllegalStateException(
            "a pack has %d bytes, and may have %d".formatted(bytes, maxBytes));
      }
      packBytes = bytes;
      packHash = out.finish();
      rewritten = assembly.rewritten();
      deltas = assembly.deltas();
    }
    return hash();
  }

  /**
   * Writes the index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeIndex(FileChannel channel) throws IOException {
    requireWritten();
    PackIndexWriter.write(entries, order, packBytes, packHash, making.hash(), channel);
  }

  /**
   * Writes the reverse index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeReverseIndex(FileChannel channel) throws IOException {
    requireWritten();
    try (HashingOutput out = new HashingOutput(channel, making.hash())) {
      ReverseIndexWriter.write(entries, sequence, order, making.hash(), packHash, out);
    }
  }

  private void requireWritten() {
    if (packHash.length == 0) {
      throw new IllegalStateException("the pack comes before its indexes");
    }
  }
}
