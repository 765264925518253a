package io.repackd.pack;

/**
 * The price of a link in a chain of deltas: so many bytes longer may a delta be if the chain of its base has one link less.
 *
 * <p>Whoever reads an object makes everything in its chain before it, from the whole object at the end on: each link is the copy
 * of an object that is about as long. With the shortest deltas only, the blobs of 1,000 packs of one history had 14 links each in
 * the mean, and git took 1.7 times as long to read objects at random as from its own repack, where they had 1.5. With a price,
 * many versions build upon one, and that upon another, and a few bytes more go into each delta.
 *
 * <p>A few more links than git's cost nothing, because many objects share theirs and git keeps what it has made, as long as there
 * is room. That the chains of blobs take too much of that room may be why, with half the price, either sort was read faster than from git's
 * pack by itself, and both in turns were not.
 *
 * <p>The links of trees are cheaper: at three times the price the pack had 2 % more, and their chains were hardly shorter.
 */
final class LinkPrice {
  /**
   * To copy so many bytes of a blob less, once, a byte of the pack is given. Over those 1,000 packs, of which git makes 420 MiB:
   *
   * <pre>
   *         pack      links below a blob   copied for one   time to read at random, of git's pack 1
   *   120   124 MiB          4.6               308 KiB                    1.02
   *    90   127 MiB          4.3               295 KiB                    0.98
   *    75   129 MiB          4.1               288 KiB                    0.98
   *    60   132 MiB          3.9               261 KiB                    0.95
   * </pre>
   */
  private static final long BLOB_BYTES_FOR_ONE = 60;

  private static final long TREE_BYTES_FOR_ONE = 1000;

  /** What a link costs whatever is copied, such as an inflater: an estimate, and it matters little for large blobs. */
  private static final long LINK_BYTES = 1 << 13;

  /** More than any delta is long; and less than would overflow, times the longest chain. */
  private static final long MAX_BYTES = Integer.MAX_VALUE;

  private LinkPrice() {}

  /**
   * The price, in bytes of the pack.
   *
   * @param type of the object: 2 tree, 3 blob
   * @param bytes the length of the object: below 2^31
   * @param readers how many objects are read through the link: the object itself, and what is built upon it; below 2^32
   */
  static long bytes(int type, long bytes, long readers) {
    long copied = type == EntryHeader.TREE ? TREE_BYTES_FOR_ONE : BLOB_BYTES_FOR_ONE;
    long links = Math.min(readers, MAX_BYTES);
    return Math.min((bytes + LINK_BYTES) * links / copied, MAX_BYTES);
  }
}
