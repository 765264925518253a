package io.repackd.objectdir;

/**
 * The two bytes with which a zlib stream begins.
 *
 * <p>Source of the format: RFC 1950, 2.2. The second byte also has two bits for how much effort was made; what they stand for in
 * levels is what zlib writes.
 */
public final class ZlibHead {
  /** The length of it. */
  public static final int BYTES = 2;

  private static final int DEFLATE = 8;
  private static final int LARGEST_WINDOW = 7;
  private static final int CHECK = 31;
  private static final int NEEDS_DICTIONARY = 1 << 5;
  private static final int EFFORT_SHIFT = 6;

  private ZlibHead() {}

  /**
   * Whether a deflate stream follows these two bytes, one which needs no dictionary, and may refer back as far as any stream can.
   * Others are read, too; but whether they keep to what they say is found out by few who inflate them, and git writes none.
   */
  public static boolean isOne(byte first, byte second) {
    int method = first & 0xff;
    int flags = second & 0xff;
    return (method & 0xf) == DEFLATE
        && method >>> 4 == LARGEST_WINDOW
        && (method << Byte.SIZE | flags) % CHECK == 0
        && (flags & NEEDS_DICTIONARY) == 0;
  }

  /**
   * Whether as much effort was made as zlib makes with a level.
   *
   * @param second the second byte of the head
   * @param level 0 to 9
   */
  public static boolean isAsGoodAs(byte second, int level) {
    int effort = level < 2 ? 0 : level < 6 ? 1 : level == 6 ? 2 : 3;
    return (second & 0xff) >>> EFFORT_SHIFT >= effort;
  }
}
