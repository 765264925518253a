package io.repackd.bench;

import java.util.random.RandomGenerator;

/** How many objects of its own each pack of a synthetic sample gets. */
enum PackSizes {
  /** All packs alike. */
  EVEN {
    @Override
    long[] of(long objects, int packs, RandomGenerator random) {
      long[] sizes = new long[packs];
      for (int i = 0; i < packs; i++) {
        sizes[i] = objects * (i + 1) / packs - objects * i / packs;
      }
      return sizes;
    }
  },

  /** By Zipf's law: the oldest pack, as a clone leaves it, is the largest, and the others come in any order. */
  SKEWED {
    @Override
    long[] of(long objects, int packs, RandomGenerator random) {
      double harmonic = 0;
      for (int rank = 1; rank <= packs; rank++) {
        harmonic += 1.0 / rank;
      }
      long[] sizes = new long[packs];
      long left = objects;
      for (int i = 1; i < packs; i++) {
        sizes[i] = Math.max(1, (long) (objects / harmonic / (i + 1)));
        left -= sizes[i];
      }
      sizes[0] = left;
      for (int i = packs - 1; i > 1; i--) {
        int other = random.nextInt(1, i + 1);
        long size = sizes[i];
        sizes[i] = sizes[other];
        sizes[other] = size;
      }
      return sizes;
    }
  };

  /**
   * Shares out objects.
   *
   * @return one number a pack, oldest first, at least 1 each if there are enough; their sum is that of the objects
   */
  abstract long[] of(long objects, int packs, RandomGenerator random);
}
