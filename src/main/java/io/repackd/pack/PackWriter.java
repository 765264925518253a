package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;

/**
 * Makes a pack from objects of other packs, and such as are made on the way, with its index and reverse index; or several, if one
 * would be too large.
 *
 * <p>The sources follow each other, and within each the entries keep their order. Entries of packs are copied as they are,
 * compressed bytes and all; see {@link PackAssembly}. Which of several copies of an object is taken, and which deltas survive,
 * says {@link DeltaChoice}. No delta is searched for, unless that is asked for: then {@link DeltaSearch} finds more of them, and the
 * entries are put in the order that serves readers, {@link WriteOrder}.
 *
 * <p>Takes channels and knows no file names. About 37 bytes of memory outside the heap are used for each entry of a source, and
 * freed when the writer is closed. A search needs 40 more at most, as long as it lasts, and what its settings allow for comparing;
 * then its order takes 4. To be used once, by one thread, which has others help it.
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

  /**
   * A delta search.
   *
   * @param settings what is compared with what
   * @param scratch of an empty file that can be written and read; what is found and has no room in memory lies there until the pack
   *     is written
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
      if (search.isPresent()) {
        entries.holdLittle(); // a search lasts long, and reads here and there
      }
      order = sort(entries);
      EntryTypes.complete(entries);
      if (DeltaChoice.decide(entries, cancellation)) {
        order.noteChoice();
      }
      if (search.isPresent()) {
        EntryTypes.requireSame(entries, cancellation);
      }
      entries.settle();
      objects = order.count();
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

  /** How many objects there are. */
  public long objects() {
    return objects;
  }

  /**
   * Settles one pack that has everything. If deltas are to be searched, that comes first.
   *
   * @throws CorruptFileException if an entry is malformed
   */
  public NewPack inOnePack() throws IOException {
    return onePack(findDeltas());
  }

  /**
   * Settles packs of which none is larger than it may be, unless it has but one object. In each, bases come before what is built
   * upon them, and none of those is in another: {@link Division} says how that is done. If deltas are to be searched, that
   * comes first.
   *
   * @param maxBytes how large each may be; what is smaller than a pack of one object is as good as the smallest
   * @return at least one
   * @throws CorruptFileException if an entry is malformed
   */
  public List<NewPack> inPacksOf(long maxBytes) throws IOException {
    Optional<FoundDeltas> found = findDeltas();
    long roomBytes = Math.max(1, maxBytes - PackFile.HEADER_BYTES - hash.length());
    if (Division.needsNone(entries, found, roomBytes, cancellation)) {
      return List.of(onePack(found));
    }
    cancellation.progress().begin("dividing packs", 0, 0);
    List<Division.Share> shares =
        Division.divide(
            entries,
            WriteOrder.find(entries, objects, arena, cancellation),
            order,
            found,
            roomBytes,
            compressionLevel,
            arena,
            cancellation);
    NewPack.Making making = making(found);
    return shares.stream()
        .map(share ->
            new NewPack(
                entries,
                share.sequence(),
                share.order(),
                share.sequence().length(),
                maxBytes,
                making))
        .toList();
  }

  /** All in one. Only then it is known what room there is for what is compressed anew. */
  private NewPack onePack(Optional<FoundDeltas> found) throws CorruptFileException {
    if (search.isPresent()) {
      HastyCompression.makeGood(entries, compressionLevel, cancellation);
    }
    EntrySequence sequence =
        found.isEmpty()
            ? EntrySequence.asTheyLie(entries)
            : EntrySequence.of(
                entries, WriteOrder.find(entries, objects, arena, cancellation), 0, objects);
    return new NewPack(entries, sequence, order, objects, Long.MAX_VALUE, making(found));
  }

  private NewPack.Making making(Optional<FoundDeltas> found) {
    return new NewPack.Making(hash, found, compressionLevel, readers(), cancellation);
  }

  private Optional<FoundDeltas> findDeltas() throws IOException {
    if (search.isEmpty()) {
      return Optional.empty();
    }
    DeltaSearchSettings settings = search.get().settings();
    FoundDeltas found = new FoundDeltas(search.get().scratch(), settings.foundBytes(), arena);
    new DeltaSearch(entries, settings, found, hash.length(), compressionLevel, cancellation).run();
    return Optional.of(found);
  }

  private int readers() {
    boolean made = entries.sources().stream().anyMatch(PackSource.Made.class::isInstance);
    int cores = Runtime.getRuntime().availableProcessors();
    return made ? Math.max(READERS_OF_MADE, cores) : cores;
  }

  /** Gives up the tables, about 37 bytes for each entry of the sources, and what a search has found. What was written needs them no more. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
