package io.repackd.pack;

import java.io.IOException;

/**
 * Writes version 2 of a pack index. Source: gitformat-pack, "Version 2 pack-*.idx files".
 *
 * <p>The bytes are those that {@code git index-pack} writes for the same pack.
 */
final class PackIndexWriter {
  private static final long FIRST_LARGE_OFFSET = 1L << 31;

  private final EntryTable entries;
  private final HashingOutput out;
  private int largeOffsets;

  private PackIndexWriter(EntryTable entries, HashingOutput out) {
    this.entries = entries;
    this.out = out;
  }

  static void write(EntryTable entries, IdOrder order, byte[] packHash, HashingOutput out)
      throws IOException {
    out.writeInt(PackIndexV2.MAGIC);
    out.writeInt(PackIndexV2.VERSION);
    long count = 0;
    for (int firstByte = 0; firstByte < PackIndex.FANOUT_ENTRIES; firstByte++) {
      count += order.count(firstByte);
      out.writeInt((int) count);
    }
    order.forEach(entry -> {
      int source = entries.sourceOf(entry);
      out.write(entries.ids(source), entries.idOffset(source, entry), packHash.length);
    });
    order.forEach(entry -> out.writeInt(entries.checksum(entry)));
    new PackIndexWriter(entries, out).writeOffsets(order);
    out.write(packHash);
    out.finish();
  }

  private void writeOffsets(IdOrder order) throws IOException {
    order.forEach(entry -> {
      long offset = entries.offset(entry);
      out.writeInt(offset < FIRST_LARGE_OFFSET ? (int) offset : PackIndexV2.LARGE | largeOffsets++);
    });
    order.forEach(entry -> {
      if (entries.offset(entry) >= FIRST_LARGE_OFFSET) {
        out.writeLong(entries.offset(entry));
      }
    });
  }
}
