package io.repackd.pack;

import io.repackd.objectdir.BigEndian;
import org.jspecify.annotations.Nullable;

/** Some of the objects, which stand in the order of their ids in a part of a table. For several threads. */
final class ShareOrder implements ObjectOrder {
  private final EntryTable entries;
  private final IntTable sorted;
  private final long first;
  private final long length;

  /** Where the ids with each first byte begin. There may be thousands of shares, so only those have it that are at work. */
  private volatile long @Nullable [] starts;

  /**
   * An order.
   *
   * @param first where in the table they begin
   * @param length how many they are
   */
  ShareOrder(EntryTable entries, IntTable sorted, long first, long length) {
    this.entries = entries;
    this.sorted = sorted;
    this.first = first;
    this.length = length;
  }

  @Override
  public long count(int firstByte) {
    long[] found = starts();
    return found[firstByte + 1] - found[firstByte];
  }

  @Override
  public long entry(int firstByte, long i) {
    return sorted.getUnsigned(first + starts()[firstByte] + i);
  }

  private long[] starts() {
    long[] known = starts;
    if (known != null) {
      return known;
    }
    long[] found = new long[FirstByteBins.FIRST_BYTES + 1];
    for (int firstByte = 0; firstByte < FirstByteBins.FIRST_BYTES; firstByte++) {
      found[firstByte + 1] = firstAfter(firstByte, found[firstByte]);
    }
    starts = found;
    return found;
  }

  private long firstAfter(int firstByte, long from) {
    long low = from;
    long high = length;
    while (low < high) {
      long middle = low + high >>> 1;
      if (firstByteOf(sorted.getUnsigned(first + middle)) <= firstByte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int firstByteOf(long entry) {
    int source = entries.sourceOf(entry);
    return BigEndian.uint8(entries.ids(source), entries.idOffset(source, entry));
  }
}
