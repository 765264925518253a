package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Divides the entries of a new pack among several, none of which is larger than it may be.
 *
 * <p>In no pack may a delta be built upon what lies in another. So what is dealt out are families: an object stored whole, and all
 * that is built upon it. Then nothing has to be stored anew, and nothing is lost by the division. Only a family that is too
 * large for a pack by itself is cut, at its heaviest branches first, since these are the fewest. What is cut off is written as
 * it was if only the search had made a delta of it, else it is compressed anew; it is not searched for again, because where a
 * family is larger than a pack, what it could be built upon is mostly in another pack, too. An object that alone is too large
 * has a pack to itself.
 *
 * <p>Families are dealt out in the order in which they would have been written. One of more than half a pack gets a pack of its
 * own; the others go into the pack at hand until one does not fit, which then is more than half full. <b>So at most one of all
 * packs is not more than half full</b>, reckoned with distances of the greatest length. It is upon this that whoever chooses packs
 * to be repacked relies, so that he comes to an end.
 *
 * <p>Sizes are known before anything is written: what has to be compressed anew is compressed once to measure it. About 32 bytes of
 * memory outside the heap for each entry of a source, half of which is freed when the packs are settled.
 */
final class Division {
  private static final long CHECK_EVERY = 1 << 16;

  /** Type and size, and a distance; the head and the end of a compressed body. */
  private static final int MAX_HEAD_BYTES = 64;

  /** By what part of itself what cannot be compressed grows, at most: zlib says a thousandth and some bytes. */
  private static final long INCOMPRESSIBLE_PART = 64;

  private final EntryTable entries;
  private final IntTable order;
  private final long objects;
  private final Optional<FoundDeltas> found;
  private final EntryBatch.Tools tools;
  private final Cancellation cancellation;
  private final long roomBytes;
  private final int distanceBytes;
  private final EntryHeader header = new EntryHeader();

  /** Of each entry, how many bytes it takes with all that is built upon it. */
  private final LongTable weights;

  private final EntryChildren children;
  private final IntTable packs;
  private int count;

  private Division(
      EntryTable entries,
      IntTable order,
      long objects,
      Optional<FoundDeltas> found,
      long roomBytes,
      EntryBatch.Tools tools,
      Arena scratch,
      Cancellation cancellation) {
    this.entries = entries;
    this.order = order;
    this.objects = objects;
    this.found = found;
    this.roomBytes = roomBytes;
    this.tools = tools;
    this.cancellation = cancellation;
    this.distanceBytes = EntryHeader.distanceBytes(roomBytes);
    this.weights = new LongTable(scratch, entries.count());
    this.children = new EntryChildren(entries.count(), scratch);
    this.packs = new IntTable(scratch, entries.count());
  }

  /**
   * Whether all entries fit one pack for sure, in whatever order. Cheap, so that it costs next to nothing where it is so.
   *
   * @param roomBytes how many bytes the entries of a pack may take together
   */
  static boolean needsNone(
      EntryTable entries, Optional<FoundDeltas> found, long roomBytes, Cancellation cancellation)
      throws CorruptFileException {
    long bytes = found.map(FoundDeltas::bytes).orElse(0L);
    try (DeltaChain reader = new DeltaChain()) {
      for (long entry = 0; entry < entries.count() && bytes <= roomBytes; entry++) {
        if (entry % CHECK_EVERY == 0) {
          cancellation.check();
        }
        if (entries.written(entry)) {
          bytes += mostBytes(entries, entry, reader);
        }
      }
    }
    return bytes <= roomBytes;
  }

  /** What an entry takes at most, without the body of a delta that was found. */
  private static long mostBytes(EntryTable entries, long entry, DeltaChain reader)
      throws CorruptFileException {
    if (entries.found(entry)) {
      return MAX_HEAD_BYTES;
    }
    int source = entries.sourceOf(entry);
    if (!(entries.sources().get(source) instanceof Packed packed)) {
      return Long.MAX_VALUE / 2; // it would have to be read
    }
    long start = entries.sourceOffset(entry);
    if (entries.base(entry) == EntryTable.REWRITE) {
      long bytes = reader.bytes(packed.pack(), start);
      return MAX_HEAD_BYTES + bytes + bytes / INCOMPRESSIBLE_PART;
    }
    long bytes = entries.sourceEnd(source, packed, entry) - start;
    return entries.isDelta(entry) ? bytes + entries.hashLength() : bytes;
  }

  /**
   * The entries of one of the packs.
   *
   * @param sequence in the order in which they are written
   * @param order in the order of their ids
   */
  record Share(EntrySequence sequence, ObjectOrder order) {}

  /**
   * Divides them.
   *
   * @param order all entries that are written, bases first
   * @param ids the same by their ids
   * @param found the deltas that were found
   * @param roomBytes how many bytes the entries of a pack may take together
   * @param arena ends the shares
   * @throws CorruptFileException if an entry is malformed
   */
  static List<Share> divide(
      EntryTable entries,
      IntTable order,
      IdOrder ids,
      Optional<FoundDeltas> found,
      long roomBytes,
      int compressionLevel,
      Arena arena,
      Cancellation cancellation)
      throws IOException {
    try (Arena scratch = Arena.ofConfined();
        EntryBatch.Tools tools = new EntryBatch.Tools(compressionLevel)) {
      Division division =
          new Division(entries, order, ids.count(), found, roomBytes, tools, scratch, cancellation);
      division.findChildren();
      division.weigh();
      division.dealOut();
      return division.shares(ids, arena);
    }
  }

  private long entryAt(long place) {
    if (place % CHECK_EVERY == 0) {
      cancellation.check();
    }
    return order.getUnsigned(place);
  }

  private long base(long entry) {
    return entries.chosen(entries.base(entry));
  }

  private void findChildren() {
    for (long place = 0; place < objects; place++) {
      long entry = entryAt(place);
      if (entries.isDelta(entry)) {
        children.add(base(entry), entry);
      }
    }
  }

  /** From the last entry on, so that what is built upon an entry comes before it. */
  private void weigh() throws IOException {
    for (long place = objects - 1; place >= 0; place--) {
      long entry = entryAt(place);
      weights.set(entry, weights.get(entry) + bytes(entry));
      if (weights.get(entry) > roomBytes) {
        cut(entry);
      }
      if (entries.isDelta(entry)) {
        weights.set(base(entry), weights.get(base(entry)) + weights.get(entry));
      }
    }
  }

  /** Cuts branches off an entry, the heaviest first, until the rest fits or is the entry alone; and so with what was cut off. */
  private void cut(long tooHeavy) throws IOException {
    Deque<Long> pending = new ArrayDeque<>(List.of(tooHeavy));
    while (!pending.isEmpty()) {
      long entry = pending.removeFirst();
      for (long child : heaviestFirst(entry)) {
        if (weights.get(entry) <= roomBytes) {
          break;
        }
        weights.set(entry, weights.get(entry) - weights.get(child));
        long above = weights.get(child) - bytes(child);
        entries.setWhole(child);
        weights.set(child, above + bytes(child));
        if (weights.get(child) > roomBytes) {
          pending.addLast(child);
        }
      }
    }
  }

  private List<Long> heaviestFirst(long entry) {
    List<Long> branches = new ArrayList<>();
    for (long child = children.first(entry);
        child != EntryChildren.NONE;
        child = children.next(child)) {
      if (entries.isDelta(child)) {
        branches.add(child);
      }
    }
    branches.sort(Comparator.comparingLong(weights::get).reversed());
    return branches;
  }

  /** How many bytes an entry takes in a new pack: exactly if it is whole, and at most if it is a delta. */
  private long bytes(long entry) throws IOException {
    if (entries.found(entry)) {
      return found.orElseThrow().entryBytes(entries.offset(entry)) + distanceBytes;
    }
    int source = entries.sourceOf(entry);
    if (!(entries.sources().get(source) instanceof Packed packed)
        || entries.base(entry) == EntryTable.REWRITE) {
      return measure(entry);
    }
    long start = entries.sourceOffset(entry);
    long end = entries.sourceEnd(source, packed, entry);
    if (!entries.isDelta(entry)) {
      return end - start;
    }
    header.read(packed.pack(), start);
    long withNewHead = EntryHeader.bytes(header.size()) + distanceBytes + end - header.body();
    return Math.max(end - start, withNewHead);
  }

  private long measure(long entry) throws IOException {
    long[] bytes = {0};
    EntryBatch.stream(
        entries,
        entry,
        tools,
        (_, _, length) -> {
          cancellation.check();
          bytes[0] += length;
        });
    return bytes[0];
  }

  private void dealOut() {
    long filled = 0;
    int atHand = -1;
    for (long place = 0; place < objects; place++) {
      long entry = entryAt(place);
      if (entries.isDelta(entry)) {
        packs.set(entry, packs.get(base(entry)));
        continue;
      }
      long family = weights.get(entry);
      if (family > roomBytes / 2) {
        packs.set(entry, count++);
        continue;
      }
      if (atHand < 0 || family > roomBytes - filled) {
        atHand = count++;
        filled = 0;
      }
      filled += family;
      packs.set(entry, atHand);
    }
  }

  private List<Share> shares(IdOrder ids, Arena arena) throws IOException {
    long[] starts = starts();
    IntTable written = new IntTable(arena, objects);
    long[] next = starts.clone();
    for (long place = 0; place < objects; place++) {
      long entry = entryAt(place);
      written.set(next[packs.get(entry)]++, (int) entry);
    }
    IntTable sorted = new IntTable(arena, objects);
    System.arraycopy(starts, 0, next, 0, starts.length);
    ids.forEach(entry -> sorted.set(next[packs.get(entry)]++, (int) entry));
    List<Share> shares = new ArrayList<>();
    for (int pack = 0; pack < count; pack++) {
      long length = starts[pack + 1] - starts[pack];
      shares.add(
          new Share(
              EntrySequence.of(entries, written, starts[pack], length),
              new ShareOrder(entries, sorted, starts[pack], length)));
    }
    return shares;
  }

  /** Where the entries of each pack begin, if those of one follow those of the other. */
  private long[] starts() {
    long[] starts = new long[count + 1];
    for (long place = 0; place < objects; place++) {
      starts[packs.get(entryAt(place)) + 1]++;
    }
    for (int pack = 0; pack < count; pack++) {
      starts[pack + 1] += starts[pack];
    }
    return starts;
  }
}
