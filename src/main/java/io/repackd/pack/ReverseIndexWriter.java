package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;

/** Writes a reverse index: index positions in the order of the pack. Source: gitformat-pack, "pack-*.rev files". */
final class ReverseIndexWriter {
  private ReverseIndexWriter() {}

  /** Writes it. The numbers of the table are used for that. */
  static void write(
      EntryTable entries,
      EntrySequence sequence,
      ObjectOrder order,
      HashAlgorithm hash,
      byte[] packHash,
      HashingOutput out)
      throws IOException {
    out.writeInt(ReverseIndex.MAGIC);
    out.writeInt(ReverseIndex.VERSION);
    out.writeInt(hash.formatId());
    IntTable positions = entries.numbers();
    int[] next = {0};
    order.forEach(entry -> positions.set(entry, next[0]++));
    for (long place = 0; place < sequence.length(); place++) {
      long entry = sequence.entry(place);
      if (entries.written(entry)) {
        out.writeInt(positions.get(entry));
      }
    }
    out.write(packHash);
    out.finish();
  }
}
