package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;

/** Writes a reverse index: index positions in the order of the pack. Source: gitformat-pack, "pack-*.rev files". */
final class ReverseIndexWriter {
  private static final int MAGIC = 0x52494458; // RIDX
  private static final int VERSION = 1;

  private ReverseIndexWriter() {}

  static void write(
      EntryTable entries,
      EntrySequence sequence,
      IdOrder order,
      HashAlgorithm hash,
      byte[] packHash,
      HashingOutput out)
      throws IOException {
    out.writeInt(MAGIC);
    out.writeInt(VERSION);
    out.writeInt(hash.formatId());
    try (Arena scratch = Arena.ofConfined()) {
      IntTable positions = new IntTable(scratch, entries.count());
      int[] next = {0};
      order.forEach(entry -> positions.set(entry, next[0]++));
      for (long place = 0; place < sequence.length(); place++) {
        long entry = sequence.entry(place);
        if (entries.written(entry)) {
          out.writeInt(positions.get(entry));
        }
      }
    }
    out.write(packHash);
    out.finish();
  }
}
