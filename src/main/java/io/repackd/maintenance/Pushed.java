package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Packs that a push, a fetch or an import keeps until its references are in place. A {@code git gc} that begins meanwhile leaves them, and
 * takes nothing from others that they have; one that begins a moment later repacks them like others. So it is not known which of two
 * packs with the same object will stay ({@link PackRanks}), and for as long they are not listed: who looks for what an index leads to
 * in vain looks into all packs that it does not list.
 */
final class Pushed {
  /** Whoever keeps a pack for longer has died, or might as well be a person. */
  private static final Duration LONGEST = Duration.ofHours(1);

  private Pushed() {}

  /** The names of their indexes. */
  static Set<String> indexNamesAmong(PackDirectoryListing listing, Instant now) {
    return listing.packs().stream()
        .filter(pack -> listing.keepFiles().get(pack.name()) == KeepOwner.GIT)
        .filter(pack -> isYoung(pack.sidecars().get(Sidecar.KEEP), now))
        .map(StoredPack::indexName)
        .collect(Collectors.toSet());
  }

  private static boolean isYoung(@Nullable FileStamp keep, Instant now) {
    return keep != null && Duration.between(keep.modified(), now).abs().compareTo(LONGEST) < 0;
  }
}
