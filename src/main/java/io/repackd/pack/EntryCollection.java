package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.PackSource.Made;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;

/**
 * Collects the entries of the sources, on all cores, and finds the base of each delta. Puts each into the bin of its id's first
 * byte on the way, while its id is at hand.
 */
final class EntryCollection {
  /** Parts of about the same number of entries: enough for the cores to end together. */
  private static final int PARTS = 64;

  private static final long CHECK_EVERY = 1 << 16;

  private final EntryTable table;
  private final FirstByteBins bins;
  private final Cancellation cancellation;

  private EntryCollection(EntryTable table, FirstByteBins bins, Cancellation cancellation) {
    this.table = table;
    this.bins = bins;
    this.cancellation = cancellation;
  }

  /**
   * Fills the table.
   *
   * @param arena ends the bins
   * @param scratch ends what is needed for sorting them
   * @return all entries by the first byte of their ids; those of one byte in the order of their sources
   * @throws CorruptFileException if a source is malformed; the message names it
   */
  static FirstByteBins collect(
      EntryTable table, Arena arena, Arena scratch, Cancellation cancellation) throws IOException {
    int[] parts = divide(table);
    FirstByteBins bins = new FirstByteBins(table, parts, arena, scratch);
    EntryCollection collection = new EntryCollection(table, bins, cancellation);
    AllCores.forEach(parts.length - 1, part -> collection.collect(part, parts));
    return bins;
  }

  /** The first source of each part, and the number of sources. */
  private static int[] divide(EntryTable table) {
    int count = table.sources().size();
    int[] parts = new int[PARTS + 1];
    int source = 0;
    for (int part = 0; part < PARTS; part++) {
      parts[part] = source;
      long end = table.count() / PARTS * (part + 1L);
      while (source < count && table.firstEntry(source) < end) {
        source++;
      }
    }
    parts[PARTS] = count;
    return parts;
  }

  private void collect(int part, int[] parts) throws CorruptFileException {
    FirstByteBins.Filling filling = bins.fill(part);
    for (int source = parts[part]; source < parts[part + 1]; source++) {
      cancellation.check();
      switch (table.sources().get(source)) {
        case Packed packed -> {
          collect(source, packed, filling);
          table.readThrough(packed);
        }
        case Made made -> collect(source, made, filling);
      }
    }
    if (!filling.isComplete()) {
      throw new IllegalStateException("an index has changed while it was read");
    }
  }

  private void collect(int source, Packed packed, FirstByteBins.Filling filling)
      throws CorruptFileException {
    long first = table.firstEntry(source);
    try (Arena scratch = Arena.ofConfined()) {
      OffsetOrder order = new OffsetOrder(packed.pack(), scratch);
      IntTable ordinals = new IntTable(scratch, order.count());
      EntryHeader header = new EntryHeader();
      for (long from = 0; from < order.count(); from += CHECK_EVERY) {
        cancellation.check();
        int count = (int) Math.min(CHECK_EVERY, order.count() - from);
        readHeads(packed, order, header, first, from, count, ordinals);
      }
      PackIndex index = packed.pack().index();
      for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
        fill(index, firstByte, ordinals, first, filling);
      }
    }
  }

  // The loops are by themselves: a longer one with both in it is compiled again and
  // again and never stays.

  private void readHeads(
      Packed packed,
      OffsetOrder order,
      EntryHeader header,
      long first,
      long from,
      int count,
      IntTable ordinals)
      throws CorruptFileException {
    for (int k = 0; k < count; k++) {
      long i = from + k;
      long position = order.position(i);
      long base = base(packed.pack(), order, header, i);
      table.set(
          first + i,
          order.offset(i),
          position,
          typeOf(header, base < 0 || base > i ? 0 : table.type(first + base)),
          base < 0 ? EntryTable.WHOLE : first + base,
          packed.selected().contains(position));
      ordinals.set(position, (int) i);
    }
  }

  /** A delta is of its base's type; that of a base which comes later is not known yet. */
  private static int typeOf(EntryHeader header, int typeOfBase) {
    return header.isDelta() ? typeOfBase : header.type();
  }

  /** Puts those in their bin whose ids begin with a byte. From then on it is known that the fanout is right. */
  private static void fill(
      PackIndex index, int firstByte, IntTable ordinals, long first, FirstByteBins.Filling filling)
      throws CorruptFileException {
    long end = index.fanout(firstByte);
    for (long position = index.firstPosition(firstByte); position < end; position++) {
      long key = index.key(position);
      if (key >>> Long.SIZE - Byte.SIZE != firstByte
          || !filling.add(key, first + ordinals.getUnsigned(position))) {
        throw new CorruptFileException(
            index.path(), "object %d is not in its place".formatted(position));
      }
    }
  }

  /** Which entry of the pack the i-th is a delta upon; negative if it is none. */
  private static long base(PackFile pack, OffsetOrder order, EntryHeader header, long i)
      throws CorruptFileException {
    header.read(pack, order.offset(i));
    if (header.body() > order.entryEnd(i)) {
      throw header.fault(pack, "the next entry begins within its header");
    }
    if (!header.isDelta()) {
      return -1;
    }
    long base = order.find(header.baseOffset(pack));
    if (base < 0) {
      throw header.fault(pack, "no entry begins where its base should");
    }
    return base;
  }

  private void collect(int source, Made made, FirstByteBins.Filling filling) {
    long first = table.firstEntry(source);
    for (long i = 0; i < made.count(); i++) {
      table.set(first + i, 0, i, 0, EntryTable.WHOLE, true);
      filling.add(BigEndian.int64(made.ids(), table.madeIdOffset(i)), first + i);
    }
  }
}
