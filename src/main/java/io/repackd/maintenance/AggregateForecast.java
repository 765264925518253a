package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
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
  private static final AggregatePlan NO_PLAN =
      new AggregatePlan(Optional.empty(), List.of(), List.of(), List.of());

  /** There would be no round. */
  static AggregateForecast obstacle(String why) {
    return new AggregateForecast(Optional.of(why), NO_PLAN, LooseForecast.NOTHING);
  }

  /** Whether the round would write no pack, so that the cycle finds the packs which are there now. */
  boolean leavesPacksAsTheyAre() {
    return plan.bundles().isEmpty() && loose.pack() == 0;
  }

  /** Whether a pack would be in a bundle, and so in no index. */
  boolean bundles(String pack) {
    return plan.bundles().stream()
        .map(Bundle::packs)
        .flatMap(List::stream)
        .anyMatch(bundled -> bundled.name().equals(pack));
  }
}
