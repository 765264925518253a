package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.IdSearch;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Asks a multi-pack-index for every object of many packs.
 *
 * <p>The ids are divided into ranges, on all cores, and within a range one pack comes after the other: so the part of the index
 * that is searched stays in the cache.
 */
public final class OwnerSearch {
  private static final long MAX_RANGE = 1L << 17;

  private OwnerSearch() {}

  /** Takes the answers, from several threads at once. */
  public interface Answers {
    /**
     * Takes one answer.
     *
     * @param pack which of the packs has the object
     * @param position where its index has it
     * @param found where the multi-pack-index has it; negative if it does not know the object
     */
    void accept(int pack, long position, long found) throws IOException;
  }

  /**
   * Asks for every object of some packs.
   *
   * @throws CorruptFileException if the index is malformed
   * @throws IOException if one was thrown by the taker
   */
  public static void search(
      MultiPackIndex index, List<PackIndex> packs, Answers answers, Cancellation cancellation)
      throws IOException {
    List<IdRange> ranges = IdRange.divide(List.of(index), MAX_RANGE);
    try {
      IntStream.range(0, ranges.size())
          .parallel()
          .forEach(i -> {
            cancellation.check();
            try {
              search(index, ranges.get(i), packs, answers);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void search(
      MultiPackIndex index, IdRange range, List<PackIndex> packs, Answers answers)
      throws IOException {
    long low = range.start(index);
    long high = range.end(index);
    for (int i = 0; i < packs.size(); i++) {
      PackIndex pack = packs.get(i);
      long end = range.end(pack);
      for (long position = range.start(pack); position < end; position++) {
        answers.accept(
            i, position, IdSearch.find(index, low, high, pack.file(), pack.idOffset(position)));
      }
    }
  }
}
