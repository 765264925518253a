package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which objects of packs that own nothing no other pack could cover, because those to which the index leads are of another class, say:
 * such a pack can only go when it is repacked.
 *
 * <p>Of several packs like that the youngest is needed. So what was repacked is covered by what was made of it, and that stays.
 */
final class OnlyCopies {
  private static final Comparator<StoredPack> OLDEST_FIRST =
      Comparator.comparingLong((StoredPack pack) -> pack.data().modifiedSeconds())
          .thenComparing(StoredPack::name);

  private final StandIns standIns;

  // By number among those that the index lists and that are there, the youngest first.

  private final int[] numbers;
  private final boolean[] owns;
  private final IndexesOnDemand opened;

  /** For each of the packs that are asked for: which of these are younger. */
  private final int[] younger;

  /**
   * Opens no pack yet.
   *
   * @param there all packs that are there
   * @param asked the packs that are asked for
   * @param standIns knows them in the same order
   * @param arena a shared one, which ends the mappings
   */
  OnlyCopies(
      ObjectDirectory directory,
      MultiPackIndex index,
      OwnerCounts owners,
      List<StoredPack> there,
      List<PackView> asked,
      StandIns standIns,
      Arena arena) {
    this.standIns = standIns;
    Map<String, Integer> byName = new HashMap<>();
    for (String name : index.packNames()) {
      byName.put(name, byName.size());
    }
    List<StoredPack> youngestFirst =
        there.stream()
            .filter(pack -> byName.containsKey(pack.indexName()))
            .sorted(OLDEST_FIRST.reversed())
            .toList();
    numbers =
        youngestFirst.stream().mapToInt(pack -> byName.getOrDefault(pack.indexName(), 0)).toArray();
    owns = new boolean[numbers.length];
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < owns.length; i++) {
      String name = youngestFirst.get(i).indexName();
      owns[i] = owners.of(name) > 0;
      places.put(name, i);
    }
    opened = new IndexesOnDemand(numbers.length, youngestFirst::get, directory.hash(), arena);
    younger =
        asked.stream().mapToInt(view -> places.getOrDefault(view.pack().indexName(), 0)).toArray();
  }

  /**
   * Answers. May be called by several threads.
   *
   * @param pack which of the packs that are asked for
   * @param own its index
   * @param position where that has the object
   */
  boolean isOnly(int pack, PackIndex own, long position) throws IOException {
    for (int i = 0; i < numbers.length; i++) {
      if ((owns[i] || i < younger[pack])
          && standIns.covers(numbers[i], pack)
          && opened.get(i).find(own.file(), own.idOffset(position)) >= 0) {
        return false;
      }
    }
    return true;
  }
}
