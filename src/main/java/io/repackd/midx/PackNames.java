package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The names of packs in a multi-pack-index: those of their indexes, ordered by bytes. */
final class PackNames {
  private static final String SUFFIX = ".idx";

  /** The order of the PNAM chunk: that of the bytes, which is not that of Java's strings beyond the BMP. */
  static final Comparator<String> ORDER =
      Comparator.comparing(PackNames::bytes, Arrays::compareUnsigned);

  private PackNames() {}

  static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads the PNAM chunk.
   *
   * @throws CorruptFileException if names are missing or out of order, or one would lead out of the pack directory
   */
  static List<String> read(MemorySegment chunk, long count, Path path) throws CorruptFileException {
    if (count > chunk.byteSize()) {
      throw new CorruptFileException(
          path, "%d names do not fit in chunk PNAM of %d bytes".formatted(count, chunk.byteSize()));
    }
    List<String> names = new ArrayList<>((int) count);
    byte[] previous = {};
    long at = 0;
    for (long i = 0; i < count; i++) {
      long end = at;
      while (end < chunk.byteSize() && chunk.get(ValueLayout.JAVA_BYTE, end) != 0) {
        end++;
      }
      if (end == chunk.byteSize()) {
        throw new CorruptFileException(path, "the name of pack %d does not end".formatted(i));
      }
      byte[] bytes = chunk.asSlice(at, end - at).toArray(ValueLayout.JAVA_BYTE);
      String name = new String(bytes, StandardCharsets.UTF_8);
      if (!name.endsWith(SUFFIX) || name.indexOf('/') >= 0 || name.length() == SUFFIX.length()) {
        throw new CorruptFileException(
            path, "pack %d has the name \"%s\", which no pack index has".formatted(i, name));
      }
      if (i > 0 && Arrays.compareUnsigned(previous, bytes) >= 0) {
        throw new CorruptFileException(
            path, "the name of pack %d, \"%s\", is out of order".formatted(i, name));
      }
      names.add(name);
      previous = bytes;
      at = end + 1;
    }
    return names;
  }
}
