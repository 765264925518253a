package io.repackd.pack;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;

/** Writes a reverse index: index positions in the order of the pack. Source: gitformat-pack, "pack-*.rev files". */
final class ReverseIndexWriter {
  private static final int MAGIC = 0x52494458; // RIDX
  private static final int VERSION = 1;

  private ReverseIndexWriter() {}

  static void write(IdOrder order, HashAlgorithm hash, byte[] packHash, HashingOutput out)
      throws IOException {
    out.writeInt(MAGIC);
    out.writeInt(VERSION);
    out.writeInt(hash.formatId());
    try (Arena scratch = Arena.ofConfined()) {
      IntTable positions = new IntTable(scratch, order.count());
      for (long i = 0; i < order.count(); i++) {
        positions.set(order.entry(i), (int) i);
      }
      for (long entry = 0; entry < order.count(); entry++) {
        out.writeInt(positions.get(entry));
      }
    }
    out.write(packHash);
    out.finish();
  }
}
