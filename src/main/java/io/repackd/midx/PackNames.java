package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import java.io.IOException;
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

  /** The longest name that Linux has for a file. */
  private static final int MAX_NAME_BYTES = 255;

  /** Names are kept on the heap, so there is a limit. A process has fewer mappings than that, and each pack takes one. */
  private static final int MAX_PACKS = 100_000;

  /** The order of the PNAM chunk: that of the bytes in UTF-8, which is that of the code points. */
  static final Comparator<String> ORDER = PackNames::compare;

  private PackNames() {}

  static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private static int compare(String left, String right) {
    int length = Math.min(left.length(), right.length());
    for (int i = 0; i < length; i++) {
      if (left.charAt(i) != right.charAt(i)) {
        return Integer.compare(left.codePointAt(i), right.codePointAt(i));
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  /**
   * Reads the PNAM chunk.
   *
   * @throws CorruptFileException if names are missing or out of order, or one would lead out of the pack directory
   * @throws UnsupportedIndexException if there are more than 100,000 names, or one is not UTF-8
   */
  static List<String> read(MemorySegment chunk, long count, Path path) throws IOException {
    if (count > MAX_PACKS) {
      throw new UnsupportedIndexException(
          "leaving %s alone: it lists %d packs, and repackd takes %d"
              .formatted(path, count, MAX_PACKS));
    }
    List<String> names = new ArrayList<>();
    byte[] previous = {};
    long at = 0;
    for (int i = 0; i < count; i++) {
      byte[] bytes = readBytes(chunk, at, i, path);
      names.add(decode(bytes, i, path));
      if (i > 0 && Arrays.compareUnsigned(previous, bytes) >= 0) {
        throw new MalformedIndexException(
            Fault.Type.PACK_NAME_ORDER,
            path,
            "the name of pack %d, \"%s\", is out of order".formatted(i, names.get(i)));
      }
      previous = bytes;
      at += bytes.length + 1;
    }
    return names;
  }

  private static byte[] readBytes(MemorySegment chunk, long at, int number, Path path)
      throws CorruptFileException {
    long limit = Math.min(chunk.byteSize(), at + MAX_NAME_BYTES + 1);
    long end = at;
    while (end < limit && chunk.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    if (end >= limit) {
      throw new MalformedIndexException(
          Fault.Type.PACK_NAME, path, "the name of pack %d does not end".formatted(number));
    }
    return chunk.asSlice(at, end - at).toArray(ValueLayout.JAVA_BYTE);
  }

  private static String decode(byte[] bytes, int number, Path path) throws IOException {
    String name = new String(bytes, StandardCharsets.UTF_8);
    if (!Arrays.equals(bytes(name), bytes)) {
      throw new UnsupportedIndexException(
          "leaving %s alone: the name of pack %d, \"%s\", is not UTF-8"
              .formatted(path, number, name));
    }
    if (!name.endsWith(SUFFIX) || name.indexOf('/') >= 0 || name.length() == SUFFIX.length()) {
      throw new MalformedIndexException(
          Fault.Type.PACK_NAME,
          path,
          "pack %d has the name \"%s\", which no pack index has".formatted(number, name));
    }
    return name;
  }
}
