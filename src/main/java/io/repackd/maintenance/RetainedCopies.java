package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackedCopies;
import io.repackd.pack.PositionSet;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the copies of objects that packs keep for themselves though a fresh pack has them, too ({@link PackRanks}).
 *
 * <p>Somebody may have brought the fresh one because such a copy is damaged. As long as no index lists it, git finds the good one. An
 * index that lists both, and leads to the damaged one, would hide it.
 */
final class RetainedCopies {
  private final ObjectDirectory directory;
  private final SoundPacks sound;
  private final Cancellation cancellation;

  RetainedCopies(ObjectDirectory directory, SoundPacks sound, Cancellation cancellation) {
    this.directory = directory;
    this.sound = sound;
    this.cancellation = cancellation;
  }

  /** A pack that keeps objects for itself, and which. */
  private record Keeper(StoredPack pack, PackIndex index, PositionSet entries) {}

  /**
   * Checks them. What was found sound some hours ago at most is taken to be so.
   *
   * @param file an index that is not installed yet
   * @param brought the packs whose objects are looked for
   * @param listed the packs that are in it and in the installed one
   * @throws CorruptFileException if a copy cannot be relied upon; the message names the pack
   */
  void check(Path file, List<StoredPack> brought, List<StoredPack> listed, Instant now)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, directory.hash(), arena);
      for (Keeper keeper : keepers(index, brought, listed, arena)) {
        if (!sound.candidate(keeper.pack(), now).known()) {
          check(keeper);
        }
      }
    }
  }

  private Collection<Keeper> keepers(
      MultiPackIndex index, List<StoredPack> brought, List<StoredPack> listed, Arena arena)
      throws IOException {
    Map<String, StoredPack> byName =
        listed.stream().collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    @Nullable StoredPack[] others = new StoredPack[index.packNames().size()];
    Arrays.setAll(others, i -> byName.get(index.packNames().get(i)));
    Map<StoredPack, Keeper> keepers = new HashMap<>();
    if (Arrays.stream(others).allMatch(Objects::isNull)) {
      return List.of();
    }
    List<PackIndex> indexes = OpenPacks.indexes(directory, brought, arena);
    OwnerSearch.search(
        index,
        indexes,
        (pack, position, found) -> {
          StoredPack owner = found < 0 ? null : others[index.packOf(found)];
          if (owner != null) {
            synchronized (keepers) {
              note(keeper(owner, keepers, arena), indexes.get(pack), position);
            }
          }
        },
        cancellation);
    return keepers.values();
  }

  private Keeper keeper(StoredPack pack, Map<StoredPack, Keeper> keepers, Arena arena)
      throws IOException {
    Keeper known = keepers.get(pack);
    if (known != null) {
      return known;
    }
    PackIndex index = PackIndex.open(pack.index().path(), directory.hash(), arena);
    Keeper keeper = new Keeper(pack, index, new PositionSet(arena, index.count()));
    keepers.put(pack, keeper);
    return keeper;
  }

  private static void note(Keeper keeper, PackIndex fresh, long position)
      throws CorruptFileException {
    long entry = keeper.index().find(fresh.file(), fresh.idOffset(position));
    if (entry < 0) {
      throw new CorruptFileException(
          keeper.index().path(), "it has lost object " + fresh.idHex(position));
    }
    keeper.entries().add(entry);
  }

  private void check(Keeper keeper) throws IOException {
    try (Arena own = Arena.ofConfined()) {
      PackedCopies.check(
          PackFile.open(keeper.pack().data().path(), keeper.index(), own),
          keeper.entries(),
          cancellation);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          e, "a pack that is not listed yet may have a good copy, and stays unlisted");
    }
  }
}
