package io.repackd.maintenance;

import java.util.Optional;

/**
 * Which packs are left alone where {@code pack.packSizeLimit} bounds the size of a new pack: those that have half of it already.
 *
 * <p>Two halves are a pack that may not grow any more, so to put such packs together would mean to copy them without having
 * fewer of them for it, cycle after cycle. And of the packs that a repack leaves, all but one have more than half
 * ({@link io.repackd.pack.PackWriter#inPacksOf}). So each time that packs with less are put together, there are fewer of
 * those afterwards, until there is one at most: the cycles come to an end, and no object is copied by a cycle that has nothing
 * new to take up but the few that lie in the last one.
 *
 * <p>A pack which is larger than the limit is one that somebody else wrote. It is subject to the strategy, as without a limit;
 * if it is taken, what it becomes is within the limit. But if it is one object, it cannot be divided.
 *
 * @param packBytes how large a new pack may be
 */
record SizeLimitRule(long packBytes) {
  /**
   * A writer that divides objects reckons with distances to delta bases of the greatest length, which may turn out so many bytes
   * shorter.
   */
  private static final long DISTANCE_BYTES = 8;

  /** Why a pack is not taken; empty if that does not follow from its size. */
  Optional<String> obstacle(PackView view) {
    if (packBytes == Snapshot.ANY_SIZE) {
      return Optional.empty();
    }
    if (view.pack().data().bytes() > packBytes) {
      return view.objects() == 1
          ? Optional.of("its one object is larger than pack.packSizeLimit")
          : Optional.empty();
    }
    long most = view.expectedBytes() + DISTANCE_BYTES * view.taken();
    return most >= packBytes / 2
        ? Optional.of("it has at least half of pack.packSizeLimit")
        : Optional.empty();
  }
}
