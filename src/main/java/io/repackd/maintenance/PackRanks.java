package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * Which of two packs that have the same object is to own it: the one that is likelier to stay.
 *
 * <p>{@code git repack --geometric}, which is how git maintains by default, puts the packs with the fewest objects into a new one, but
 * for those objects that a larger pack has, too, and deletes them. Whoever has read a multi-pack-index that leads to such an object in
 * one of these looks for it in packs which that index does not list: not in the larger one. If it leads to the larger one there is
 * nothing to look for. {@code git repack} and {@code git gc} leave packs with a {@code .keep}, and what these have, in the same way.
 *
 * <p>By git's own rule the newest pack owns it, which mostly is the smallest; what a repack of ours has written owns all that it took.
 */
final class PackRanks {
  /** No ranks: git's rule. */
  static final PackRanks NONE = new PackRanks(_ -> 0);

  /** More than there can be objects in a pack. */
  private static final long KEPT = 1L << 40;

  /** What a cruft pack has is there to be pruned. */
  private static final long CRUFT = -1;

  private final ToLongFunction<StoredPack> ranks;

  private PackRanks(ToLongFunction<StoredPack> ranks) {
    this.ranks = ranks;
  }

  /**
   * Ranks by number of objects; the packs that somebody keeps come before all others, and cruft packs last. Keeps of a push or a fetch
   * do not count: they go when it has ended.
   *
   * @param listing says who keeps what
   * @param atLeast what counts for packs that a repack has written: as much as for the largest that they were made of
   */
  static PackRanks of(PackDirectoryListing listing, HashAlgorithm hash, Map<String, Long> atLeast) {
    return new PackRanks(pack -> {
      if (pack.has(Sidecar.MTIMES)) {
        return CRUFT;
      }
      long objects = Math.max(objects(pack, hash), atLeast.getOrDefault(pack.name(), 0L));
      return listing.keepFiles().get(pack.name()) == KeepOwner.OTHER ? KEPT + objects : objects;
    });
  }

  /** The old version 1 takes less room for each, so that a few of its objects are not counted. */
  private static long objects(StoredPack pack, HashAlgorithm hash) {
    return PackIndex.objectsBySize(pack.index().bytes(), pack.data().bytes(), hash)
        .orElseGet(() -> countObjects(pack, hash));
  }

  private static long countObjects(StoredPack pack, HashAlgorithm hash) {
    try (Arena arena = Arena.ofConfined()) {
      return PackIndex.open(pack.index().path(), hash, arena).count();
    } catch (IOException e) {
      return 0; // whoever lists it says what is wrong with it
    }
  }

  long of(StoredPack pack) {
    return ranks.applyAsLong(pack);
  }

  /** The same by the names of indexes; one that is of none of those packs has the lowest. */
  ToLongFunction<String> among(List<StoredPack> packs) {
    Map<String, StoredPack> byIndexName =
        packs.stream().collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    return name -> {
      StoredPack pack = byIndexName.get(name);
      return pack == null ? 0 : of(pack);
    };
  }
}
