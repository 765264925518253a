package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import io.repackd.objectdir.Sidecar;
import java.util.Comparator;
import java.util.List;

/**
 * Which of the packs of one class are put together, and which are not, each with the reason.
 *
 * @param taken in any order
 * @param left in any order
 */
record RepackChoice(List<Taken> taken, List<LeftAlone> left) {
  static final String SEARCH_AGAIN = "it was bundled without a search for deltas";

  static final Comparator<PackView> OLDEST_FIRST =
      Comparator.comparingLong((PackView view) -> view.pack().data().modifiedSeconds())
          .thenComparing(view -> view.pack().name());

  RepackChoice {
    taken = List.copyOf(taken);
    left = List.copyOf(left);
  }

  static final String LEFT_TO_REPACK = "it was left to the repack instead of being bundled";

  /**
   * Whether a pack has deltas that nobody searched for, or whole objects that nobody searched deltas for; or would be in one that
   * has if it had not been left to the repack.
   */
  static boolean marked(PackView view) {
    return view.unlisted() || view.pack().has(Sidecar.BAD_DELTAS);
  }

  /** Why a marked pack is taken. */
  static String reasonOfMarked(PackView view) {
    return view.unlisted() ? LEFT_TO_REPACK : SEARCH_AGAIN;
  }

  static long saturatedSum(long a, long b) {
    long sum = a + b;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }
}
