package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.util.Arrays;

/** The types of deltas: an entry's head does not tell them. */
final class EntryTypes {
  private static final long CHECK_EVERY = 1 << 16;

  private EntryTypes() {}

  /**
   * Finds those that collecting the entries leaves open: of deltas by id whose bases come after them. While this runs, a delta's base is still the one that its source says.
   *
   * @throws CorruptFileException if a delta is built upon itself
   */
  static void complete(EntryTable entries) throws IOException {
    long[] path = new long[64];
    for (int source = 0; source < entries.sources().size(); source++) {
      if (!(entries.sources().get(source) instanceof Packed packed)) {
        continue;
      }
      long end = entries.firstEntry(source + 1);
      for (long entry = entries.firstEntry(source); entry < end; entry++) {
        int length = 0;
        long next = entry;
        while (entries.type(next) == 0) {
          if (length > end - entries.firstEntry(source)) {
            throw new CorruptFileException(
                packed.pack().path(),
                "the delta at %d is built upon itself".formatted(entries.sourceOffset(entry)));
          }
          if (length == path.length) {
            path = Arrays.copyOf(path, length * 2);
          }
          path[length++] = next;
          next = entries.base(next);
        }
        int type = entries.type(next);
        while (length > 0) {
          entries.setType(path[--length], type);
        }
      }
    }
  }

  /**
   * Makes sure that each delta is of the type of what it builds upon, once it is settled which copy that is.
   *
   * @throws CorruptFileException if two packs give one id to objects of two types
   */
  static void requireSame(EntryTable entries, Cancellation cancellation)
      throws CorruptFileException {
    for (long entry = 0; entry < entries.count(); entry++) {
      if (entry % CHECK_EVERY == 0) {
        cancellation.check();
      }
      if (!entries.written(entry) || !entries.isDelta(entry)) {
        continue;
      }
      long base = entries.chosen(entries.base(entry));
      if (entries.type(base) != entries.type(entry)
          && entries.sources().get(entries.sourceOf(entry)) instanceof Packed packed) {
        throw new CorruptFileException(
            packed.pack().path(),
            "object %s is of type %d here, and of type %d in another pack"
                .formatted(entries.idHex(base), entries.type(entry), entries.type(base)));
      }
    }
  }
}
