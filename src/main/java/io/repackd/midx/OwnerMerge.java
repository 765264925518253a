package io.repackd.midx;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.SortedIds;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Merges the ids of an existing multi-pack-index and of pack indexes, one portion for each range of ids, several portions at a
 * time. The portions are delivered in order.
 *
 * <p>A source that has a good part of all ids, such as the existing index or the pack of a clone, is in order already: it is the
 * base, whose stretches are copied as they are. The ids of all the others are sorted and threaded in.
 */
final class OwnerMerge implements AutoCloseable {
  /** A source is the base if it has at least one in so many of all ids. */
  private static final long BASE_SHARE = 4;

  /** So many ids make a portion of a few megabytes: it lies in the cache while it is sorted, and many fit in memory. */
  private static final long MAX_PORTION = 1L << 16;

  /** A small index is divided as well, so that all cores have something to do. */
  private static final long MIN_PORTION = 1L << 12;

  private static final long PORTIONS_PER_WORKER = 16;

  private final HashAlgorithm hash;
  private final Cancellation cancellation;
  private final @Nullable CopySource base;
  private final List<CopySource> others = new ArrayList<>();
  private final Precedence precedence;
  private final List<IdRange> ranges;

  private final int workers = Runtime.getRuntime().availableProcessors();
  private final Arena arena = Arena.ofShared();
  private final BlockingQueue<Portion> idle;
  private final ExecutorService executor;

  /**
   * Prepares a merge.
   *
   * @param rankOfListed the ranks of the packs that the existing index lists
   * @param large whether there is to be a LOFF chunk
   * @throws CorruptFileException if a source has ids that cannot be hashes
   */
  OwnerMerge(
      HashAlgorithm hash,
      PackNumbering numbering,
      Optional<MultiPackIndex> existing,
      List<IndexedPack> added,
      ToLongFunction<String> rankOfListed,
      boolean large,
      Cancellation cancellation)
      throws CorruptFileException {
    this.hash = hash;
    this.cancellation = cancellation;
    this.precedence = Precedence.of(numbering, added, rankOfListed);
    existing.ifPresent(index -> others.add(new CopySource.Installed(index, numbering)));
    for (int i = 0; i < added.size(); i++) {
      others.add(new CopySource.Pack(added.get(i).index(), numbering.ofAdded()[i]));
    }
    List<SortedIds> tables = others.stream().map(CopySource::ids).toList();
    long total = tables.stream().mapToLong(SortedIds::count).sum();
    this.ranges =
        IdRange.divide(
            tables, Math.clamp(total / (workers * PORTIONS_PER_WORKER), MIN_PORTION, MAX_PORTION));
    this.base = takeBase(total);
    // One portion more than workers: it can be written out while they all work.
    this.idle = new ArrayBlockingQueue<>(workers + 1);
    try {
      allocatePortions(tables, large);
    } catch (RuntimeException | Error e) {
      arena.close(); // what was taken before the memory ran out
      throw e;
    }
    this.executor =
        Executors.newFixedThreadPool(
            workers, Thread.ofPlatform().daemon().name("merge-", 0).factory());
  }

  private @Nullable CopySource takeBase(long total) {
    for (CopySource source : others) {
      if (source.ids().count() >= total / BASE_SHARE && total > 0) {
        others.remove(source);
        return source;
      }
    }
    return null;
  }

  private void allocatePortions(List<SortedIds> tables, boolean large) {
    long mostObjects = 0;
    long mostCandidates = 0;
    for (IdRange range : ranges) {
      long objects = range.count(tables);
      mostObjects = Math.max(mostObjects, objects);
      long inBase = base == null ? 0 : range.count(base.ids());
      mostCandidates = Math.max(mostCandidates, objects - inBase);
    }
    for (int i = 0; i <= workers; i++) {
      Candidates candidates = new Candidates(hash.length(), mostCandidates, precedence, arena);
      idle.add(new Portion(hash, mostObjects, large, candidates, arena));
    }
  }

  /** Takes the portions, in the order of their ids. A portion is used again when the call returns. */
  interface Sink {
    void accept(IdRange range, Portion portion) throws IOException;
  }

  void run(Sink sink) throws IOException {
    Deque<Future<Portion>> underWay = new ArrayDeque<>();
    int next = 0;
    for (IdRange range : ranges) {
      cancellation.check();
      while (next < ranges.size() && underWay.size() <= workers) {
        IdRange begun = ranges.get(next++);
        // Taken here and not by the worker: so the portions go to the earliest ranges.
        Portion portion = idle.remove();
        underWay.add(executor.submit(() -> fill(portion, begun)));
      }
      Portion done = Futures.await(underWay.remove());
      sink.accept(range, done);
      idle.add(done);
    }
  }

  private Portion fill(Portion portion, IdRange range) throws CorruptFileException {
    portion.clear();
    Candidates candidates = portion.candidates();
    long size = 0;
    for (CopySource source : others) {
      size += range.count(source.ids());
    }
    candidates.begin(range, size);
    for (CopySource source : others) {
      count(source, range, candidates);
    }
    candidates.allot();
    for (CopySource source : others) {
      place(source, range, candidates);
    }
    candidates.sort();
    if (base == null) {
      new Threading(candidates, portion).run();
    } else {
      new Threading(candidates, portion).run(base, range);
    }
    return portion;
  }

  private static void count(CopySource source, IdRange range, Candidates candidates)
      throws CorruptFileException {
    SortedIds table = source.ids();
    long start = range.start(table);
    long end = range.end(table);
    OrderCheck order = new OrderCheck(table, start, source.mayRepeat());
    for (long position = start; position < end; position++) {
      long key = table.key(position);
      order.repeats(position, key);
      range.check(table, position, key);
      candidates.count(key);
    }
    order.end(end);
  }

  private static void place(CopySource source, IdRange range, Candidates candidates)
      throws CorruptFileException {
    SortedIds table = source.ids();
    long end = range.end(table);
    for (long position = range.start(table); position < end; position++) {
      candidates.place(
          table.key(position),
          table.ids(),
          table.idOffset(position),
          source.pack(position),
          source.packOffset(position));
    }
  }

  /** Puts the sorted candidates of a portion, and the stretches of the base between them, one after the other. */
  private final class Threading {
    private final Candidates candidates;
    private final CopyTable copies;
    private final Portion portion;
    private long next;

    Threading(Candidates candidates, Portion portion) {
      this.candidates = candidates;
      this.copies = candidates.copies();
      this.portion = portion;
    }

    /** Without a base. */
    void run() {
      while (next < candidates.size()) {
        portion.addCandidate(next);
        skipObject();
      }
    }

    /** The copy that takes precedence comes first, and the others of the same object are passed over. */
    private void skipObject() {
      long chosen = next++;
      while (next < candidates.size() && copies.compareIds(chosen, next) == 0) {
        next++;
      }
    }

    void run(CopySource source, IdRange range) throws CorruptFileException {
      SortedIds table = source.ids();
      long position = range.start(table);
      long end = range.end(table);
      OrderCheck order = new OrderCheck(table, position, source.mayRepeat());
      long run = position;
      for (; position < end; position++) {
        long key = table.key(position);
        range.check(table, position, key);
        if (order.repeats(position, key)) {
          portion.addRun(source, run, position);
          run = position + 1;
          continue;
        }
        int comparison = compareNext(table, position, key);
        if (comparison <= 0) {
          portion.addRun(source, run, position);
          run = position;
          while (comparison < 0) {
            portion.addCandidate(next);
            skipObject();
            comparison = compareNext(table, position, key);
          }
          if (comparison == 0) {
            run = choose(source, position);
          }
        }
      }
      portion.addRun(source, run, end);
      order.end(end);
      run();
    }

    /** Compares the next candidate with an id of the base; positive if there is no candidate any more. */
    private int compareNext(SortedIds table, long position, long key) {
      if (next == candidates.size()) {
        return 1;
      }
      int keys = Long.compareUnsigned(copies.key(next), key);
      return keys != 0 ? keys : copies.compareId(next, table.ids(), table.idOffset(position));
    }

    /** Of an object that base and candidates have; returns where the run of the base goes on. */
    private long choose(CopySource source, long position) throws CorruptFileException {
      boolean fromBase =
          precedence.compare(
                  source.pack(position),
                  source.packOffset(position),
                  copies.number(next),
                  copies.offset(next))
              <= 0;
      if (!fromBase) {
        portion.addCandidate(next);
      }
      skipObject();
      return fromBase ? position : position + 1;
    }
  }

  @Override
  public void close() {
    executor.close();
    arena.close();
  }
}
