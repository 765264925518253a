package io.repackd.maintenance;

import io.repackd.objectdir.StoredPack;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Knows since when packs own nothing. */
interface UnreferencedSince {
  /** Remembers nothing: whoever asks has no safety window to keep. */
  UnreferencedSince UNKNOWN =
      new UnreferencedSince() {
        @Override
        public Optional<Instant> since(StoredPack pack) {
          return Optional.empty();
        }
      };

  /** All packs that are known to own nothing, by the names of their indexes, and since when. */
  default Map<String, Instant> windows() {
    return Map.of();
  }

  /** Since when a pack owns nothing; empty if it is not known to own nothing. */
  Optional<Instant> since(StoredPack pack);
}
