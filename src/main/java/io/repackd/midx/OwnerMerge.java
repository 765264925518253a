package io.repackd.midx;

import io.repackd.midx.MultiPackIndexWriter.PackNumbering;
import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Merges the ids of an existing multi-pack-index and of pack indexes, one portion for each first byte, several portions at a
 * time. The portions are delivered in order.
 */
final class OwnerMerge implements AutoCloseable {
  /** Stands for the existing index where a number stands for a pack. */
  private static final int EXISTING = -1;

  private static final long POSITION_MASK = 0xffffffffL;

  private final HashAlgorithm hash;
  private final PackNumbering numbering;
  private final Optional<MultiPackIndex> existing;
  private final List<IndexedPack> added;
  private final boolean large;
  private final Cancellation cancellation;

  private final int workers = Runtime.getRuntime().availableProcessors();
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<Portion> idle;
  private final ExecutorService executor;

  OwnerMerge(
      HashAlgorithm hash,
      PackNumbering numbering,
      Optional<MultiPackIndex> existing,
      List<IndexedPack> added,
      boolean large,
      Cancellation cancellation) {
    this.hash = hash;
    this.numbering = numbering;
    this.existing = existing;
    this.added = List.copyOf(added);
    this.large = large;
    this.cancellation = cancellation;
    // One portion more than workers: it can be written out while they all work.
    this.idle = new ArrayBlockingQueue<>(workers + 1);
    try {
      long largest = largestPortion();
      for (int i = 0; i <= workers; i++) {
        idle.add(new Portion(hash, largest, large, arena));
      }
    } catch (RuntimeException | Error e) {
      arena.close(); // what was taken before the memory ran out
      throw e;
    }
    this.executor =
        Executors.newFixedThreadPool(
            workers, Thread.ofPlatform().daemon().name("merge-", 0).factory());
  }

  private long largestPortion() {
    long largest = 0;
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      largest = Math.max(largest, candidates(firstByte));
    }
    return largest;
  }

  private long candidates(int firstByte) {
    long count = 0;
    if (existing.isPresent()) {
      count += existing.get().fanout(firstByte) - existing.get().firstPosition(firstByte);
    }
    for (IndexedPack pack : added) {
      count += pack.index().fanout(firstByte) - pack.index().firstPosition(firstByte);
    }
    return count;
  }

  /** Takes the portions, in the order of their first bytes. A portion is used again when the call returns. */
  interface Sink {
    void accept(Portion portion) throws IOException;
  }

  void run(Sink sink) throws IOException {
    Deque<Future<Portion>> underWay = new ArrayDeque<>();
    int next = 0;
    while (next < PackIndex.FANOUT_ENTRIES || !underWay.isEmpty()) {
      cancellation.check();
      while (next < PackIndex.FANOUT_ENTRIES && underWay.size() <= workers) {
        int firstByte = next++;
        // Taken here and not by the worker: so the portions go to the earliest first bytes.
        Portion portion = idle.remove();
        underWay.add(executor.submit(() -> fill(portion, firstByte)));
      }
      Portion done = await(underWay.remove());
      sink.accept(done);
      idle.add(done);
    }
  }

  private static Portion await(Future<Portion> future) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          switch (e.getCause()) {
            case IOException io -> throw io;
            case RuntimeException runtime -> throw runtime;
            case Error error -> throw error;
            case null, default -> throw new IllegalStateException(e);
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Portion fill(Portion portion, int firstByte) throws CorruptFileException {
    portion.begin(firstByte);
    if (existing.isPresent()) {
      collectExisting(existing.get(), firstByte, portion.candidates());
    }
    for (int i = 0; i < added.size(); i++) {
      collect(added.get(i).index(), i, firstByte, portion.candidates());
    }
    portion.candidates().sort(this::compare);
    emit(portion);
    return portion;
  }

  private void collectExisting(MultiPackIndex index, int firstByte, Candidates candidates)
      throws CorruptFileException {
    long start = index.firstPosition(firstByte);
    long end = index.fanout(firstByte);
    for (long position = start; position < end; position++) {
      long at = index.idOffset(position);
      if (BigEndian.uint8(index.ids(), at) != firstByte
          || (position > start && !ascend(index.ids(), index.idOffset(position - 1), at, -1))) {
        throw outOfPlace(index.path(), position);
      }
      candidates.add(key(index.ids(), at), reference(EXISTING, position));
    }
  }

  private void collect(PackIndex index, int source, int firstByte, Candidates candidates)
      throws CorruptFileException {
    long start = index.firstPosition(firstByte);
    long end = index.fanout(firstByte);
    for (long position = start; position < end; position++) {
      long at = index.idOffset(position);
      // A pack may have an object twice, so its index may have an id twice.
      if (BigEndian.uint8(index.file(), at) != firstByte
          || (position > start && !ascend(index.file(), index.idOffset(position - 1), at, 0))) {
        throw outOfPlace(index.path(), position);
      }
      candidates.add(key(index.file(), at), reference(source, position));
    }
  }

  private boolean ascend(MemorySegment segment, long before, long at, int atMost) {
    return ObjectIds.compare(segment, before, segment, at, hash.length()) <= atMost;
  }

  private static CorruptFileException outOfPlace(Path path, long position) {
    return new CorruptFileException(path, "object %d is not in its place".formatted(position));
  }

  /** The eight bytes after the first, which all candidates of a portion have in common. */
  private static long key(MemorySegment segment, long at) {
    return BigEndian.int64(segment, at + 1);
  }

  private static long reference(int source, long position) {
    return (long) source << Integer.SIZE | position;
  }

  private static int source(long reference) {
    return (int) (reference >> Integer.SIZE);
  }

  private static long position(long reference) {
    return reference & POSITION_MASK;
  }

  /** Orders copies by id, and copies of one object by who is to own it. */
  private int compare(long left, long right) {
    int ids =
        ObjectIds.compare(
            segment(left), idOffset(left), segment(right), idOffset(right), hash.length());
    if (ids != 0) {
      return ids;
    }
    int age = Long.compare(modifiedSeconds(right), modifiedSeconds(left));
    if (age != 0) {
      return age;
    }
    int order = Integer.compare(source(left), source(right));
    return order != 0 ? order : Long.compare(position(left), position(right));
  }

  private MemorySegment segment(long reference) {
    int source = source(reference);
    return source == EXISTING ? existing.orElseThrow().ids() : added.get(source).index().file();
  }

  private long idOffset(long reference) {
    int source = source(reference);
    return source == EXISTING
        ? existing.orElseThrow().idOffset(position(reference))
        : added.get(source).index().idOffset(position(reference));
  }

  /** What is listed already counts as older than anything that is not. */
  private long modifiedSeconds(long reference) {
    int source = source(reference);
    return source == EXISTING ? 0 : added.get(source).modifiedSeconds();
  }

  private void emit(Portion portion) throws CorruptFileException {
    Candidates candidates = portion.candidates();
    long owner = 0;
    for (long i = 0; i < candidates.size(); i++) {
      long candidate = candidates.reference(i);
      if (i > 0
          && candidates.key(i) == candidates.key(i - 1)
          && ObjectIds.compare(
                  segment(owner),
                  idOffset(owner),
                  segment(candidate),
                  idOffset(candidate),
                  hash.length())
              == 0) {
        continue;
      }
      owner = candidate;
      add(portion, owner);
    }
  }

  private void add(Portion portion, long owner) throws CorruptFileException {
    int source = source(owner);
    long position = position(owner);
    if (source != EXISTING) {
      PackIndex index = added.get(source).index();
      portion.add(
          index.file(),
          index.idOffset(position),
          numbering.ofAdded()[source],
          index.packOffset(position),
          large);
      return;
    }
    MultiPackIndex index = existing.orElseThrow();
    int pack = index.packOf(position);
    if (numbering.isDropped(pack)) {
      throw new IllegalArgumentException(
          "cannot drop pack %s: it owns object %s"
              .formatted(index.packNames().get(pack), index.idHex(position)));
    }
    portion.add(
        index.ids(),
        index.idOffset(position),
        numbering.ofExisting()[pack],
        index.packOffset(position),
        large);
  }

  @Override
  public void close() {
    executor.close();
    arena.close();
  }
}
