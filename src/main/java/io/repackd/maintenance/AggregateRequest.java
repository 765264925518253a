package io.repackd.maintenance;

import java.util.Optional;
import java.util.Set;

/**
 * How a round of aggregation is to run.
 *
 * @param immediately lifts the age limits of what is deleted, because nobody else is there
 * @param inUse the packs that our own repack reads meanwhile, by their names without extension
 * @param excludedPacks the packs that a repack under way uses or has written, by their names without extension; empty if nobody
 *     said which. Whoever says it says it completely: then packs are bundled beside that repack
 * @param excludedLoose the loose objects that it uses, by their ids in hexadecimal form
 * @param repack which bundles a repack takes that follows at once; empty if none does
 */
public record AggregateRequest(
    boolean immediately,
    Set<String> inUse,
    Optional<Set<String>> excludedPacks,
    Set<String> excludedLoose,
    Optional<LeftToRepack> repack) {
  /** A round of the daemon. */
  public static final AggregateRequest SCHEDULED =
      new AggregateRequest(false, Optional.empty(), Set.of());

  /** A request while there is no repack of our own, and none follows. */
  public AggregateRequest(
      boolean immediately, Optional<Set<String>> excludedPacks, Set<String> excludedLoose) {
    this(immediately, Set.of(), excludedPacks, excludedLoose, Optional.empty());
  }

  /** A request beside a repack of our own. */
  static AggregateRequest beside(boolean immediately, Set<String> inUse) {
    return new AggregateRequest(immediately, inUse, Optional.empty(), Set.of(), Optional.empty());
  }

  /** A request before a repack of our own, if one follows at once. */
  static AggregateRequest before(boolean immediately, Optional<LeftToRepack> repack) {
    return new AggregateRequest(immediately, Set.of(), Optional.empty(), Set.of(), repack);
  }

  public AggregateRequest {
    inUse = Set.copyOf(inUse);
    excludedPacks = excludedPacks.map(Set::copyOf);
    excludedLoose = Set.copyOf(excludedLoose);
  }

  boolean excludes(String pack) {
    return inUse.contains(pack) || excludedPacks.orElse(Set.of()).contains(pack);
  }
}
