package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackedCopies;
import io.repackd.pack.PositionSet;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads the copies of objects that packs keep for themselves though a pack which is not listed yet has them, too ({@link PackRanks}).
 *
 * <p>Somebody may have brought that one because such a copy is damaged. As long as no index lists it, git finds the good one. An
 * index that lists both, and leads to the damaged one, would hide it.
 */
final class RetainedCopies {
  private final ObjectDirectory directory;
  private final Cancellation cancellation;

  RetainedCopies(ObjectDirectory directory, Cancellation cancellation) {
    this.directory = directory;
    this.cancellation = cancellation;
  }

  /** A pack that keeps objects for itself, and which. */
  private record Keeper(StoredPack pack, PackIndex index, PositionSet entries) {
    void note(PackIndex other, long position) throws CorruptFileException {
      long entry = index.find(other.file(), other.idOffset(position));
      if (entry < 0) {
        throw new CorruptFileException(index.path(), "it has lost object " + other.idHex(position));
      }
      synchronized (entries) {
        entries.add(entry);
      }
    }
  }

  /**
   * Looks for damaged ones.
   *
   * @param file an index that is not installed yet
   * @param brought the packs whose objects are looked for where the index leads to another pack
   * @param listed all packs that it lists
   * @return what is wrong with packs that have copies which cannot be relied upon; the messages name them
   */
  List<CorruptFileException> damaged(Path file, List<StoredPack> brought, List<StoredPack> listed)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, directory.hash(), arena);
      List<Keeper> keepers = keepers(index, brought, listed, arena);
      ConcurrentLinkedQueue<CorruptFileException> damaged = new ConcurrentLinkedQueue<>();
      AllCores.forEach(keepers.size(), i -> check(keepers.get(i)).ifPresent(damaged::add));
      return List.copyOf(damaged);
    } catch (CorruptFileException e) {
      return List.of(e);
    }
  }

  private List<Keeper> keepers(
      MultiPackIndex index, List<StoredPack> brought, List<StoredPack> listed, Arena arena)
      throws IOException {
    Map<String, StoredPack> byName =
        listed.stream()
            .collect(
                Collectors.toMap(StoredPack::indexName, Function.identity(), (known, _) -> known));
    OwnerCounts owners = index.countOwners();
    List<String> names = new ArrayList<>();
    List<PackIndex> sharing = new ArrayList<>();
    List<PackIndex> indexes = OpenPacks.indexes(directory, brought, arena);
    for (int i = 0; i < indexes.size(); i++) {
      String name = brought.get(i).indexName();
      if (!owners.lists(name) || owners.of(name) < indexes.get(i).count()) {
        names.add(name);
        sharing.add(indexes.get(i));
      }
    }
    Map<String, Keeper> keepers = new ConcurrentHashMap<>();
    OwnerSearch.search(
        index,
        sharing,
        (pack, position, found) -> {
          String owner = found < 0 ? "" : index.packNames().get(index.packOf(found));
          StoredPack stored = byName.get(owner);
          if (stored != null && !owner.equals(names.get(pack))) {
            keeper(stored, keepers, arena).note(sharing.get(pack), position);
          }
        },
        cancellation);
    return List.copyOf(keepers.values());
  }

  private Keeper keeper(StoredPack pack, Map<String, Keeper> keepers, Arena arena)
      throws IOException {
    Keeper known = keepers.get(pack.indexName());
    if (known != null) {
      return known;
    }
    synchronized (keepers) {
      Keeper another = keepers.get(pack.indexName());
      if (another == null) {
        PackIndex index = PackIndex.open(pack.index().path(), directory.hash(), arena);
        another = new Keeper(pack, index, new PositionSet(arena, index.count()));
        keepers.put(pack.indexName(), another);
      }
      return another;
    }
  }

  private Optional<CorruptFileException> check(Keeper keeper) throws IOException {
    try (Arena own = Arena.ofConfined()) {
      PackedCopies.check(
          PackFile.open(keeper.pack().data().path(), keeper.index(), own),
          keeper.entries(),
          cancellation);
      return Optional.empty();
    } catch (CorruptFileException e) {
      return Optional.of(
          new CorruptFileException(
              e, "another pack may have a good copy, and the index is not to hide that"));
    }
  }
}
