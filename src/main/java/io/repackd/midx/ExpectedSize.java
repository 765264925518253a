package io.repackd.midx;

/**
 * The size that a pack's objects will have in a new pack: that part of its file which belongs to the objects it still owns.
 *
 * <p>Git's arithmetic, since 2.50, to the bit: fixed point with 14 binary places, rounded. Where git would give up because
 * a product does not fit 64 bits, the answer is the largest number there is.
 */
public final class ExpectedSize {
  private static final int FRACTION_BITS = 14;
  private static final long HALF = 1L << FRACTION_BITS - 1;

  private ExpectedSize() {}

  /**
   * The expected size.
   *
   * @param owned how many objects the index assigns to the pack
   * @param objects how many objects the pack has, at least 1
   * @param packBytes the size of the {@code .pack} file
   * @return bytes, at most {@link Long#MAX_VALUE}
   */
  public static long of(long owned, long objects, long packBytes) {
    long share = (owned << FRACTION_BITS) / objects;
    if (Math.unsignedMultiplyHigh(share, packBytes) != 0) {
      return Long.MAX_VALUE;
    }
    long product = share * packBytes;
    if (Long.compareUnsigned(product + HALF, product) < 0) {
      return Long.MAX_VALUE;
    }
    return product + HALF >>> FRACTION_BITS;
  }
}
