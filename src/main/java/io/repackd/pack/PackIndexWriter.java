package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.AllCores;
import io.repackd.platform.Futures;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes version 2 of a pack index. Source: gitformat-pack, "Version 2 pack-*.idx files".
 *
 * <p>The bytes are those that {@code git index-pack} writes for the same pack. Where each part lies is known from the number of
 * objects. So what belongs to some first bytes, as many as have about {@value #RUN} objects, is written for itself, on all cores,
 * because it means to look up ids all over the sources: first the ids, and while they are hashed, the rest.
 */
final class PackIndexWriter {
  private static final long FIRST_LARGE_OFFSET = 1L << 31;

  private static final int HEADER_BYTES = 8;

  /** Half a megabyte outside of the heap. Every run takes three or four writes, and a run for each first byte would be a thousand. */
  private static final long RUN = 1 << 14;

  /**
   * What is looked up for so many objects at a time, one thing after the other: then the processor can wait for many places of the
   * memory at once.
   */
  private static final int LOOKED_UP = 1 << 8;

  /** So many ids at most are gathered for each that is written: of several packs from one source, each needs a part of them. */
  private static final long WORTH_GATHERING = 3;

  /** More do not stay in a cache, and should not be in memory either. */
  private static final long MAX_GATHERED_BYTES = 4 << 20;

  private static final int HASHED_AT_ONCE_BYTES = 1 << 20;

  private final EntryTable entries;
  private final ObjectOrder order;
  private final int hashLength;
  private final FileChannel channel;
  private final long[] firstObjects = new long[PackIndex.FANOUT_ENTRIES + 1];
  private final long[] firstLargeOffsets = new long[PackIndex.FANOUT_ENTRIES + 1];

  private PackIndexWriter(
      EntryTable entries, ObjectOrder order, int hashLength, FileChannel channel) {
    this.entries = entries;
    this.order = order;
    this.hashLength = hashLength;
    this.channel = channel;
  }

  static void write(
      EntryTable entries,
      ObjectOrder order,
      long packBytes,
      byte[] packHash,
      HashAlgorithm hash,
      FileChannel channel)
      throws IOException {
    PackIndexWriter writer = new PackIndexWriter(entries, order, hash.length(), channel);
    writer.count(packBytes);
    writer.writeHead();
    List<Integer> runs = writer.runs();
    AllCores.forEach(runs.size() - 1, run -> writer.writeIds(runs.get(run), runs.get(run + 1)));
    MessageDigest digest = hash.newDigest();
    ByteBuffer piece = ByteBuffer.allocateDirect(HASHED_AT_ONCE_BYTES);
    Futures.both(
        "hash",
        () -> writer.update(digest, piece, 0, writer.checksumsStart()),
        () ->
            AllCores.forEach(
                runs.size() - 1, run -> writer.writeNumbers(runs.get(run), runs.get(run + 1))));
    long end = writer.end();
    writer.writeAt(end, ByteBuffer.wrap(packHash));
    writer.update(digest, piece, writer.checksumsStart(), end + packHash.length);
    writer.writeAt(end + packHash.length, ByteBuffer.wrap(digest.digest()));
  }

  private void count(long packBytes) throws IOException {
    long[] largeOffsets =
        packBytes <= FIRST_LARGE_OFFSET ? new long[PackIndex.FANOUT_ENTRIES] : largeOffsets();
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      firstObjects[firstByte + 1] = firstObjects[firstByte] + order.count(firstByte);
      firstLargeOffsets[firstByte + 1] = firstLargeOffsets[firstByte] + largeOffsets[firstByte];
    }
  }

  /** How many offsets are large, by first bytes. */
  private long[] largeOffsets() throws IOException {
    long[] largeOffsets = new long[PackIndex.FANOUT_ENTRIES];
    AllCores.forEach(
        PackIndex.FANOUT_ENTRIES,
        firstByte -> {
          long large = 0;
          for (long i = 0; i < order.count(firstByte); i++) {
            if (entries.offset(order.entry(firstByte, i)) >= FIRST_LARGE_OFFSET) {
              large++;
            }
          }
          largeOffsets[firstByte] = large;
        });
    return largeOffsets;
  }

  private void writeHead() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEADER_BYTES + PackIndex.FANOUT_BYTES);
    head.putInt(PackIndexV2.MAGIC).putInt(PackIndexV2.VERSION);
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      head.putInt((int) firstObjects[firstByte + 1]);
    }
    writeAt(0, head.flip());
  }

  /** The first bytes at which a run begins, and the end. */
  private List<Integer> runs() {
    List<Integer> runs = new ArrayList<>(List.of(0));
    for (int firstByte = 1; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      if (firstObjects[firstByte + 1] - firstObjects[runs.getLast()] > RUN) {
        runs.add(firstByte);
      }
    }
    runs.add(PackIndex.FANOUT_ENTRIES);
    return runs;
  }

  /** Writes the ids of a run. */
  private void writeIds(int from, int to) throws IOException {
    long first = firstObjects[from];
    long objects = firstObjects[to] - first;
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment ids = scratch.allocate(objects * hashLength);
      long[] places = new long[LOOKED_UP];
      Ids sources = ids(from, to, objects, scratch);
      forEach(
          from,
          to,
          (some, length, at) -> copyIds(some, length, places, sources, ids, at * hashLength));
      writeAt(idsStart() + first * hashLength, ids);
    }
  }

  /** Writes the checksums and offsets that belong to the ids of a run. */
  private void writeNumbers(int from, int to) throws IOException {
    long first = firstObjects[from];
    long objects = firstObjects[to] - first;
    long large = firstLargeOffsets[to] - firstLargeOffsets[from];
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment checksums = scratch.allocate(objects * Integer.BYTES);
      MemorySegment offsets = scratch.allocate(objects * Integer.BYTES);
      MemorySegment largeOffsets = scratch.allocate(large * Long.BYTES);
      long[] nextLarge = {0};
      forEach(
          from,
          to,
          (some, length, at) -> {
            for (int k = 0; k < length; k++) {
              BigEndian.putInt32(checksums, (at + k) * Integer.BYTES, entries.checksum(some[k]));
            }
            for (int k = 0; k < length; k++) {
              long offset = entries.offset(some[k]);
              if (offset >= FIRST_LARGE_OFFSET) {
                BigEndian.putInt64(largeOffsets, nextLarge[0] * Long.BYTES, offset);
                offset = PackIndexV2.LARGE | firstLargeOffsets[from] + nextLarge[0];
                nextLarge[0]++;
              }
              BigEndian.putInt32(offsets, (at + k) * Integer.BYTES, (int) offset);
            }
          });
      writeAt(checksumsStart() + first * Integer.BYTES, checksums);
      writeAt(offsetsStart() + first * Integer.BYTES, offsets);
      writeAt(largeOffsetsStart() + firstLargeOffsets[from] * Long.BYTES, largeOffsets);
    }
  }

  /** Takes some entries of a run at a time, in the order of ids. */
  private interface Some {
    void take(long[] some, int length, long at);
  }

  private void forEach(int from, int to, Some target) {
    long[] some = new long[LOOKED_UP];
    long at = 0;
    for (int firstByte = from; firstByte < to; firstByte++) {
      long count = order.count(firstByte);
      for (long i = 0; i < count; i += LOOKED_UP) {
        int length = (int) Math.min(LOOKED_UP, count - i);
        for (int k = 0; k < length; k++) {
          some[k] = order.entry(firstByte, i + k);
        }
        target.take(some, length, at);
        at += length;
      }
    }
  }

  /** The ids of the sources, wherever they stand. */
  private interface Ids {
    /** Copies the id at a position of a source. */
    void copy(int source, long position, MemorySegment to, long at);
  }

  /** Where the ids of a run are read: gathered if that is worth it, else one by one in the sources. */
  private Ids ids(int from, int to, long objects, Arena scratch) {
    long there = GatheredIds.count(entries.sources(), from, to);
    boolean gather =
        there >= 0
            && there <= objects * WORTH_GATHERING
            && there * hashLength <= MAX_GATHERED_BYTES;
    return gather
        ? GatheredIds.gather(entries.sources(), hashLength, from, to, scratch)::copy
        : (source, position, target, at) ->
            ObjectIds.copy(
                entries.ids(source), entries.idOffsetAt(source, position), target, at, hashLength);
  }

  /**
   * Copies the ids of some entries.
   *
   * @param places room for as many numbers
   */
  private void copyIds(
      long[] some, int length, long[] places, Ids from, MemorySegment to, long start) {
    for (int k = 0; k < length; k++) {
      places[k] = entries.position(some[k]);
    }
    for (int k = 0; k < length; k++) {
      from.copy(entries.sourceOf(some[k]), places[k], to, start + (long) k * hashLength);
    }
  }

  private long objects() {
    return firstObjects[PackIndex.FANOUT_ENTRIES];
  }

  private static long idsStart() {
    return HEADER_BYTES + PackIndex.FANOUT_BYTES;
  }

  private long checksumsStart() {
    return idsStart() + objects() * hashLength;
  }

  private long offsetsStart() {
    return checksumsStart() + objects() * Integer.BYTES;
  }

  private long largeOffsetsStart() {
    return offsetsStart() + objects() * Integer.BYTES;
  }

  private long end() {
    return largeOffsetsStart() + firstLargeOffsets[PackIndex.FANOUT_ENTRIES] * Long.BYTES;
  }

  private void writeAt(long at, MemorySegment segment) throws IOException {
    writeAt(at, segment.asByteBuffer());
  }

  private void writeAt(long at, ByteBuffer bytes) throws IOException {
    long next = at;
    while (bytes.hasRemaining()) {
      next += channel.write(bytes, next);
    }
  }

  private void update(MessageDigest digest, ByteBuffer piece, long from, long to)
      throws IOException {
    long at = from;
    while (at < to) {
      piece.limit((int) Math.min(piece.capacity(), to - at));
      int read = channel.read(piece, at);
      if (read < 0) {
        throw new EOFException("the index was cut off while it was written");
      }
      digest.update(piece.flip());
      piece.clear();
      at += read;
    }
  }
}
