package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.StoredPack;
import java.util.List;
import java.util.Optional;

/**
 * What the round of aggregation that a cycle begins with would do, found out without changing anything.
 *
 * @param obstacle why there would be no such round; empty if there would be one
 * @param plan what it would do with packs, the same as would be carried out
 * @param loose what it would do with loose objects
 */
public record AggregateForecast(
    Optional<String> obstacle, AggregatePlan plan, LooseForecast loose) {
  /** There would be no round. */
  static AggregateForecast obstacle(String why) {
    return new AggregateForecast(Optional.of(why), AggregatePlan.NOTHING, LooseForecast.NOTHING);
  }

  /** Whether a pack would be in a bundle, and so in no index. */
  boolean bundles(String pack) {
    return isIn(plan.bundles(), pack);
  }

  /** Whether a pack would be in a bundle, or left to the repack, and so in no index. */
  boolean takes(String pack) {
    return bundles(pack) || isIn(plan.toRepack(), pack);
  }

  /** The packs that the repack will take and no index lists until then. */
  List<StoredPack> unlisted() {
    return plan.toRepack().stream().map(Bundle::packs).flatMap(List::stream).toList();
  }

  private static boolean isIn(List<Bundle> bundles, String pack) {
    return bundles.stream()
        .map(Bundle::packs)
        .flatMap(List::stream)
        .anyMatch(bundled -> bundled.name().equals(pack));
  }
}
