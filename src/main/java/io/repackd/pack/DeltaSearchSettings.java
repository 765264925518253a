package io.repackd.pack;

/**
 * How deltas are searched for.
 *
 * @param window with so many objects each is compared; 0 searches nothing. As {@code pack.window}
 * @param depth the longest chain of deltas that a new one may make, counted over those that are kept: 0 to 4095. As {@code
 *     pack.depth}
 * @param bigFileBytes an object of so many bytes, or more, is never made a delta, nor anything a delta upon it. As {@code
 *     core.bigFileThreshold}
 * @param threads how many search: from 1. What is found does not depend on it
 * @param memoryBytes how much memory the objects may take that are compared, in all threads together; what is too large for it is
 *     not compared, so what is found depends on it. As much as {@link #foundBytes} comes to it for what is found
 */
public record DeltaSearchSettings(
    int window, int depth, long bigFileBytes, int threads, long memoryBytes) {
  /** What git allows at most: more does not fit the tables of its readers. */
  public static final int MAX_DEPTH = 4095;

  /** What is compared gets so many times the memory that what is found gets. */
  private static final int TIMES_FOUND = 7;

  /** Git's own defaults, on all cores. */
  public static final DeltaSearchSettings DEFAULT =
      new DeltaSearchSettings(
          10, 50, 512L << 20, Runtime.getRuntime().availableProcessors(), 256L << 20);

  /**
   * Settings.
   *
   * @throws IllegalArgumentException if a number is out of range
   */
  public DeltaSearchSettings {
    if (window < 0 || depth < 0 || depth > MAX_DEPTH || bigFileBytes < 0) {
      throw new IllegalArgumentException(
          "no delta search has window %d, depth %d and objects below %d bytes"
              .formatted(window, depth, bigFileBytes));
    }
    if (threads < 1 || memoryBytes < 1) {
      throw new IllegalArgumentException(
          "no delta search has %d threads and %d bytes".formatted(threads, memoryBytes));
    }
  }

  /** How much memory the deltas may take that are found, until the pack is written, in bytes. There may be more of them. */
  public long foundBytes() {
    return memoryBytes / TIMES_FOUND;
  }

  /** Of so many bytes in all, those that are for the objects that are compared. */
  public static long memoryOf(long allBytes) {
    return allBytes / (TIMES_FOUND + 1) * TIMES_FOUND;
  }
}
