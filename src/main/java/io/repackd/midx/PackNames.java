package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.CorruptFileException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
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
   * @throws UnsupportedIndexException if there are more than 100,000 names, or one is not UTF-8 or none for files here
   */
  static List<String> read(MemorySegment chunk, long count, Path path) throws IOException {
    if (count > MAX_PACKS) {
      throw new UnsupportedIndexException(
          "leaving %s alone: it lists %d packs, and repackd takes %d"
              .formatted(path, count, MAX_PACKS));
    }
    // The order of all comes first, as for git: it dies of a wrong order, not of a wrong name.
    checkOrder(chunk, count, path);
    List<String> names = new ArrayList<>();
    long at = 0;
    for (int i = 0; i < count; i++) {
      long end = end(chunk, at, i, path);
      names.add(decode(chunk.asSlice(at, end - at), i, path));
      at = end + 1;
    }
    return names;
  }

  private static void checkOrder(MemorySegment chunk, long count, Path path)
      throws CorruptFileException {
    long previous = 0;
    long at = 0;
    for (int i = 0; i < count; i++) {
      long end = end(chunk, at, i, path);
      if (i > 0 && compare(chunk, previous, at) >= 0) {
        throw new MalformedIndexException(
            Fault.Type.PACK_NAME_ORDER,
            path,
            "the name of pack %d, \"%s\", is out of order".formatted(i, shown(chunk, at, end)));
      }
      previous = at;
      at = end + 1;
    }
  }

  /** Where the name ends that begins at a place. */
  private static long end(MemorySegment chunk, long at, int number, Path path)
      throws CorruptFileException {
    long end = at;
    while (end < chunk.byteSize() && chunk.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    if (end >= chunk.byteSize()) {
      throw new MalformedIndexException(
          Fault.Type.CHUNK_LENGTH,
          path,
          "chunk %s ends before the name of pack %d does"
              .formatted(ChunkTable.name(ChunkTable.PACK_NAMES), number));
    }
    return end;
  }

  /** Compares two names which both end in the chunk. */
  private static int compare(MemorySegment chunk, long left, long right) {
    long i = 0;
    while (true) {
      int leftByte = BigEndian.uint8(chunk, left + i);
      int rightByte = BigEndian.uint8(chunk, right + i);
      if (leftByte != rightByte || leftByte == 0) {
        return Integer.compare(leftByte, rightByte);
      }
      i++;
    }
  }

  /** As much of a name as fits in a message. */
  private static String shown(MemorySegment chunk, long at, long end) {
    long length = Math.min(end - at, MAX_NAME_BYTES);
    return new String(
        chunk.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  private static String decode(MemorySegment bytes, int number, Path path) throws IOException {
    String shown = shown(bytes, 0, bytes.byteSize());
    if (bytes.byteSize() > MAX_NAME_BYTES) {
      throw wrong(number, shown + "…", path);
    }
    byte[] raw = bytes.toArray(ValueLayout.JAVA_BYTE);
    String name = new String(raw, StandardCharsets.UTF_8);
    if (!Arrays.equals(bytes(name), raw) || !isFileName(name)) {
      throw new UnsupportedIndexException(
          "leaving %s alone: the name of pack %d, \"%s\", is not UTF-8, or none for files here"
              .formatted(path, number, shown));
    }
    if (!name.endsWith(SUFFIX) || name.indexOf('/') >= 0 || name.length() == SUFFIX.length()) {
      throw wrong(number, shown, path);
    }
    return name;
  }

  /** Whether the locale has all of its letters. */
  private static boolean isFileName(String name) {
    try {
      Path _ = Path.of(name);
      return true;
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static MalformedIndexException wrong(int number, String shown, Path path) {
    return new MalformedIndexException(
        Fault.Type.PACK_NAME,
        path,
        "pack %d has the name \"%s\", which no pack index has".formatted(number, shown));
  }
}
