package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The strategy {@code geometric}: puts together as few of the smallest packs as are needed for each pack to have at least twice as
 * many objects as the next smaller one. Objects are counted as a repack would take them, so that a pack whose objects are mostly
 * found elsewhere counts as small as it would be.
 *
 * <p>In the order of their objects, 100, 150, 500 and 1200: the progression breaks at 150, which is less than twice 100. The two
 * are put together, and their 250 stand well before 500. With 300 in the place of the 500, that would be taken, too, and then
 * the 1200 would stay, because it is more than twice 550. So the number of packs grows with the logarithm of the number of
 * objects; and because what an object lies in becomes at least half as large again each time it is copied, so does the number of
 * times that each is copied.
 *
 * <p>Where deltas are searched, a pack that was bundled without a search is taken wherever it stands. That may break the
 * progression above it, so it is taken into account before it is settled how far up packs are taken.
 *
 * <p>Source: the documentation of {@code git repack --geometric}, and gitgitgadget PR 2146 for packs with {@code .baddeltas}.
 *
 * @param search whether deltas are searched
 */
record GeometricRule(boolean search) {
  /** As git's maintenance has it. */
  static final int FACTOR = 2;

  private static final Comparator<PackView> FEWEST_FIRST =
      Comparator.comparingLong(PackView::taken).thenComparing(RepackChoice.OLDEST_FIRST);

  /** Chooses among the packs of a class that may be taken. */
  RepackChoice choose(List<PackView> eligible) {
    List<PackView> ascending = eligible.stream().sorted(FEWEST_FIRST).toList();
    int split = split(ascending);
    List<Taken> taken = new ArrayList<>();
    List<PackView> above = new ArrayList<>();
    for (int i = 0; i < ascending.size(); i++) {
      PackView view = ascending.get(i);
      if (i < split) {
        taken.add(new Taken(view, "the progression breaks at it or above it"));
      } else if (search && RepackChoice.marked(view)) {
        taken.add(new Taken(view, RepackChoice.reasonOfMarked(view)));
      } else {
        above.add(view);
      }
    }
    int joined = join(taken, above);
    List<LeftAlone> left = new ArrayList<>();
    for (PackView view : above.subList(joined, above.size())) {
      left.add(new LeftAlone(view, reasonToStay(view, ascending)));
    }
    return new RepackChoice(taken, left);
  }

  /** The position from which on each pack has twice as many objects as the one before it. */
  private static int split(List<PackView> ascending) {
    for (int i = ascending.size() - 1; i > 0; i--) {
      if (twice(ascending.get(i - 1).taken()) > ascending.get(i).taken()) {
        return i + 1;
      }
    }
    return 0;
  }

  /** Takes of the others, too, what has less than twice as many objects as all that is taken; says how many. */
  private static int join(List<Taken> taken, List<PackView> above) {
    if (taken.isEmpty()) {
      return 0;
    }
    long total = taken.stream().mapToLong(each -> each.pack().taken()).sum();
    int joined = 0;
    while (joined < above.size() && above.get(joined).taken() < twice(total)) {
      PackView view = above.get(joined);
      taken.add(new Taken(view, "what is taken has more than half as many objects"));
      total = RepackChoice.saturatedSum(total, view.taken());
      joined++;
    }
    return joined;
  }

  private static String reasonToStay(PackView view, List<PackView> ascending) {
    return ascending.getFirst().equals(view)
        ? "it is the smallest, and the next has at least twice as many objects"
        : "it has at least twice as many objects as the next smaller one";
  }

  private static long twice(long objects) {
    return RepackChoice.saturatedSum(objects, objects * (FACTOR - 1));
  }
}
