package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The ids of the sources that begin with some bytes, in one place, so that they are at hand when they are asked for in another order:
 * in each source they lie together, and in a thousand sources there are a thousand places for the processor to wait for.
 */
final class GatheredIds {
  private final MemorySegment ids;
  private final int hashLength;

  /** Where the first id of each source would stand, if it was here. */
  private final long[] origins;

  private GatheredIds(MemorySegment ids, int hashLength, long[] origins) {
    this.ids = ids;
    this.hashLength = hashLength;
    this.origins = origins;
  }

  /**
   * How many ids there are to be gathered.
   *
   * @param from the smallest first byte
   * @param to the one after the largest
   * @return -1 if some of them are in no order, so that they cannot be gathered
   */
  static long count(List<PackSource> sources, int from, int to) {
    long count = 0;
    for (PackSource source : sources) {
      if (!(source instanceof Packed packed)) {
        return -1;
      }
      PackIndex index = packed.pack().index();
      count += index.fanout(to - 1) - index.firstPosition(from);
    }
    return count;
  }

  /** Gathers them. They have been found to be where the fanouts say. */
  static GatheredIds gather(
      List<PackSource> sources, int hashLength, int from, int to, Arena arena) {
    MemorySegment ids = arena.allocate(count(sources, from, to) * hashLength);
    long[] origins = new long[sources.size()];
    long at = 0;
    for (int source = 0; source < origins.length; source++) {
      if (sources.get(source) instanceof Packed packed) {
        PackIndex index = packed.pack().index();
        long first = index.firstPosition(from);
        long end = index.fanout(to - 1);
        index.copyIds(first, end, ids, at);
        origins[source] = at - first * hashLength;
        at += (end - first) * hashLength;
      }
    }
    return new GatheredIds(ids, hashLength, origins);
  }

  /** Copies the id at a position of a source. */
  void copy(int source, long position, MemorySegment to, long at) {
    ObjectIds.copy(ids, origins[source] + position * hashLength, to, at, hashLength);
  }
}
