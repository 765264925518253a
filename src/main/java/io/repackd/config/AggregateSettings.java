package io.repackd.config;

import java.time.Duration;

/**
 * Settings of the aggregate step, which bundles new loose objects and small packs.
 *
 * @param enabled whether anything is bundled
 * @param interval how often it is looked, at least, whether there is something to bundle
 * @param minPacks how many small packs there have to be, at least, for them to be bundled: 2 or more
 * @param minLoose how many loose objects there have to be, at least, for them to be packed: 1 or more
 * @param minAge how long packs that were bundled, and loose objects that were packed, stay at least
 * @param maxPacks how many packs one round takes at most: 2 or more
 * @param maxLoose how many loose objects one round takes at most: 1 or more
 * @param maxObjects how many objects of packs one round takes at most: 1 or more
 * @param maxBytes how many bytes of packs one round takes at most; also the size from which a pack is left to the repack
 * @param promisor whether promisor packs are bundled, too, among themselves
 */
public record AggregateSettings(
    boolean enabled,
    Duration interval,
    int minPacks,
    int minLoose,
    Duration minAge,
    int maxPacks,
    int maxLoose,
    long maxObjects,
    long maxBytes,
    boolean promisor) {
  /** The same where a pack may have no more than so many bytes. */
  public AggregateSettings within(long packBytes) {
    return new AggregateSettings(
        enabled,
        interval,
        minPacks,
        minLoose,
        minAge,
        maxPacks,
        maxLoose,
        maxObjects,
        Math.min(maxBytes, packBytes),
        promisor);
  }
}
