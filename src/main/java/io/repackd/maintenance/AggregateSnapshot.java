package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock.Moment;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All that an {@link AggregatePlan} depends on besides the settings and the request.
 *
 * @param taken when it was taken
 * @param moment the same since the boot
 * @param hash the hash function
 * @param packs the complete packs
 * @param listed what the installed multi-pack-index lists
 * @param superseded the packs that others have made superfluous, by name, whether as a whole or not
 * @param damaged the packs that were found damaged, by name
 * @param own the names of packs that this round itself has written
 * @param foreign who else maintains the object directory, in words; empty if nobody is seen
 * @param census the processes which have to do with the object directory
 * @param evidence what the kernel says of readers besides
 * @param unseenMinAge how long superseded packs stay at least where there may be readers who are not seen
 */
record AggregateSnapshot(
    Instant taken,
    Moment moment,
    HashAlgorithm hash,
    List<StoredPack> packs,
    Listed listed,
    Map<String, Supersession> superseded,
    Set<String> damaged,
    Set<String> own,
    Optional<String> foreign,
    Census census,
    Evidence evidence,
    Duration unseenMinAge) {
  AggregateSnapshot {
    packs = List.copyOf(packs);
    superseded = Map.copyOf(superseded);
    damaged = Set.copyOf(damaged);
    own = Set.copyOf(own);
  }

  /**
   * What the installed multi-pack-index lists.
   *
   * @param indexNames the names of the packs' indexes; none where there is no multi-pack-index
   * @param untold why that cannot be told; empty if it can
   * @param file the multi-pack-index
   * @param inode its inode number; 0 if it is not there
   */
  record Listed(Set<String> indexNames, Optional<String> untold, Path file, long inode) {
    Listed {
      indexNames = Set.copyOf(indexNames);
    }

    /** Whether there is no multi-pack-index. */
    boolean isNone() {
      return inode == 0 && untold.isEmpty();
    }

    boolean lists(StoredPack pack) {
      return indexNames.contains(pack.indexName());
    }
  }

  /** The same packs at another moment. */
  AggregateSnapshot at(
      Instant now,
      Moment newMoment,
      Listed newListed,
      Optional<String> newForeign,
      Census seen,
      Evidence newEvidence) {
    return new AggregateSnapshot(
        now,
        newMoment,
        hash,
        packs,
        newListed,
        superseded,
        damaged,
        own,
        newForeign,
        seen,
        newEvidence,
        unseenMinAge);
  }
}
