package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.RepackStrategy;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Which bundles a cycle does not write, because its own repack writes the same objects anew a moment later.
 *
 * <p>A bundle is marked as one that nobody searched for deltas, so the cycle that bundles packs takes them in any case: first of
 * all, however large they are. The same goes for the packs themselves that are left to the repack. They are listed by no
 * multi-pack-index; the new pack has all their objects and says that it supersedes them, as the bundle would have said. So they
 * go as soon as if they had been bundled, and do not wait until they are expired.
 *
 * <p>A bundle is left to the repack as a whole or not at all, and only if each of its packs is certain to be taken: one that waits
 * neither for the repack nor in a bundle would be one more file for every reader. So everything is bundled as outside of a cycle
 * where nothing is repacked, or no deltas are searched; where a pack is too young for {@code repack.min-age}, or there is no room
 * for all in a batch; where a damaged pack keeps the repack from being done; and where the size of packs is limited, so that what
 * one pack has may come to lie in several. If the repack fails all the same, the packs are bundled after it.
 *
 * @param settings of the repack
 * @param immediately whether ages do not count
 */
record LeftToRepack(RepackSettings settings, boolean immediately) {
  /**
   * The rule of a cycle.
   *
   * @param damaged whether packs are known to be damaged
   * @return nothing if its repack may take nothing at all
   * @throws io.repackd.objectdir.ObjectDirectoryException if git's configuration has a value for packs that git refuses
   */
  static Optional<LeftToRepack> of(
      ObjectDirectory directory, MaintenanceSettings settings, boolean immediately, boolean damaged)
      throws IOException {
    RepackSettings repack = settings.repack();
    if (!repack.enabled() || !repack.deltaSearch() || damaged) {
      return Optional.empty();
    }
    if (directory.deltaSettings().packSizeLimitBytes() != Snapshot.ANY_SIZE) {
      return Optional.empty();
    }
    try {
      Conditions.checkIndexUse(directory, settings);
    } catch (StepFailure e) {
      return Optional.empty();
    }
    return Optional.of(new LeftToRepack(repack, immediately));
  }

  /** Whether every pack of a bundle is certain to be in the batch of a plan that is made now or later. */
  boolean takes(Bundle bundle, Instant now) {
    return bundle.packs().stream().allMatch(pack -> oldEnough(pack, now)) && isRoomFor(bundle);
  }

  private boolean oldEnough(StoredPack pack, Instant now) {
    Duration age = Duration.between(pack.data().modified(), now);
    return immediately || pack.has(Sidecar.BAD_DELTAS) || age.compareTo(settings.minAge()) >= 0;
  }

  private boolean isRoomFor(Bundle bundle) {
    if (settings.strategy() == RepackStrategy.GEOMETRIC) {
      return true;
    }
    return switch (settings.batchSize()) {
      case BatchSize.Everything() -> true;
      case BatchSize.Auto() -> bundle.bytes() < BatchRule.MAX_AUTO_BYTES;
      case BatchSize.Bytes(long bytes) -> bundle.bytes() < bytes;
    };
  }
}
