package io.repackd.midx;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** Version 2 pack indexes with ids and offsets of one's choice, without a pack. The ids are given as hexadecimal text. */
final class SyntheticIndex {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  private SyntheticIndex() {}

  /** An object of a pack. */
  record Entry(String id, long offset) {
    int firstByte() {
      return Integer.parseInt(id.substring(0, 2), 16);
    }
  }

  /** Opens an index with these entries, which are in order as far as they are to be. */
  static PackIndex open(String name, List<Entry> entries, Arena arena) throws IOException {
    byte[] bytes = bytes(entries);
    MemorySegment file = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    return PackIndex.open(file, HASH, Path.of(name));
  }

  private static byte[] bytes(List<Entry> entries) {
    int count = entries.size();
    int large = (int) entries.stream().filter(entry -> entry.offset >= 1L << 31).count();
    ByteBuffer index = ByteBuffer.allocate(8 + 1024 + count * 28 + large * 8 + 40);
    index.putInt(0xff744f63).putInt(2);
    for (int i = 0; i < 256; i++) {
      int firstByte = i;
      index.putInt((int) entries.stream().filter(entry -> entry.firstByte() <= firstByte).count());
    }
    entries.forEach(entry -> index.put(HexFormat.of().parseHex(entry.id)));
    index.position(index.position() + count * 4); // checksums, which nobody asks for here
    int next = 0;
    for (Entry entry : entries) {
      index.putInt(entry.offset < 1L << 31 ? (int) entry.offset : 0x80000000 | next++);
    }
    entries.stream()
        .filter(entry -> entry.offset >= 1L << 31)
        .forEach(entry -> index.putLong(entry.offset));
    return index.array();
  }
}
