package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Which objects a repack takes of packs: not those that are left to their owners, which {@linkplain StandIns stand in} for the pack; and of a
 * pack that owns nothing only those that {@linkplain OnlyCopies no other} could cover. May be asked by several threads.
 */
final class TakenObjects {
  private final List<PackView> asked;
  private final OwnerCounts owners;
  private final boolean[] owns;
  private final StandIns standIns;
  private final OnlyCopies only;

  /**
   * Looks at all packs that an index lists.
   *
   * @param there all packs that are there
   * @param asked the packs that are asked for, which the index lists
   * @param arena a shared one, which ends the mappings
   */
  TakenObjects(
      ObjectDirectory directory,
      MultiPackIndex index,
      List<StoredPack> there,
      List<PackView> asked,
      Arena arena)
      throws IOException {
    this.asked = List.copyOf(asked);
    owners = index.countOwners();
    owns = new boolean[index.packNames().size()];
    for (int i = 0; i < owns.length; i++) {
      owns[i] = owners.of(index.packNames().get(i)) > 0;
    }
    standIns = new StandIns(directory, index.packNames(), there, asked);
    only = new OnlyCopies(directory, index, owners, there, asked, standIns, arena);
  }

  OwnerCounts owners() {
    return owners;
  }

  /** Whether no object of a pack is taken for sure, so that nothing need be searched. */
  boolean areNone(int pack) {
    return standIns.isAllLeft(pack, owns);
  }

  /**
   * Answers.
   *
   * @param pack which of the packs that are asked for
   * @param own its index
   * @param position where that has the object
   * @param owner the number of the pack that owns it
   */
  boolean isTaken(int pack, PackIndex own, long position, int owner) throws IOException {
    return !standIns.isLeft(owner, pack)
        && (asked.get(pack).owned() > 0 || only.isOnly(pack, own, position));
  }
}
