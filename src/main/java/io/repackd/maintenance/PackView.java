package io.repackd.maintenance;

import io.repackd.midx.ExpectedSize;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.time.Instant;
import java.util.Optional;

/**
 * One pack as a plan sees it.
 *
 * @param pack its files
 * @param objects how many objects it has
 * @param owned how many of them the multi-pack-index takes from it
 * @param unreferencedSince since when it owns none, as far as is remembered; empty while it owns some
 * @param superseded how many packs are there that it {@linkplain Supersession supersedes} as a whole
 * @param repacked how many packs are there that it says it has {@linkplain RepackedPacks repacked}
 * @param unlisted whether the multi-pack-index does not list it, because it was {@linkplain LeftToRepack left to the repack}; or, if it
 *     owns nothing, because it was {@linkplain RepackedPacks repacked}
 * @param taken how many objects a repack would take of it: those that it owns, and those that are not to be left to their owners ({@link
 *     StandIns}); of one that owns nothing, those without which it cannot go ({@link OnlyCopies})
 */
public record PackView(
    StoredPack pack,
    long objects,
    long owned,
    Optional<Instant> unreferencedSince,
    long superseded,
    long repacked,
    boolean unlisted,
    long taken) {
  /** One that the multi-pack-index lists. */
  PackView(
      StoredPack pack,
      long objects,
      long owned,
      Optional<Instant> unreferencedSince,
      long superseded) {
    this(pack, objects, owned, unreferencedSince, superseded, 0, false, owned);
  }

  /** One that supersedes no other. */
  PackView(StoredPack pack, long objects, long owned, Optional<Instant> unreferencedSince) {
    this(pack, objects, owned, unreferencedSince, 0);
  }

  /** One that was left to the repack: whatever it has counts, as if an index took all of it. */
  static PackView unlisted(StoredPack pack, long objects) {
    return new PackView(pack, objects, objects, Optional.empty(), 0, 0, true, objects);
  }

  /** The same that no index lists, if it owns nothing. */
  PackView notListed() {
    return new PackView(pack, objects, owned, unreferencedSince, superseded, repacked, true, taken);
  }

  /** The same that has repacked so many others. */
  PackView withRepacked(long packs) {
    return new PackView(
        pack, objects, owned, unreferencedSince, superseded, packs, unlisted, taken);
  }

  /** The same, of which a repack would take more than it owns. */
  PackView withTaken(long objectsTaken) {
    return new PackView(
        pack, objects, owned, unreferencedSince, superseded, repacked, unlisted, objectsTaken);
  }

  /** What its objects will take in a new pack, in bytes. */
  long expectedBytes() {
    return objects == 0 ? 0 : ExpectedSize.of(taken, objects, pack.data().bytes());
  }

  /** Promisor or ordinary, whether it is kept or not: the two are never mixed, and never stand in for each other. */
  PackKind promisorClass() {
    return Supersession.classOf(pack);
  }

  /** Whether anybody may rely on it for an object: cruft packs are there to be pruned. */
  boolean covers() {
    return !pack.has(Sidecar.MTIMES);
  }
}
