package io.repackd.maintenance;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;

/** Indexes of packs, each opened when it is first asked for. May be asked by several threads. */
final class IndexesOnDemand {
  private final IntFunction<StoredPack> packs;
  private final HashAlgorithm hash;
  private final Arena arena;
  private final AtomicReferenceArray<PackIndex> opened;

  /**
   * Opens none yet.
   *
   * @param count how many packs there are
   * @param packs which they are, by number
   * @param arena a shared one, which ends the mappings
   */
  IndexesOnDemand(int count, IntFunction<StoredPack> packs, HashAlgorithm hash, Arena arena) {
    this.packs = packs;
    this.hash = hash;
    this.arena = arena;
    opened = new AtomicReferenceArray<>(count);
  }

  PackIndex get(int number) throws IOException {
    PackIndex known = opened.get(number);
    if (known != null) {
      return known;
    }
    synchronized (opened) {
      PackIndex another = opened.get(number);
      if (another == null) {
        another = PackIndex.open(packs.apply(number).index().path(), hash, arena);
        opened.set(number, another);
      }
      return another;
    }
  }
}
