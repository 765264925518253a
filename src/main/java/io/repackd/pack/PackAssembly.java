package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Futures;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes the chosen entries of an {@link EntryTable} one after the other.
 *
 * <p>An entry is copied as it is where it can be, and neighbours that are copied as they are go in one stretch. A delta by
 * distance stays as it is while its base has moved as far as itself; otherwise its head is written anew, and its compressed
 * bytes are copied. A base of another source may come later in the new pack: then the delta names it by id.
 *
 * <p>Batches of entries are checked, or made, ahead of that by other threads: see {@link EntryBatch}.
 */
final class PackAssembly implements AutoCloseable {
  /** What is copied between two looks at the cancellation. */
  private static final long STRETCH_BYTES = 4L << 20;

  private static final long BATCH_BYTES = 2L << 20;
  private static final long BATCH_ENTRIES = 1 << 14;

  /**
   * Small packs make a batch together of so many bytes at most. More of what was checked ahead would have left the cache by the time
   * it is copied, and be given back between.
   */
  private static final long BATCH_TOGETHER_BYTES = 1L << 18;

  /** Those in an order of their own are read from many places. */
  private static final long BATCH_CHOSEN = 1 << 12;

  /** Few, so that all threads have some to make, and since each may be of {@link EntryBatch#MAX_HELD_BYTES}. */
  private static final long BATCH_MADE = 16;

  /** Sources of any size are read with so much of them in the process's own memory, and some more. */
  private static final long RELEASE_EVERY_BYTES = 8L << 20;

  private static final int MAX_HEAD_BYTES = 64;

  private final EntryTable entries;
  private final EntrySequence sequence;
  private final EntrySequence.Cursor cursor;
  private final Optional<FoundDeltas> found;
  private final HashingOutput out;
  private final int compressionLevel;
  private final Cancellation cancellation;
  private final EntryHeader header = new EntryHeader();
  private final EntryChecksum crc = new EntryChecksum();
  private final byte[] head = new byte[MAX_HEAD_BYTES];
  private final Queue<EntryBatch.Tools> tools = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads;
  private final int ahead;
  private final Deque<Task> tasks = new ArrayDeque<>();
  private final AtomicLong heldByAll = new AtomicLong();

  private long next;
  private @Nullable PackFile stretchPack;
  private long stretchStart;
  private long stretchBytes;
  private long released;
  private long rewritten;
  private long deltas;

  /** A batch on its way. */
  private record Task(EntryBatch batch, FutureTask<?> preparation) {}

  /**
   * An assembly.
   *
   * @param found where the deltas lie that were searched for
   * @param readers how many threads make batches ready
   */
  PackAssembly(
      EntryTable entries,
      EntrySequence sequence,
      Optional<FoundDeltas> found,
      HashingOutput out,
      int compressionLevel,
      int readers,
      Cancellation cancellation) {
    this.entries = entries;
    this.sequence = sequence;
    this.cursor = sequence.new Cursor();
    this.found = found;
    this.out = out;
    this.compressionLevel = compressionLevel;
    this.cancellation = cancellation;
    threads =
        Executors.newFixedThreadPool(
            readers, Thread.ofPlatform().daemon().name("entries-", 0).factory());
    ahead = 2 * readers;
  }

  /** Writes everything, and notes in the table where each entry came to lie. */
  void writeAll() throws IOException {
    submitAhead();
    while (!tasks.isEmpty()) {
      Task task = tasks.getFirst();
      task.preparation().run(); // unless another thread is at it or has done it
      Futures.await(task.preparation());
      cancellation.check();
      tasks.removeFirst();
      submitAhead();
      write(task.batch());
      task.batch().release();
      cancellation.progress().advance(task.batch().to() - task.batch().from(), 0);
      if (out.position() - released > RELEASE_EVERY_BYTES) {
        released = out.position();
        entries.releasePages();
      }
    }
    entries.releasePages(); // what is written is verified next
  }

  /** How many objects were not copied but made anew, whole. */
  long rewritten() {
    return rewritten;
  }

  /** How many were written as deltas that were searched for. */
  long deltas() {
    return deltas;
  }

  private void submitAhead() {
    while (tasks.size() < ahead && next < sequence.length()) {
      EntryBatch batch = nextBatch();
      FutureTask<?> preparation =
          new FutureTask<>(() -> {
            prepare(batch);
            return true;
          });
      tasks.addLast(new Task(batch, preparation));
      threads.execute(preparation);
    }
  }

  private EntryBatch nextBatch() {
    long from = next;
    next = sequence.asTheyLie() ? endAsTheyLie(from) : endOfChosen(from);
    return new EntryBatch(entries, sequence, from, next, heldByAll);
  }

  /** Neighbours. Small packs are taken together: to hand a batch over costs as much as to copy some hundred entries. */
  private long endAsTheyLie(long from) {
    int source = cursor.sourceOf(from);
    long most = Math.min(sequence.length(), from + BATCH_ENTRIES);
    long bytes = 0;
    long to = from;
    while (to < most && entries.sources().get(source) instanceof Packed packed) {
      long end = Math.min(most, entries.firstEntry(source + 1));
      while (to == from && end - from > 1 && bytes(source, packed, from, end) > BATCH_BYTES) {
        end = from + (end - from) / 2;
      }
      bytes += bytes(source, packed, to, end);
      if (to > from && bytes > BATCH_TOGETHER_BYTES) {
        break;
      }
      to = end;
      source = to < most ? cursor.sourceOf(to) : source;
    }
    if (to == from) {
      return Math.min(entries.firstEntry(source + 1), from + BATCH_MADE);
    }
    return endOfMade(from, to);
  }

  /** How many bytes some neighbours take in their source. */
  private long bytes(int source, Packed packed, long from, long to) {
    return entries.sourceEnd(source, packed, to - 1) - entries.sourceOffset(from);
  }

  private long endOfChosen(long from) {
    long end = Math.min(sequence.length(), from + BATCH_CHOSEN);
    long bytes = 0;
    long made = 0;
    long to = from;
    while (to < end && bytes < BATCH_BYTES && made < BATCH_MADE) {
      long entry = sequence.entry(to);
      int source = cursor.sourceOf(entry);
      if (entries.sources().get(source) instanceof Packed packed) {
        bytes += entries.sourceEnd(source, packed, entry) - entries.sourceOffset(entry);
        made += entries.base(entry) == EntryTable.REWRITE ? 1 : 0;
      } else {
        made++;
      }
      to++;
    }
    return to;
  }

  /** A small delta may have to be written as a large object. */
  private long endOfMade(long from, long end) {
    long made = 0;
    for (long entry = from; entry < end; entry++) {
      if (entries.base(entry) == EntryTable.REWRITE && entries.written(entry)) {
        made++;
        if (made == BATCH_MADE) {
          return entry + 1;
        }
      }
    }
    return end;
  }

  private void prepare(EntryBatch batch) throws IOException {
    EntryBatch.Tools taken = takeTools();
    try {
      batch.prepare(taken, cancellation);
    } finally {
      tools.add(taken);
    }
  }

  private EntryBatch.Tools takeTools() {
    EntryBatch.Tools taken = tools.poll();
    return taken == null ? new EntryBatch.Tools(compressionLevel) : taken;
  }

  private void write(EntryBatch batch) throws IOException {
    long place = batch.from();
    while (place < batch.to()) {
      long end = sequence.asTheyLie() ? copyWhole(place, batch.to()) : place;
      if (end == place) {
        long entry = sequence.entry(place);
        if (entries.written(entry)) {
          write(batch, entry);
        }
        end++;
      }
      place = end;
    }
    endStretch();
  }

  /**
   * Copies entries that stay as they are whatever has become of others, all at once: those of a pack that are whole.
   *
   * @return the first that is another, or lies in another pack
   */
  private long copyWhole(long from, long to) throws IOException {
    int source = cursor.sourceOf(from);
    if (!(entries.sources().get(source) instanceof Packed packed)) {
      return from;
    }
    long end = entries.endOfWhole(from, Math.min(to, entries.firstEntry(source + 1)));
    if (end > from) {
      long start = entries.sourceOffset(from);
      long place = extendStretch(packed.pack(), start, bytes(source, packed, from, end));
      entries.setOffsets(from, end, place - start);
      endLongStretch();
    }
    return end;
  }

  private void write(EntryBatch batch, long entry) throws IOException {
    int source = cursor.sourceOf(entry);
    if (entries.found(entry)) {
      endStretch();
      writeFound(entry, found.orElseThrow());
      deltas++;
    } else if (!(entries.sources().get(source) instanceof Packed packed)) {
      endStretch();
      writeMade(batch, entry);
    } else if (entries.base(entry) == EntryTable.REWRITE) {
      endStretch();
      writeMade(batch, entry);
      rewritten++;
    } else {
      copy(packed, source, entry);
    }
  }

  private void copy(Packed packed, int source, long entry) throws IOException {
    if (!sequence.asTheyLie()) {
      entries.readAtRandom();
    }
    PackFile pack = packed.pack();
    long from = entries.sourceOffset(entry);
    long length = entries.sourceEnd(source, packed, entry) - from;
    if (!staysAsItIs(pack, entry)) {
      endStretch();
      copyWithNewHead(pack, entry, from + length);
      return;
    }
    entries.setOffset(entry, extendStretch(pack, from, length));
    endLongStretch();
  }

  /** Notes what is to be copied as it is; returns where it comes to lie. */
  private long extendStretch(PackFile pack, long from, long length) throws IOException {
    if (stretchPack != pack || stretchStart + stretchBytes != from) {
      endStretch();
      stretchPack = pack;
      stretchStart = from;
    }
    long place = out.position() + stretchBytes;
    stretchBytes += length;
    return place;
  }

  private void endLongStretch() throws IOException {
    if (stretchBytes >= STRETCH_BYTES) {
      endStretch();
    }
  }

  /** A base which comes later has no place yet; one from this source has moved as this entry has, or not. */
  private boolean staysAsItIs(PackFile pack, long entry) throws CorruptFileException {
    if (!entries.isDelta(entry)) {
      return true;
    }
    long base = entries.chosen(entries.base(entry));
    long distance = out.position() + stretchBytes - entries.offset(base);
    if (base == entries.base(entry)
        && sequence.comesBefore(base, entry)
        && distance == entries.sourceOffset(entry) - entries.sourceOffset(base)) {
      // A delta by id, if it is one, is as right as it was.
      return true;
    }
    header.read(pack, entries.sourceOffset(entry));
    if (header.type() == EntryHeader.REF_DELTA) {
      return !sequence.comesBefore(base, entry);
    }
    return sequence.comesBefore(base, entry) && distance == header.baseDistance();
  }

  private void copyWithNewHead(PackFile pack, long entry, long end) throws IOException {
    long start = out.position();
    int headBytes = encodeHead(entry, header.size(), start);
    long bodyBytes = end - header.body();
    crc.reset();
    crc.update(head, headBytes);
    crc.update(pack.data(), header.body(), bodyBytes);
    out.write(head, headBytes);
    write(pack, header.body(), bodyBytes);
    entries.setOffset(entry, start);
    entries.setChecksum(entry, crc.value());
  }

  /** Writes the head of a delta that begins at a place: by distance if its base is there already, else by id. */
  private int encodeHead(long entry, long size, long start) {
    long base = entries.chosen(entries.base(entry));
    if (sequence.comesBefore(base, entry)) {
      int length = EntryHeader.encode(EntryHeader.OFS_DELTA, size, head);
      return EntryHeader.encodeDistance(start - entries.offset(base), head, length);
    }
    int length = EntryHeader.encode(EntryHeader.REF_DELTA, size, head);
    int source = entries.sourceOf(base);
    int hashLength = entries.hashLength();
    MemorySegment.copy(
        entries.ids(source),
        ValueLayout.JAVA_BYTE,
        entries.idOffset(source, base),
        head,
        length,
        hashLength);
    return length + hashLength;
  }

  private void writeFound(long entry, FoundDeltas deltas) throws IOException {
    FoundDeltas.Delta delta = deltas.read(entries.offset(entry));
    long start = out.position();
    int headBytes = encodeHead(entry, delta.bytes(), start);
    int bodyBytes = delta.end() - FoundDeltas.Delta.START;
    crc.reset();
    crc.update(head, headBytes);
    crc.update(delta.compressed(), FoundDeltas.Delta.START, bodyBytes);
    out.write(head, headBytes);
    out.write(delta.compressed(), FoundDeltas.Delta.START, bodyBytes);
    entries.setOffset(entry, start);
    entries.setChecksum(entry, crc.value());
  }

  private void writeMade(EntryBatch batch, long entry) throws IOException {
    entries.setOffset(entry, out.position());
    int held = batch.heldAt(entry);
    if (held >= 0) {
      int start = batch.heldStart(held);
      out.write(batch.held(), start, batch.heldEnd(held) - start);
      return;
    }
    EntryBatch.Tools taken = takeTools();
    try {
      EntryBatch.stream(
          entries,
          entry,
          taken,
          (bytes, from, length) -> {
            cancellation.check();
            out.write(bytes, from, length);
          });
    } finally {
      tools.add(taken);
    }
  }

  private void endStretch() throws IOException {
    if (stretchPack != null) {
      write(stretchPack, stretchStart, stretchBytes);
      stretchPack = null;
      stretchBytes = 0;
    }
  }

  private void write(PackFile pack, long from, long length) throws IOException {
    for (long done = 0; done < length; done += STRETCH_BYTES) {
      cancellation.check();
      out.write(pack.data(), from + done, Math.min(STRETCH_BYTES, length - done));
    }
  }

  /** Waits for the threads: what they read may be unmapped after that. */
  @Override
  public void close() {
    tasks.forEach(task -> task.preparation().cancel(false));
    threads.close();
    tools.forEach(EntryBatch.Tools::close);
  }
}
