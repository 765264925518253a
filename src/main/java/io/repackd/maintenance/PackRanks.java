package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * Which of two packs that have the same object is to own it: the one that is likelier to stay.
 *
 * <p>{@code git repack --geometric}, which is how git maintains by default, puts the packs with the fewest objects into a new one, but
 * for those objects that a larger pack has, too, and deletes them. Whoever has read a multi-pack-index that leads to such an object in
 * one of these looks for it in packs which that index does not list: not in the larger one. If it leads to the larger one there is
 * nothing to look for. {@code git repack} and {@code git gc} leave packs with a {@code .keep}, and what these have, in the same way, and {@code git gc} such as are as large as {@code gc.bigPackThreshold} says.
 *
 * <p>By git's own rule the newest pack owns it, which mostly is the smallest. But what was repacked gives up all that it owns:
 * it will go. What was written of it need not have more objects than it has, where others have the rest. If it has less than half of
 * them, the repacked one is not listed any more: see {@link RepackedPacks}.
 *
 * <p>What {@code git gc --keep-largest-pack} leaves goes by bytes; that is not looked at.
 */
final class PackRanks {
  /** No ranks: git's rule. */
  static final PackRanks NONE = new PackRanks(_ -> 0);

  /** More than there can be objects in a pack. */
  private static final long BIG = 1L << 40;

  /** More again: {@code git gc} leaves either, and all other commands only what is kept. */
  private static final long KEPT = 1L << 41;

  /** What a cruft pack has is there to be pruned. */
  private static final long CRUFT = -1;

  /** Of a pack that gives all up; only what is to get nothing ranks lower. */
  private static final long GIVES_UP = Long.MIN_VALUE + 1;

  private final ToLongFunction<StoredPack> ranks;

  private PackRanks(ToLongFunction<StoredPack> ranks) {
    this.ranks = ranks;
  }

  /**
   * Ranks by number of objects; the packs that somebody keeps come before all others, unless kept packs are repacked, too; after them those
   * that {@code git gc} leaves for their size; and cruft packs come last.
   *
   * @param listing says who keeps what
   * @param pushed the names of the indexes of packs whose keep says nothing, because it will soon be gone
   */
  static PackRanks of(PackDirectoryListing listing, ObjectDirectory directory, Set<String> pushed) {
    HashAlgorithm hash = directory.hash();
    boolean stay = !directory.traits().packKeptObjects();
    long big = directory.traits().bigPackBytes();
    return new PackRanks(pack -> {
      if (pack.has(Sidecar.MTIMES)) {
        return CRUFT;
      }
      KeepOwner keeper = listing.keepFiles().get(pack.name());
      boolean kept =
          keeper != null && keeper != KeepOwner.REPACKD && !pushed.contains(pack.indexName());
      if (kept && stay) {
        return KEPT + objects(pack, hash);
      }
      return pack.data().bytes() >= big ? BIG + objects(pack, hash) : objects(pack, hash);
    });
  }

  private static long objects(StoredPack pack, HashAlgorithm hash) {
    return pack.data().bytes() > Integer.MAX_VALUE
        ? countObjects(pack, hash)
        : GrowthRule.objects(pack, hash);
  }

  private static long countObjects(StoredPack pack, HashAlgorithm hash) {
    try (Arena arena = Arena.ofConfined()) {
      return PackIndex.open(pack.index().path(), hash, arena).count();
    } catch (IOException e) {
      return 0; // whoever lists it says what is wrong with it
    }
  }

  /** The same, but that some packs give up all that another has, by their names. */
  PackRanks givingUp(Set<String> names) {
    return new PackRanks(pack -> names.contains(pack.name()) ? GIVES_UP : ranks.applyAsLong(pack));
  }

  long of(StoredPack pack) {
    return ranks.applyAsLong(pack);
  }

  /** The same by the names of indexes; 0 for one that is of none of those packs. */
  ToLongFunction<String> among(List<StoredPack> packs) {
    Map<String, StoredPack> byIndexName =
        packs.stream().collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    return name -> {
      StoredPack pack = byIndexName.get(name);
      return pack == null ? 0 : of(pack);
    };
  }
}
