package io.repackd.pack;

import io.repackd.objectdir.ZlibHead;
import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.lang.foreign.ValueLayout;

/**
 * Makes good for haste: has objects compressed anew that are stored whole and were compressed with less effort than a pack should
 * be. Git compresses loose objects with the least, and when they are bundled they are copied as they are.
 *
 * <p>In the new pack they say that they are compressed well, so that is done once. It is done after the search for deltas, which
 * so finds them worse than they will be.
 */
final class HastyCompression {
  /** What {@code pack.compression} is where it is not set: zlib's own default. */
  private static final int DEFAULT_LEVEL = 6;

  private static final long CHECK_EVERY = 1 << 16;

  private HastyCompression() {}

  /**
   * Finds such entries. Large ones stay as they are: one thread would have to do them.
   *
   * @param level what a pack should be compressed with, -1 to 9; with 0 all is well as it is
   * @throws CorruptFileException if an entry is malformed
   */
  static void makeGood(EntryTable entries, int level, Cancellation cancellation)
      throws CorruptFileException {
    int wanted = level < 0 ? DEFAULT_LEVEL : level;
    EntryHeader header = new EntryHeader();
    for (int source = 0; source < entries.sources().size(); source++) {
      if (!(entries.sources().get(source) instanceof Packed packed)) {
        continue;
      }
      PackFile pack = packed.pack();
      for (long entry = entries.firstEntry(source);
          entry < entries.firstEntry(source + 1);
          entry++) {
        if (entry % CHECK_EVERY == 0) {
          cancellation.check();
        }
        if (entries.written(entry) && entries.base(entry) == EntryTable.WHOLE) {
          header.read(pack, entries.sourceOffset(entry));
          long end = entries.sourceEnd(source, packed, entry);
          if (header.size() <= EntryBatch.MAX_CHAIN_BYTES
              && end - header.body() <= EntryBatch.MAX_HELD_BYTES
              && isHasty(pack, header.body(), end, wanted)) {
            entries.setBase(entry, EntryTable.REWRITE);
          }
        }
      }
      entries.readThrough(packed);
    }
  }

  private static boolean isHasty(PackFile pack, long body, long end, int level) {
    if (end - body < ZlibHead.BYTES) {
      return false; // it will be found to be damaged
    }
    byte first = pack.data().get(ValueLayout.JAVA_BYTE, body);
    byte second = pack.data().get(ValueLayout.JAVA_BYTE, body + 1);
    return ZlibHead.isOne(first, second) && !ZlibHead.isAsGoodAs(second, level);
  }
}
