package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Whether an object of a pack that is repacked may be left to another pack, which has it, too, and is not: when the repacked one goes,
 * that one has to cover it ({@link Coverage}). Knows a number and an age of each pack, however many there are. May be asked by several
 * threads.
 *
 * <p>Where a pack owns nothing, the ages make no difference: when it goes, what covers it {@linkplain Expiry becomes as young}.
 */
final class StandIns {
  private static final int NONE = -1;

  private final int mostReaders;

  // By number in the index; and of the packs that are repacked, in their order.

  private final int[] sortOfOther;
  private final long[] modifiedSecondsOfOther;
  private final int[] sortOfOne;
  private final long[] modifiedSecondsOfOne;
  private final int[] numberOfOne;
  private final boolean[] nothingOwned;

  private final List<CoverSort> sorts = new ArrayList<>();
  private final Map<CoverSort, Integer> sortNumbers = new HashMap<>();

  /** By the sorts of a pack that is repacked and of another one: whether that covers it. */
  private final boolean[][] covering;

  /**
   * Looks at all of them.
   *
   * @param indexNames the packs of an index, by number
   * @param there all packs that are there
   * @param repacked the packs that are repacked
   */
  StandIns(
      ObjectDirectory directory,
      List<String> indexNames,
      List<StoredPack> there,
      List<PackView> repacked)
      throws IOException {
    mostReaders = directory.traits().permissions().mostReaders();
    Map<String, StoredPack> byIndexName =
        there.stream().collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    Map<String, Integer> numbers = new HashMap<>();
    sortOfOther = new int[indexNames.size()];
    modifiedSecondsOfOther = new long[sortOfOther.length];
    for (int i = 0; i < sortOfOther.length; i++) {
      numbers.put(indexNames.get(i), i);
      StoredPack pack = byIndexName.get(indexNames.get(i));
      sortOfOther[i] = NONE;
      if (pack != null && !pack.has(Sidecar.MTIMES)) {
        sortOfOther[i] = numberOf(CoverSort.of(pack));
        modifiedSecondsOfOther[i] = pack.data().modifiedSeconds();
      }
    }
    sortOfOne = new int[repacked.size()];
    modifiedSecondsOfOne = new long[sortOfOne.length];
    numberOfOne = new int[sortOfOne.length];
    nothingOwned = new boolean[sortOfOne.length];
    for (int i = 0; i < sortOfOne.length; i++) {
      PackView view = repacked.get(i);
      StoredPack pack = view.pack();
      sortOfOne[i] = numberOf(CoverSort.of(pack).limitedTo(mostReaders));
      nothingOwned[i] = view.owned() == 0;
      modifiedSecondsOfOne[i] = nothingOwned[i] ? Long.MIN_VALUE : pack.data().modifiedSeconds();
      numberOfOne[i] = numbers.getOrDefault(pack.indexName(), NONE);
    }
    covering = new boolean[sorts.size()][sorts.size()];
    for (int one = 0; one < covering.length; one++) {
      for (int other = 0; other < covering.length; other++) {
        covering[one][other] = sorts.get(other).covers(sorts.get(one));
      }
    }
  }

  private int numberOf(CoverSort sort) {
    Integer known = sortNumbers.putIfAbsent(sort, sorts.size());
    if (known != null) {
      return known;
    }
    sorts.add(sort);
    return sorts.size() - 1;
  }

  /**
   * Answers.
   *
   * @param number of the other pack in the index
   * @param pack which of the repacked
   */
  boolean isLeft(int number, int pack) {
    return modifiedSecondsOfOther[number] >= modifiedSecondsOfOne[pack] && covers(number, pack);
  }

  /** Whether the other pack is another, and covers whatever it has of a pack, at any age. */
  boolean covers(int number, int pack) {
    return number != numberOfOne[pack]
        && sortOfOther[number] != NONE
        && covering[sortOfOne[pack]][sortOfOther[number]];
  }

  /**
   * Whether all that a pack has is left to others for sure: then nothing need be searched.
   *
   * @param owns by number in the index: whether a pack owns anything
   */
  boolean isAllLeft(int pack, boolean[] owns) {
    return nothingOwned[pack]
        && IntStream.range(0, owns.length).allMatch(i -> !owns[i] || covers(i, pack));
  }
}
