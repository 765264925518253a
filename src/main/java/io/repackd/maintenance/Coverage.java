package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Proves that packs can be spared: that each of their objects is in a pack which stays, is no cruft pack, and is a promisor
 * pack if and only if the spared one is.
 *
 * <p>The proof goes by content. The multi-pack-index, verified just before, leads to a pack that has the object; where that pack
 * is of another class, the indexes of all packs of the right class are searched.
 */
final class Coverage {
  private final MultiPackIndex index;
  private final HashAlgorithm hash;
  private final Cancellation cancellation;
  private final Arena arena;
  private final Map<String, PackView> staying = new HashMap<>();
  private final Map<PackKind, List<PackIndex>> opened = new EnumMap<>(PackKind.class);

  /** By number in the index: the class of a pack that stays and covers. */
  private final @Nullable PackKind[] classOfStaying;

  /**
   * Prepares the proof.
   *
   * @param index the installed index
   * @param packs all packs that it lists
   * @param spared those of them that are to be deleted
   * @param arena ends the mappings
   */
  Coverage(
      MultiPackIndex index,
      List<PackView> packs,
      List<PackView> spared,
      Arena arena,
      Cancellation cancellation) {
    this.index = index;
    this.hash = index.hash();
    this.arena = arena;
    this.cancellation = cancellation;
    Set<StoredPack> leaving = new HashSet<>();
    spared.forEach(view -> leaving.add(view.pack()));
    for (PackView view : packs) {
      if (!leaving.contains(view.pack()) && view.covers()) {
        staying.put(view.pack().indexName(), view);
      }
    }
    classOfStaying =
        index.packNames().stream()
            .map(staying::get)
            .map(view -> view == null ? null : view.promisorClass())
            .toArray(PackKind[]::new);
  }

  /**
   * Looks for objects that would be lost with packs.
   *
   * @return for each pack that cannot be spared the id of its first such object, in hexadecimal form
   * @throws IOException if an index cannot be read
   */
  Map<PackView, String> uncovered(List<PackView> views) throws IOException {
    try (Arena own = Arena.ofShared()) {
      List<PackIndex> spared = new ArrayList<>();
      for (PackView view : views) {
        cancellation.check();
        spared.add(PackIndex.open(view.pack().index().path(), hash, own));
      }
      long[] first = new long[spared.size()];
      Arrays.fill(first, Long.MAX_VALUE);
      OwnerSearch.search(
          index,
          spared,
          (pack, position, owner) -> {
            if (!covered(views.get(pack), spared.get(pack), position, owner)) {
              synchronized (first) {
                first[pack] = Math.min(first[pack], position);
              }
            }
          },
          cancellation);
      Map<PackView, String> uncovered = new HashMap<>();
      for (int i = 0; i < first.length; i++) {
        if (first[i] != Long.MAX_VALUE) {
          uncovered.put(views.get(i), spared.get(i).idHex(first[i]));
        }
      }
      return uncovered;
    }
  }

  /**
   * Looks once more at the packs that stay: a proof is worth nothing if what it relies on has gone since. That a pack was
   * touched, as git does with one that holds an object which somebody writes, does no harm.
   *
   * @return what has become of the first that is not as it was; empty if all are
   */
  Optional<String> firstLost() throws IOException {
    for (PackView view : staying.values()) {
      StoredPack pack = view.pack();
      Path path = pack.data().path();
      if (!pack.data().sameFile() || !pack.index().sameFile()) {
        return Optional.of("%s is not there any more".formatted(path));
      }
      if (exists(pack, Sidecar.MTIMES)
          || exists(pack, Sidecar.PROMISOR) != pack.has(Sidecar.PROMISOR)) {
        return Optional.of("%s has become a pack of another kind".formatted(path));
      }
    }
    return Optional.empty();
  }

  private static boolean exists(StoredPack pack, Sidecar sidecar) {
    Path path = pack.data().path();
    return Files.exists(path.resolveSibling(pack.name() + "." + sidecar.extension()));
  }

  private boolean covered(PackView view, PackIndex spared, long position, int owner)
      throws IOException {
    if (owner < 0) {
      return false;
    }
    if (classOfStaying[owner] == view.promisorClass()) {
      return true;
    }
    for (PackIndex candidate : indexesOf(view.promisorClass())) {
      if (candidate.find(spared.file(), spared.idOffset(position)) >= 0) {
        return true;
      }
    }
    return false;
  }

  private synchronized List<PackIndex> indexesOf(PackKind promisorClass) throws IOException {
    List<PackIndex> known = opened.get(promisorClass);
    if (known != null) {
      return known;
    }
    List<PackIndex> indexes = new ArrayList<>();
    for (PackView view : staying.values()) {
      if (view.promisorClass() == promisorClass) {
        indexes.add(PackIndex.open(view.pack().index().path(), hash, arena));
      }
    }
    opened.put(promisorClass, indexes);
    return indexes;
  }
}
