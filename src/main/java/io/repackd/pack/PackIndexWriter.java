package io.repackd.pack;

import java.io.IOException;

/**
 * Writes version 2 of a pack index. Source: gitformat-pack, "Version 2 pack-*.idx files".
 *
 * <p>The bytes are those that {@code git index-pack} writes for the same pack.
 */
final class PackIndexWriter {
  private static final long FIRST_LARGE_OFFSET = 1L << 31;

  private PackIndexWriter() {}

  static void write(EntryTable entries, IdOrder order, byte[] packHash, HashingOutput out)
      throws IOException {
    out.writeInt(PackIndexV2.MAGIC);
    out.writeInt(PackIndexV2.VERSION);
    writeFanout(order, out);
    for (long i = 0; i < order.count(); i++) {
      long entry = order.entry(i);
      PackIndex index = entries.indexOf(entries.sourceOf(entry));
      out.write(index.file(), index.idOffset(entries.position(entry)), packHash.length);
    }
    for (long i = 0; i < order.count(); i++) {
      out.writeInt(entries.checksum(order.entry(i)));
    }
    int large = 0;
    for (long i = 0; i < order.count(); i++) {
      long offset = entries.offset(order.entry(i));
      out.writeInt(offset < FIRST_LARGE_OFFSET ? (int) offset : PackIndexV2.LARGE | large++);
    }
    for (long i = 0; i < order.count(); i++) {
      long offset = entries.offset(order.entry(i));
      if (offset >= FIRST_LARGE_OFFSET) {
        out.writeLong(offset);
      }
    }
    out.write(packHash);
    out.finish();
  }

  private static void writeFanout(IdOrder order, HashingOutput out) throws IOException {
    long i = 0;
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      while (i < order.count() && order.firstByte(i) <= firstByte) {
        i++;
      }
      out.writeInt((int) i);
    }
  }
}
