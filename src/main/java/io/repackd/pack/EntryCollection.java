package io.repackd.pack;

import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.util.List;

/** Collects the selected entries of the sources, and finds the base of each delta as far as its own source tells. */
final class EntryCollection {
  private static final long NOT_SELECTED = -1;

  private final EntryTable table;
  private final Cancellation cancellation;
  private final EntryHeader header = new EntryHeader();

  private EntryCollection(EntryTable table, Cancellation cancellation) {
    this.table = table;
    this.cancellation = cancellation;
  }

  static EntryTable collect(List<PackSource.Packed> sources, Arena arena, Cancellation cancellation)
      throws CorruptFileException {
    EntryTable table = new EntryTable(sources, arena);
    EntryCollection collection = new EntryCollection(table, cancellation);
    for (int source = 0; source < sources.size(); source++) {
      cancellation.check();
      collection.collect(source);
    }
    return table;
  }

  private void collect(int source) throws CorruptFileException {
    PackFile pack = table.sources().get(source).pack();
    PositionSet selected = table.sources().get(source).selected();
    try (Arena scratch = Arena.ofConfined()) {
      OffsetOrder order = new OffsetOrder(pack, scratch);
      LongTable entryOfOrdinal = new LongTable(scratch, order.count());
      long entry = table.firstEntry(source);
      for (long i = 0; i < order.count(); i++) {
        if (!selected.contains(order.position(i))) {
          entryOfOrdinal.set(i, NOT_SELECTED);
          continue;
        }
        entryOfOrdinal.set(i, entry);
        table.set(entry, order.offset(i), order.entryEnd(i), order.position(i));
        entry++;
      }
      long end = entry;
      for (entry = table.firstEntry(source); entry < end; entry++) {
        findBase(pack, order, entryOfOrdinal, entry);
      }
    }
    cancellation.check();
  }

  private void findBase(PackFile pack, OffsetOrder order, LongTable entryOfOrdinal, long entry)
      throws CorruptFileException {
    header.read(pack, table.sourceOffset(entry));
    if (header.body() > table.sourceEnd(entry)) {
      throw header.fault(pack, "the next entry begins within its header");
    }
    if (!header.isDelta()) {
      table.setBase(entry, EntryTable.WHOLE);
      return;
    }
    long ordinal = order.find(header.baseOffset(pack));
    if (ordinal < 0) {
      throw header.fault(pack, "no entry begins where its base should");
    }
    long base = entryOfOrdinal.get(ordinal);
    if (base == NOT_SELECTED) {
      table.setBaseElsewhere(entry, order.position(ordinal));
    } else {
      table.setBase(entry, base);
    }
  }
}
