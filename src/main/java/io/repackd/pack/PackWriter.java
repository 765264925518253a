package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Writes one pack from objects of other packs, and such as are made on the way, with its index and reverse index.
 *
 * <p>The sources follow each other, and within each the entries keep their order. Entries of packs are copied as they are,
 * compressed bytes and all; see {@link PackAssembly}. Which of several copies of an object is taken, and which deltas survive,
 * says {@link DeltaChoice}. No delta is searched for, unless that is asked for: then {@link DeltaSearch} finds more of them, and the
 * entries are put in the order that serves readers, {@link WriteOrder}.
 *
 * <p>Takes channels and knows no file names. About 48 bytes of memory outside the heap are used for each entry of a source, and
 * freed when the writer is closed. A search needs 36 more at most, as long as it lasts, and what its settings allow for comparing;
 * then its order takes 4. For one pack, and one thread, which has others help it.
 */
public final class PackWriter implements AutoCloseable {
  /** More than cores, because files are read one by one: when they are not in memory, the disk serves many at a time. */
  private static final int READERS_OF_MADE = 16;

  private final HashAlgorithm hash;
  private final int compressionLevel;
  private final Optional<Search> search;
  private final Cancellation cancellation;
  private final Arena arena = Arena.ofShared();
  private final EntryTable entries;
  private final IdOrder order;
  private final long objects;

  private EntrySequence sequence;
  private byte[] packHash = {};
  private long rewritten;
  private long deltas;

  /**
   * A delta search.
   *
   * @param settings what is compared with what
   * @param scratch of an empty file that can be written and read; what is found lies there until the pack is written
   */
  public record Search(DeltaSearchSettings settings, FileChannel scratch) {}

  /**
   * Prepares a pack: reads the head of each entry, and settles which copies are taken and what becomes of the deltas.
   *
   * @param sources where the objects come from, the oldest first; their mappings are read by several threads, and have to
   *     outlive the writer
   * @param compressionLevel for objects that have to be compressed anew: -1 to 9
   * @throws CorruptFileException if a source is malformed; the message names it
   * @throws IllegalArgumentException if there are too many entries
   */
  public PackWriter(
      List<? extends PackSource> sources,
      HashAlgorithm hash,
      int compressionLevel,
      Cancellation cancellation)
      throws IOException {
    this(sources, hash, compressionLevel, Optional.empty(), cancellation);
  }

  /**
   * Prepares a pack for which deltas are searched.
   *
   * @param sources as for {@link #PackWriter(List, HashAlgorithm, int, Cancellation)}
   * @param search how to search
   */
  public PackWriter(
      List<? extends PackSource> sources,
      HashAlgorithm hash,
      int compressionLevel,
      Search search,
      Cancellation cancellation)
      throws IOException {
    this(sources, hash, compressionLevel, Optional.of(search), cancellation);
  }

  private PackWriter(
      List<? extends PackSource> sources,
      HashAlgorithm hash,
      int compressionLevel,
      Optional<Search> search,
      Cancellation cancellation)
      throws IOException {
    this.hash = hash;
    this.search = search;
    this.compressionLevel = compressionLevel;
    this.cancellation = cancellation;
    try {
      entries = new EntryTable(sources, hash.length(), arena);
      order = sort(entries);
      if (search.isPresent()) {
        EntryTypes.complete(entries);
      }
      DeltaChoice.decide(entries, cancellation);
      if (search.isPresent()) {
        EntryTypes.requireSame(entries, cancellation);
      }
      objects = order.count();
      sequence = EntrySequence.asTheyLie(entries);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private IdOrder sort(EntryTable table) throws IOException {
    try (Arena scratch = Arena.ofShared()) {
      return IdOrder.sort(
          table, EntryCollection.collect(table, arena, scratch, cancellation), cancellation);
    }
  }

  /** How many objects the pack has. */
  public long objects() {
    return objects;
  }

  /** How many of them had to be written whole, because their deltas could not be kept. Known after {@link #writePack}. */
  public long rewritten() {
    return rewritten;
  }

  /** How many deltas were found and written. Known after {@link #writePack}. */
  public long deltas() {
    return deltas;
  }

  /**
   * Writes the pack. If deltas are to be searched, that comes first.
   *
   * @param channel at its beginning
   * @return the pack's trailing hash in hexadecimal form, which gives it its name
   * @throws CorruptFileException if an entry does not match its checksum
   */
  public String writePack(FileChannel channel) throws IOException {
    Optional<FoundDeltas> found = Optional.empty();
    if (search.isPresent()) {
      found = Optional.of(search(search.get()));
      sequence =
          EntrySequence.of(
              entries, WriteOrder.find(entries, objects, arena, cancellation), objects);
    }
    cancellation.progress().begin("writing a pack", sequence.length(), 0);
    try (HashingOutput out = new HashingOutput(channel, hash);
        PackAssembly assembly =
            new PackAssembly(
                entries, sequence, found, out, compressionLevel, readers(), cancellation)) {
      out.writeInt(PackFile.MAGIC);
      out.writeInt(PackFile.VERSION);
      out.writeInt((int) objects);
      assembly.writeAll();
      packHash = out.finish();
      rewritten = assembly.rewritten();
      deltas = assembly.deltas();
    }
    return HexFormat.of().formatHex(packHash);
  }

  private FoundDeltas search(Search how) throws IOException {
    FoundDeltas found = new FoundDeltas(how.scratch());
    new DeltaSearch(entries, how.settings(), found, hash.length(), compressionLevel, cancellation)
        .run();
    return found;
  }

  private int readers() {
    boolean made = entries.sources().stream().anyMatch(PackSource.Made.class::isInstance);
    int cores = Runtime.getRuntime().availableProcessors();
    return made ? Math.max(READERS_OF_MADE, cores) : cores;
  }

  /**
   * Writes the index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeIndex(FileChannel channel) throws IOException {
    requireWritten();
    PackIndexWriter.write(entries, order, packHash, hash, channel);
  }

  /**
   * Writes the reverse index of the pack that was written.
   *
   * @throws IllegalStateException if none was
   */
  public void writeReverseIndex(FileChannel channel) throws IOException {
    requireWritten();
    try (HashingOutput out = new HashingOutput(channel, hash)) {
      ReverseIndexWriter.write(entries, sequence, order, hash, packHash, out);
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
