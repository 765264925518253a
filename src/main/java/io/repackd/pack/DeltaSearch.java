package io.repackd.pack;

import io.repackd.platform.Cancellation;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Searches deltas among the objects of a new pack. Which are compared: {@link Candidates}, by the names that
 * {@link NameHints} finds; how: {@link DeltaWindow}.
 *
 * <p>The candidates are cut into stretches, where a name ends, and each is searched by itself, once there is the memory that it can use. What is found is only proposed, and
 * in the end it is gone through in one order, whether it fits: see {@link DeltaDepths}. So the result is the same for any number
 * of threads.
 */
final class DeltaSearch {
  /** A stretch has so many candidates at least, or bytes: whatever it begins with finds no base. */
  private static final long STRETCH = 1024;

  private static final long STRETCH_BYTES = 16L << 20;

  /** One name has thousands of versions, and all threads should have something to do until the end. */
  private static final long LONGEST = 4;

  /** What an object was built upon may be larger than the object. */
  private static final long LEAST_ROOM_BYTES = 1 << 16;

  /** In what memory is counted out to the stretches. */
  private static final long MEMORY_UNIT_BYTES = 1 << 10;

  private final EntryTable entries;
  private final DeltaSearchSettings settings;
  private final FoundDeltas found;
  private final int hashLength;
  private final int compressionLevel;
  private final Cancellation cancellation;

  /**
   * A search.
   *
   * @param found takes what is found
   * @param compressionLevel for the deltas: -1 to 9
   */
  DeltaSearch(
      EntryTable entries,
      DeltaSearchSettings settings,
      FoundDeltas found,
      int hashLength,
      int compressionLevel,
      Cancellation cancellation) {
    this.entries = entries;
    this.settings = settings;
    this.found = found;
    this.hashLength = hashLength;
    this.compressionLevel = compressionLevel;
    this.cancellation = cancellation;
  }

  /**
   * Searches.
   *
   * @return how many deltas were found
   * @throws CorruptFileException if an entry is malformed
   */
  long run() throws IOException {
    if (settings.window() == 0 || settings.depth() == 0) {
      return 0;
    }
    try (Arena arena = Arena.ofShared()) {
      Candidates candidates = Candidates.collect(entries, settings, arena, cancellation);
      cancellation.progress().begin("reading names", 0, 0);
      NameHints.find(entries, candidates, hashLength, settings.memoryBytes(), cancellation);
      entries.releasePages();
      candidates.sort();
      DeltaDepths depths = DeltaDepths.measure(entries, arena, cancellation);
      Proposals proposals = new Proposals(candidates.count(), arena);
      cancellation.progress().begin("searching deltas", candidates.count(), candidates.bytes());
      search(candidates, depths, proposals);
      entries.releasePages();
      return choose(candidates, proposals, depths);
    }
  }

  /** In one order, whoever found them first. */
  private long choose(Candidates candidates, Proposals proposals, DeltaDepths depths) {
    long deltas = 0;
    for (long i = 0; i < candidates.count(); i++) {
      if (proposals.any(i)
          && depths.join(
              candidates.entry(i), proposals.base(i), proposals.place(i), settings.depth())) {
        deltas++;
      }
    }
    return deltas;
  }

  private void search(Candidates candidates, DeltaDepths depths, Proposals proposals)
      throws IOException {
    List<Long> cuts = cuts(candidates);
    AtomicInteger next = new AtomicInteger();
    // Fair, or a stretch that needs all would wait for ever.
    Semaphore memory = new Semaphore(units(settings.memoryBytes()), true);
    int threads = Math.min(settings.threads(), cuts.size() - 1);
    try (ExecutorService executor =
        Executors.newFixedThreadPool(
            Math.max(1, threads), Thread.ofPlatform().daemon().name("deltas-", 0).factory())) {
      List<Future<?>> searches = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        searches.add(
            executor.submit(() -> {
              searchStretches(candidates, depths, proposals, cuts, next, memory);
              return true;
            }));
      }
      for (Future<?> search : searches) {
        Futures.await(search);
      }
    }
  }

  private static List<Long> cuts(Candidates candidates) {
    List<Long> cuts = new ArrayList<>();
    cuts.add(0L);
    long length = 0;
    long bytes = 0;
    for (long i = 1; i < candidates.count(); i++) {
      length++;
      bytes += candidates.bytes(i - 1);
      long full = Math.max(length / STRETCH, bytes / STRETCH_BYTES);
      if (full >= LONGEST || (full >= 1 && !candidates.sameName(i - 1, i))) {
        cuts.add(i);
        length = 0;
        bytes = 0;
      }
    }
    cuts.add(candidates.count());
    return cuts;
  }

  private void searchStretches(
      Candidates candidates,
      DeltaDepths depths,
      Proposals proposals,
      List<Long> cuts,
      AtomicInteger next,
      Semaphore memory)
      throws IOException {
    boolean done = false;
    try (DeltaWindow window =
        new DeltaWindow(
            entries,
            depths,
            settings,
            found,
            proposals,
            hashLength,
            compressionLevel,
            cancellation)) {
      for (int stretch = next.getAndIncrement();
          stretch + 1 < cuts.size();
          stretch = next.getAndIncrement()) {
        searchStretch(candidates, cuts.get(stretch), cuts.get(stretch + 1), window, memory);
      }
      done = true;
    } finally {
      if (!done) {
        next.set(cuts.size()); // the others end with the stretch they are at
      }
    }
  }

  private void searchStretch(
      Candidates candidates, long from, long to, DeltaWindow window, Semaphore memory)
      throws IOException {
    long bytes = memoryFor(candidates, from, to);
    int units = units(bytes);
    memory.acquireUninterruptibly(units);
    try {
      window.clear(bytes);
      for (long i = from; i < to; i++) {
        window.add(i, candidates.entry(i));
        entries.readAtRandom();
        cancellation.progress().advance(1, candidates.bytes(i));
      }
      window.clear(bytes);
    } finally {
      memory.release(units);
    }
  }

  /** How much memory a stretch gets: what it can use, or all. Not a part for each thread, for then their number would show. */
  private long memoryFor(Candidates candidates, long from, long to) {
    long largest = LEAST_ROOM_BYTES;
    for (long i = from; i < to; i++) {
      largest = Math.max(largest, candidates.bytes(i));
    }
    return Math.min(settings.memoryBytes(), DeltaWindow.useful(settings.window(), largest));
  }

  private static int units(long bytes) {
    return (int) Math.clamp(Math.ceilDiv(bytes, MEMORY_UNIT_BYTES), 1, Integer.MAX_VALUE);
  }
}
