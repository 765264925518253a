package io.repackd.maintenance;

import java.util.Optional;
import java.util.Set;

/**
 * How a round of aggregation is to run.
 *
 * @param immediately lifts the age limits of what is deleted, because nobody else is there
 * @param excludedPacks the packs that a repack under way uses or has written, by their names without extension; empty if nobody
 *     said which. Whoever says it says it completely: then packs are bundled beside that repack
 * @param excludedLoose the loose objects that it uses, by their ids in hexadecimal form
 */
public record AggregateRequest(
    boolean immediately, Optional<Set<String>> excludedPacks, Set<String> excludedLoose) {
  /** A round of the daemon. */
  public static final AggregateRequest SCHEDULED =
      new AggregateRequest(false, Optional.empty(), Set.of());

  public AggregateRequest {
    excludedPacks = excludedPacks.map(Set::copyOf);
    excludedLoose = Set.copyOf(excludedLoose);
  }

  boolean excludes(String pack) {
    return excludedPacks.isPresent() && excludedPacks.get().contains(pack);
  }
}
