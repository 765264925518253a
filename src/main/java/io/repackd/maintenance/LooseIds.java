package io.repackd.maintenance;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.LooseTable;
import io.repackd.pack.SortedIds;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The ids of loose objects, in which the ids of a pack can be looked up as well as the other way round. */
record LooseIds(LooseTable table, MemorySegment ids, long[] fanout) implements SortedIds {
  private static final int FIRST_BYTES = 256;

  static LooseIds of(LooseTable table) {
    long[] fanout = new long[FIRST_BYTES];
    MemorySegment ids = table.ids();
    for (long i = 0; i < table.count(); i++) {
      fanout[BigEndian.uint8(ids, table.idOffset(i))]++;
    }
    for (int i = 1; i < FIRST_BYTES; i++) {
      fanout[i] += fanout[i - 1];
    }
    return new LooseIds(table, ids, fanout);
  }

  @Override
  public HashAlgorithm hash() {
    return table.hash();
  }

  @Override
  public Path path() {
    return table.directory();
  }

  @Override
  public long idOffset(long position) {
    return table.idOffset(position);
  }

  @Override
  public long count() {
    return table.count();
  }

  @Override
  public long fanout(int firstByte) {
    return fanout[firstByte];
  }
}
