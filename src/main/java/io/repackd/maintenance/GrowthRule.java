package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.StoredPack;
import java.util.List;

/**
 * Says how many of the smallest packs are worth copying into one.
 *
 * <p>As many as possible, the smallest first, of which the largest is no larger than all the others together. So a pack that is
 * copied comes to lie in a bundle at least twice its size, save for what the packs have in common, which is copied once: a byte
 * is copied at most log2(M / s) + 1 times until it lies in a bundle of M bytes, which is too large for this, if the pack that
 * brought it had s. From a push of 64 KiB to 512 MiB that is 14 times at most, however many rounds there are in between. Were all
 * bundled each time, 8192 such pushes would be copied 4096 times each, on the average.
 *
 * <p>That leaves few packs: in ascending order each of those which are left is larger than all before it together, so that there
 * are at most log2 of their whole size many. It leaves those, besides, which have no room in a bundle with another of their size:
 * larger than half of M, they are for the repack.
 *
 * @param least how many packs there have to be
 * @param packs how many there may be
 * @param objects how many objects they may have together
 * @param bytes how large they may be together
 */
record GrowthRule(int least, int packs, long objects, long bytes) {
  /** Fewer are no bundle. */
  private static final int TWO = 2;

  /**
   * What is taken.
   *
   * @param take how many packs, from the smallest on; 0 if it is not worth it
   * @param fit how many there is room for in a round
   */
  record Choice(int take, int fit) {}

  /**
   * Chooses.
   *
   * @param ascending the packs, by size
   */
  Choice choose(List<StoredPack> ascending, HashAlgorithm hash) {
    long sumBytes = 0;
    long sumObjects = 0;
    int take = 0;
    int fit = 0;
    for (StoredPack pack : ascending) {
      long size = pack.data().bytes();
      long before = sumBytes;
      sumBytes += size;
      sumObjects += objects(pack, hash);
      if (fit == packs || sumBytes > bytes || sumObjects > objects) {
        break;
      }
      fit++;
      if (size <= before) {
        take = fit;
      }
    }
    return new Choice(take >= Math.max(least, TWO) ? take : 0, fit);
  }

  /**
   * How many objects a pack has, from the size of its index: exactly, if that is of version 2 and the pack smaller than 2 GiB;
   * else a little wrong, which does no harm where it only bounds the work. Source: gitformat-pack.
   */
  static long objects(StoredPack pack, HashAlgorithm hash) {
    return Math.max(0, (pack.index().bytes() - indexBytes(0, hash)) / bytesForEach(hash));
  }

  /** How long the index of version 2 is of a pack smaller than 2 GiB that has so many objects, in bytes. */
  static long indexBytes(long objects, HashAlgorithm hash) {
    long headerAndFanout = 8 + 256 * 4;
    return headerAndFanout + 2L * hash.length() + objects * bytesForEach(hash);
  }

  private static long bytesForEach(HashAlgorithm hash) {
    return hash.length() + 4 + 4;
  }
}
