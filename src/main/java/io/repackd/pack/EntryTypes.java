package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import java.io.IOException;
import java.util.Arrays;

/** Finds the types of deltas by id whose bases come after them, which collecting the entries leaves open. */
final class EntryTypes {
  private EntryTypes() {}

  /**
   * Finds them all. While this runs, a delta's base is still the one that its source says.
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
}
