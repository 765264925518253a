package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.function.ToLongFunction;

/**
 * Writes a multi-pack-index.
 *
 * <p>Who owns an object, by git's rules: a pack that the existing index does not list wins over all that it lists; among
 * several such, the one whose file is the newest in whole seconds, and of those of one second the one first by name; among the
 * packs that are listed already, whoever owned the object before. So ownership never moves between two packs which an
 * installed index lists, and whoever still reads that index finds every object where it says. Only a preferred pack breaks that
 * rule: it takes every object that it has, from whomever.
 *
 * <p>Packs may have ranks, which come before all that: then a pack takes an object only from such as rank no higher. Ownership moves
 * less than by git's rules, and still only to packs that the existing index does not list.
 *
 * <p>The work goes by the first byte of the ids: 256 portions, on all cores, each sorted in memory that does not depend on how
 * many objects there are in all. The bytes are those of {@code git multi-pack-index write}.
 *
 * <p>The portions arrive in order, and ids and owners go to different places in the file. Where the owners begin depends on
 * how many ids there are, which is known when the last portion is there. They are written where they would begin if no
 * object were there twice, and are moved down if that was too far.
 */
public final class MultiPackIndexWriter {
  private static final int MOVE_BYTES = 1 << 20;

  /** What a four-byte offset can say. A larger one makes a LOFF chunk necessary. */
  private static final long MAX_SMALL_OFFSET = 0xffffffffL;

  private final HashAlgorithm hash;
  private final Cancellation cancellation;

  /** A writer for indexes of one hash function. */
  public MultiPackIndexWriter(HashAlgorithm hash, Cancellation cancellation) {
    this.hash = hash;
    this.cancellation = cancellation;
  }

  /**
   * What was written.
   *
   * @param packs the number of packs
   * @param objects the number of objects
   * @param bytes the length of the file
   */
  public record Written(long packs, long objects, long bytes) {}

  /**
   * Writes an index.
   *
   * @param channel an empty file, open for reading and writing
   * @param existing the index that is installed, whose owners are kept; its checksum has to have been checked
   * @param dropped the packs of the existing index that are not to be listed any more
   * @param added the packs to be listed beside those of the existing index; one that is preferred may be among those, and then
   *     takes over every object that it has
   * @throws CorruptFileException if a pack index or the existing index is malformed; the message names it
   * @throws IllegalArgumentException if no pack would be left, or a dropped pack owns objects
   */
  public Written write(
      FileChannel channel,
      Optional<MultiPackIndex> existing,
      Set<String> dropped,
      List<IndexedPack> added)
      throws IOException {
    return write(channel, existing, dropped, added, _ -> 0);
  }

  /**
   * The same with ranks.
   *
   * @param rankOfListed the rank of each pack of the existing index, by the name of its index
   */
  public Written write(
      FileChannel channel,
      Optional<MultiPackIndex> existing,
      Set<String> dropped,
      List<IndexedPack> added,
      ToLongFunction<String> rankOfListed)
      throws IOException {
    // Of two packs of one second the first by name wins, whatever the order in which they are
    // given.
    List<IndexedPack> byName =
        added.stream()
            .sorted(Comparator.comparing(IndexedPack::indexName, PackNames.ORDER))
            .toList();
    PackNumbering numbering = PackNumbering.of(existing, dropped, byName);
    boolean mayNeedLargeOffsets = reachesBeyond32Bits(existing, byName);
    Body body = new Body(channel, numbering, existing, byName, rankOfListed, mayNeedLargeOffsets);
    body.write();
    if (mayNeedLargeOffsets && !body.largeOffsetsNeeded) {
      // A pack is that long, but none of the objects it owns lies that far. Then git has no LOFF
      // chunk.
      body = new Body(channel, numbering, existing, byName, rankOfListed, false);
      body.write();
    }
    return new Written(numbering.names().size(), body.objects, body.finish());
  }

  private static boolean reachesBeyond32Bits(
      Optional<MultiPackIndex> existing, List<IndexedPack> added) {
    return existing.filter(MultiPackIndex::hasLargeOffsets).isPresent()
        || added.stream().anyMatch(pack -> pack.index().reachesBeyond32Bits());
  }

  /** Something that is done to the file. */
  private interface FileStep {
    void run() throws IOException;
  }

  /** The file while it is written. */
  private final class Body {
    private final FileChannel channel;
    private final PackNumbering numbering;
    private final Optional<MultiPackIndex> existing;
    private final List<IndexedPack> added;
    private final ToLongFunction<String> rankOfListed;
    private final boolean large;

    private final long idsStart;
    private final long ownersAtMost;
    private final long largeOffsetsAtMost;
    private final int chunks;
    private final long[] fanout = new long[PackIndex.FANOUT_ENTRIES];
    private long objects;
    private long largeOffsets;
    private boolean largeOffsetsNeeded;

    Body(
        FileChannel channel,
        PackNumbering numbering,
        Optional<MultiPackIndex> existing,
        List<IndexedPack> added,
        ToLongFunction<String> rankOfListed,
        boolean large) {
      this.channel = channel;
      this.numbering = numbering;
      this.existing = existing;
      this.added = added;
      this.rankOfListed = rankOfListed;
      this.large = large;
      chunks = large ? 5 : 4;
      idsStart =
          MultiPackIndex.HEADER_BYTES
              + (chunks + 1L) * ChunkTable.ENTRY_BYTES
              + numbering.paddedNameBytes()
              + PackIndex.FANOUT_BYTES;
      long objectsAtMost =
          existing.map(MultiPackIndex::objects).orElse(0L)
              + added.stream().mapToLong(pack -> pack.index().count()).sum();
      ownersAtMost = idsStart + objectsAtMost * hash.length();
      largeOffsetsAtMost = ownersAtMost + objectsAtMost * MultiPackIndex.OWNER_BYTES;
    }

    void write() throws IOException {
      try (OwnerMerge merge =
          new OwnerMerge(hash, numbering, existing, added, rankOfListed, large, cancellation)) {
        merge.run(this::append);
      }
      if (objects > 0xffffffffL) {
        throw new IllegalArgumentException("more than 2^32 - 1 objects do not fit in an index");
      }
    }

    /** Moves what follows the ids to its place, and cuts off what was only in the way. */
    private void closeGap() throws IOException {
      moveDown(ownersAtMost, ownersStart(), objects * MultiPackIndex.OWNER_BYTES);
      moveDown(largeOffsetsAtMost, largeOffsetsStart(), largeOffsets * Long.BYTES);
      channel.truncate(contentEnd());
    }

    private long ownersStart() {
      return idsStart + objects * hash.length();
    }

    private long largeOffsetsStart() {
      return ownersStart() + objects * MultiPackIndex.OWNER_BYTES;
    }

    private long contentEnd() {
      return largeOffsetsStart() + largeOffsets * Long.BYTES;
    }

    /** Takes the next portion. Large offsets are numbered within it; here they get their numbers in the file. */
    private void append(IdRange range, Portion portion) throws IOException {
      for (long i = 0; i < portion.largeOffsets() && largeOffsets > 0; i++) {
        long at = portion.ownerOfLargeOffset(i) * MultiPackIndex.OWNER_BYTES + Integer.BYTES;
        int local = BigEndian.int32(portion.owners(), at);
        BigEndian.putInt32(portion.owners(), at, local + (int) largeOffsets);
      }
      long idBytes = portion.objects() * hash.length();
      long ownerBytes = portion.objects() * MultiPackIndex.OWNER_BYTES;
      writeAt(idsStart + objects * hash.length(), portion.ids(), idBytes);
      writeAt(ownersAtMost + objects * MultiPackIndex.OWNER_BYTES, portion.owners(), ownerBytes);
      writeAt(
          largeOffsetsAtMost + largeOffsets * Long.BYTES,
          portion.largeOffsetValues(),
          portion.largeOffsets() * Long.BYTES);
      for (int i = range.firstByte(); i <= range.lastByte(); i++) {
        fanout[i] = objects + portion.objectsUpTo(i);
      }
      objects += portion.objects();
      largeOffsets += portion.largeOffsets();
      largeOffsetsNeeded |= portion.largestOffset() > MAX_SMALL_OFFSET;
    }

    /** Writes header, chunk table, names and fanout, closes the gap before the owners, and adds the checksum. */
    long finish() throws IOException {
      try (Arena arena = Arena.ofShared()) {
        MemorySegment head = arena.allocate(idsStart);
        writeHead(head);
        writeAt(0, head, idsStart);
        byte[] checksum = closeGapAndHash(arena);
        writeAt(contentEnd(), arena.allocateFrom(ValueLayout.JAVA_BYTE, checksum), checksum.length);
      }
      return contentEnd() + hash.length();
    }

    /**
     * The hash goes from the beginning to the end, on one core. While it is at the ids, another moves the rest, and then begins
     * to bring the file to the disk, so that the caller's own fsync finds little left.
     */
    private byte[] closeGapAndHash(Arena arena) throws IOException {
      FutureTask<?> gap = task(this::closeGap);
      FutureTask<?> sync = task(() -> channel.force(false));
      Thread.ofPlatform()
          .daemon()
          .name("index-mover")
          .start(() -> {
            gap.run();
            sync.run();
          });
      try {
        MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, contentEnd(), arena);
        MessageDigest digest = hash.newDigest();
        MultiPackIndex.update(digest, content.asSlice(0, ownersStart()), cancellation);
        Futures.await(gap);
        MultiPackIndex.update(digest, content.asSlice(ownersStart()), cancellation);
        // The kernel tells only once what it could not write: the caller's own fsync would succeed.
        Futures.await(sync);
        return digest.digest();
      } finally {
        Futures.settle(sync); // it must not go on in a file that the caller has given up
      }
    }

    private static FutureTask<?> task(FileStep step) {
      return new FutureTask<>(() -> {
        step.run();
        return true;
      });
    }

    private void writeHead(MemorySegment head) {
      BigEndian.putInt32(head, 0, MultiPackIndex.MAGIC);
      head.set(ValueLayout.JAVA_BYTE, 4, (byte) MultiPackIndex.VERSION);
      head.set(ValueLayout.JAVA_BYTE, 5, (byte) hash.formatId());
      head.set(ValueLayout.JAVA_BYTE, 6, (byte) chunks);
      BigEndian.putInt32(head, 8, numbering.names().size());
      long namesStart = MultiPackIndex.HEADER_BYTES + (chunks + 1L) * ChunkTable.ENTRY_BYTES;
      long fanoutStart = namesStart + numbering.paddedNameBytes();
      long entry = MultiPackIndex.HEADER_BYTES;
      entry = putChunk(head, entry, ChunkTable.PACK_NAMES, namesStart);
      entry = putChunk(head, entry, ChunkTable.FANOUT, fanoutStart);
      entry = putChunk(head, entry, ChunkTable.IDS, idsStart);
      entry = putChunk(head, entry, ChunkTable.OFFSETS, ownersStart());
      if (large) {
        entry = putChunk(head, entry, ChunkTable.LARGE_OFFSETS, largeOffsetsStart());
      }
      putChunk(head, entry, 0, contentEnd());
      numbering.putNames(head, namesStart);
      for (int i = 0; i < fanout.length; i++) {
        BigEndian.putInt32(head, fanoutStart + (long) i * Integer.BYTES, (int) fanout[i]);
      }
    }

    private static long putChunk(MemorySegment head, long at, int id, long start) {
      BigEndian.putInt32(head, at, id);
      BigEndian.putInt64(head, at + Integer.BYTES, start);
      return at + ChunkTable.ENTRY_BYTES;
    }

    private void writeAt(long at, MemorySegment source, long bytes) throws IOException {
      for (long done = 0; done < bytes; ) {
        long piece = Math.min(bytes - done, Integer.MAX_VALUE / 2);
        ByteBuffer buffer = source.asSlice(done, piece).asByteBuffer();
        while (buffer.hasRemaining()) {
          channel.write(buffer, at + done + buffer.position());
        }
        done += piece;
      }
    }

    private void moveDown(long from, long to, long bytes) throws IOException {
      if (from == to) {
        return;
      }
      ByteBuffer buffer = ByteBuffer.allocateDirect(MOVE_BYTES);
      for (long done = 0; done < bytes; ) {
        buffer.clear().limit((int) Math.min(MOVE_BYTES, bytes - done));
        if (channel.read(buffer, from + done) < 0) {
          throw new IOException("the file being written was cut off by somebody else");
        }
        buffer.flip();
        int piece = buffer.remaining();
        while (buffer.hasRemaining()) {
          channel.write(buffer, to + done + buffer.position());
        }
        done += piece;
      }
    }
  }
}
