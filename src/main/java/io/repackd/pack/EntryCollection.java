package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.PackSource.Made;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;

/** Collects the entries of the sources, on all cores, and finds the base of each delta. */
final class EntryCollection {
  private final EntryTable table;
  private final int source;

  private EntryCollection(EntryTable table, int source) {
    this.table = table;
    this.source = source;
  }

  /**
   * Fills the table.
   *
   * @throws CorruptFileException if a source is malformed; the message names it
   */
  static void collect(EntryTable table, Cancellation cancellation) throws IOException {
    AllCores.forEach(
        table.sources().size(),
        source -> {
          cancellation.check();
          EntryCollection collection = new EntryCollection(table, source);
          switch (table.sources().get(source)) {
            case Packed packed -> collection.collect(packed, cancellation);
            case Made made -> collection.collect(made);
          }
        });
  }

  private void collect(Packed packed, Cancellation cancellation) throws CorruptFileException {
    long first = table.firstEntry(source);
    try (Arena scratch = Arena.ofConfined()) {
      OffsetOrder order = new OffsetOrder(packed.pack(), scratch);
      for (long i = 0; i < order.count(); i++) {
        table.set(first + i, order.offset(i), order.position(i), order.position(i), source);
      }
      EntryHeader header = new EntryHeader();
      for (long i = 0; i < order.count(); i++) {
        if ((i & 0xffff) == 0) {
          cancellation.check();
        }
        table.setBase(first + i, base(packed.pack(), order, header, i));
      }
    }
  }

  private long base(PackFile pack, OffsetOrder order, EntryHeader header, long i)
      throws CorruptFileException {
    header.read(pack, order.offset(i));
    if (header.body() > order.entryEnd(i)) {
      throw header.fault(pack, "the next entry begins within its header");
    }
    if (!header.isDelta()) {
      return EntryTable.WHOLE;
    }
    long base = order.find(header.baseOffset(pack));
    if (base < 0) {
      throw header.fault(pack, "no entry begins where its base should");
    }
    return table.firstEntry(source) + base;
  }

  private void collect(Made made) {
    long first = table.firstEntry(source);
    long count = made.count();
    try (Arena scratch = Arena.ofConfined()) {
      LongTable keys = new LongTable(scratch, count);
      LongTable positions = new LongTable(scratch, count);
      long idBytes = count == 0 ? 0 : made.ids().byteSize() / count;
      for (long i = 0; i < count; i++) {
        keys.set(i, BigEndian.int64(made.ids(), i * idBytes));
        positions.set(i, i);
      }
      RadixSort.sort(keys, positions, Long.SIZE);
      for (long rank = 0; rank < count; rank++) {
        long position = positions.get(rank);
        table.set(first + position, 0, position, rank, source);
        table.setBase(first + position, EntryTable.WHOLE);
      }
    }
  }
}
