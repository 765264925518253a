package io.repackd.maintenance;

import io.repackd.midx.IndexedPack;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PositionSet;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which of two packs that have the same object is to own it: the one that is likelier to stay.
 *
 * <p>{@code git repack --geometric}, which is how git maintains by default, puts the packs with the fewest objects into a new one, but
 * for those objects that a larger pack has, too, and deletes them. Whoever has read a multi-pack-index that leads to such an object in
 * one of these looks for it in packs which that index does not list: not in the larger one. If it leads to the larger one there is
 * nothing to look for. {@code git repack} and {@code git gc} leave packs with a {@code .keep}, and what these have, in the same way.
 *
 * <p>By git's own rule the newest pack owns it, which mostly is the smallest. But a pack of which fresh ones have all that it owns
 * gives it up, unless it is kept: so it does to what a repack has written of it, which need not have all that it has, where others have
 * the rest. It will go.
 *
 * <p>What {@code gc.bigPackThreshold} and {@code git gc --keep-largest-pack} leave goes by bytes; that is not looked at.
 */
final class PackRanks {
  /** No ranks: git's rule. */
  static final PackRanks NONE = new PackRanks(null);

  /** More than there can be objects in a pack. */
  private static final long KEPT = 1L << 40;

  /** What a cruft pack has is there to be pruned. */
  private static final long CRUFT = -1;

  /** Of a listed pack that gives all up; only what is to get nothing ranks lower. */
  private static final long GIVES_UP = Long.MIN_VALUE + 1;

  private final @Nullable ToLongFunction<StoredPack> ranks;

  private PackRanks(@Nullable ToLongFunction<StoredPack> ranks) {
    this.ranks = ranks;
  }

  /**
   * Ranks by number of objects; the packs that somebody keeps come before all others, unless kept packs are repacked, too; and cruft packs
   * come last.
   *
   * @param listing says who keeps what
   */
  static PackRanks of(PackDirectoryListing listing, ObjectDirectory directory) {
    HashAlgorithm hash = directory.hash();
    boolean stay = !directory.traits().packKeptObjects();
    return new PackRanks(pack -> {
      if (pack.has(Sidecar.MTIMES)) {
        return CRUFT;
      }
      KeepOwner keeper = listing.keepFiles().get(pack.name());
      boolean kept = keeper != null && keeper != KeepOwner.REPACKD;
      return kept && stay ? KEPT + objects(pack, hash) : objects(pack, hash);
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

  long of(StoredPack pack) {
    return ranks == null ? 0 : ranks.applyAsLong(pack);
  }

  /**
   * The ranks of listed packs, by the names of their indexes, beside packs that are to be listed.
   *
   * @param installed the index that lists them; the fresh packs are in no way in it
   * @param packs the files of those that it lists; others do no harm
   * @param fresh with their ranks
   */
  ToLongFunction<String> ofListed(
      MultiPackIndex installed,
      List<StoredPack> packs,
      List<IndexedPack> fresh,
      Cancellation cancellation)
      throws IOException {
    Map<String, Long> listed = new HashMap<>();
    installed.packNames().forEach(name -> listed.put(name, 0L));
    packs.forEach(pack -> listed.computeIfPresent(pack.indexName(), (_, _) -> of(pack)));
    List<IndexedPack> takers = fresh.stream().filter(pack -> pack.rank() > CRUFT).toList();
    long lowest = takers.stream().mapToLong(IndexedPack::rank).min().orElse(Long.MAX_VALUE);
    if (listed.values().stream().anyMatch(rank -> rank > lowest)) {
      for (String name : given(installed, takers, cancellation)) {
        listed.computeIfPresent(name, (_, rank) -> rank < KEPT ? GIVES_UP : rank);
      }
    }
    return name -> listed.getOrDefault(name, 0L);
  }

  /** The listed packs of which the fresh ones have all that they own. */
  private static List<String> given(
      MultiPackIndex installed, List<IndexedPack> fresh, Cancellation cancellation)
      throws IOException {
    OwnerCounts owners = installed.countOwners();
    List<String> names = installed.packNames();
    LongAdder[] had = new LongAdder[names.size()];
    Arrays.setAll(had, _ -> new LongAdder());
    try (Arena arena = Arena.ofShared()) {
      PositionSet seen = new PositionSet(arena, installed.objects());
      OwnerSearch.search(
          installed,
          fresh.stream().map(IndexedPack::index).toList(),
          (_, _, found) -> {
            if (found >= 0 && isNew(seen, found)) {
              had[installed.packOf(found)].increment();
            }
          },
          cancellation);
    }
    return IntStream.range(0, had.length)
        .filter(i -> had[i].sum() > 0 && had[i].sum() == owners.of(names.get(i)))
        .mapToObj(names::get)
        .toList();
  }

  private static boolean isNew(PositionSet seen, long position) {
    synchronized (seen) {
      long before = seen.size();
      seen.add(position);
      return seen.size() > before;
    }
  }
}
