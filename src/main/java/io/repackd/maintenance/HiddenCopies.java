package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Copies that git does not come to: where the multi-pack-index takes an object from a pack that is damaged, git asks no other pack
 * which that index lists. An index which lists all but the damaged pack leads to them; and what only the damaged pack has can be
 * read from it as before, because git also looks into packs that no index lists.
 */
final class HiddenCopies {
  private HiddenCopies() {}

  /**
   * Whether there are any.
   *
   * @param damaged the names of the damaged packs, without extension
   * @throws IOException if the installed index cannot be read
   */
  static boolean exist(ObjectDirectory directory, Set<String> damaged, Cancellation cancellation)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      if (index.packNames().stream().noneMatch(name -> damaged.contains(nameOf(name)))) {
        return false;
      }
      boolean[] isDamaged = new boolean[index.packNames().size()];
      List<PackIndex> others = new ArrayList<>();
      for (int i = 0; i < isDamaged.length; i++) {
        String name = index.packNames().get(i);
        isDamaged[i] = damaged.contains(nameOf(name));
        if (!isDamaged[i]) {
          open(directory, name, arena, others);
        }
      }
      AtomicBoolean found = new AtomicBoolean();
      OwnerSearch.search(
          index,
          others,
          (_, _, position) -> {
            if (position >= 0 && isDamaged[index.packOf(position)]) {
              found.setPlain(true);
            }
          },
          cancellation);
      return found.get();
    }
  }

  private static String nameOf(String indexName) {
    return indexName.replaceFirst("\\.idx$", "");
  }

  private static void open(
      ObjectDirectory directory, String name, Arena arena, List<PackIndex> opened)
      throws IOException {
    try {
      opened.add(PackIndex.open(directory.packDirectory().resolve(name), directory.hash(), arena));
    } catch (CorruptFileException | NoSuchFileException e) {
      // It has nothing to offer.
    }
  }
}
