package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.platform.AllCores;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/** Maps packs, of which there may be thousands, on all cores. */
final class OpenPacks {
  private OpenPacks() {}

  /**
   * Maps packs with their indexes.
   *
   * @param arena a shared one, which ends the mappings
   * @return in the order of the packs
   * @throws io.repackd.pack.CorruptFileException if one is malformed
   */
  static List<PackFile> open(ObjectDirectory directory, List<StoredPack> packs, Arena arena)
      throws IOException {
    PackFile[] opened = new PackFile[packs.size()];
    AllCores.forEach(
        opened.length,
        i -> {
          StoredPack pack = packs.get(i);
          opened[i] =
              PackFile.open(pack.data().path(), pack.index().path(), directory.hash(), arena);
        });
    return Arrays.asList(opened);
  }

  /**
   * Maps only the indexes of packs.
   *
   * @param arena a shared one, which ends the mappings
   * @return in the order of the packs
   * @throws io.repackd.pack.CorruptFileException if one is malformed
   */
  static List<PackIndex> indexes(ObjectDirectory directory, List<StoredPack> packs, Arena arena)
      throws IOException {
    PackIndex[] opened = new PackIndex[packs.size()];
    AllCores.forEach(
        opened.length,
        i -> opened[i] = PackIndex.open(packs.get(i).index().path(), directory.hash(), arena));
    return Arrays.asList(opened);
  }
}
