package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
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
  private static final Comparator<PackView> OLDEST_FIRST = RepackChoice.OLDEST_FIRST;

  private final ObjectDirectory directory;
  private final Arena arena;

  /** For each of the packs that are asked for: those that cover whatever they have of it. */
  private final List<List<PackView>> covers = new ArrayList<>();

  private final Map<PackView, PackIndex> opened = new HashMap<>();

  /**
   * Opens no pack yet.
   *
   * @param views all packs that are there of those that the index lists
   * @param asked the packs that are asked for
   * @param standIns knows them in the same order
   * @param arena a shared one, which ends the mappings
   */
  OnlyCopies(
      ObjectDirectory directory,
      MultiPackIndex index,
      List<PackView> views,
      List<PackView> asked,
      StandIns standIns,
      Arena arena) {
    this.directory = directory;
    this.arena = arena;
    Map<String, Integer> numbers = new HashMap<>();
    for (String name : index.packNames()) {
      numbers.put(name, numbers.size());
    }
    for (int i = 0; i < asked.size(); i++) {
      List<PackView> found = new ArrayList<>();
      for (PackView view : asked.get(i).owned() == 0 ? views : List.<PackView>of()) {
        Integer number = numbers.get(view.pack().indexName());
        if (number != null
            && standIns.covers(number, i)
            && (view.owned() > 0 || OLDEST_FIRST.compare(view, asked.get(i)) > 0)) {
          found.add(view);
        }
      }
      covers.add(found);
    }
  }

  /**
   * Answers. May be called by several threads.
   *
   * @param pack which of the packs that are asked for
   * @param position where its index has the object
   */
  boolean isOnly(int pack, PackIndex own, long position) throws IOException {
    for (PackView cover : covers.get(pack)) {
      if (index(cover).find(own.file(), own.idOffset(position)) >= 0) {
        return false;
      }
    }
    return true;
  }

  private synchronized PackIndex index(PackView view) throws IOException {
    PackIndex known = opened.get(view);
    if (known == null) {
      known = PackIndex.open(view.pack().index().path(), directory.hash(), arena);
      opened.put(view, known);
    }
    return known;
  }
}
