package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Takes the snapshot upon which a cycle is planned. */
final class Snapshots {
  private Snapshots() {}

  /**
   * Takes a snapshot for whoever wants to repack, too.
   *
   * @param index where to read the multi-pack-index; empty if there is none
   * @param cancellation ends it early, and paces it
   * @throws io.repackd.objectdir.ObjectDirectoryException if git's configuration has a value for packs that git refuses
   */
  static Snapshot takeForRepack(
      ObjectDirectory directory,
      List<StoredPack> packs,
      Optional<Path> index,
      UnreferencedSince unreferenced,
      Census census,
      SafetyWindow window,
      Instant now,
      Cancellation cancellation)
      throws IOException {
    Snapshot snapshot = takeOf(directory, packs, index, unreferenced, census, window, now);
    return (index.isPresent()
            ? snapshot.with(taken(directory, index.get(), packs, snapshot, cancellation))
            : snapshot)
        .limited(directory.deltaSettings().packSizeLimitBytes());
  }

  /** Of packs that own only some of what they have, or nothing, it is counted how many objects a repack would take. */
  private static List<PackView> taken(
      ObjectDirectory directory,
      Path file,
      List<StoredPack> there,
      Snapshot snapshot,
      Cancellation cancellation)
      throws IOException {
    List<PackView> partly =
        snapshot.packs().stream()
            .filter(view -> !view.unlisted() && view.owned() < view.objects())
            .toList();
    if (partly.isEmpty()) {
      return snapshot.packs();
    }
    Map<PackView, PackView> counted = new HashMap<>();
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, directory.hash(), arena);
      TakenObjects objects = new TakenObjects(directory, index, there, partly, arena);
      int[] searched = IntStream.range(0, partly.size()).filter(i -> !objects.areNone(i)).toArray();
      LongAdder[] taken = new LongAdder[searched.length];
      Arrays.setAll(taken, _ -> new LongAdder());
      List<PackIndex> indexes =
          OpenPacks.indexes(
              directory,
              Arrays.stream(searched).mapToObj(i -> partly.get(i).pack()).toList(),
              arena);
      OwnerSearch.search(
          index,
          indexes,
          (pack, position, found) -> {
            if (found >= 0
                && objects.isTaken(
                    searched[pack], indexes.get(pack), position, index.packOf(found))) {
              taken[pack].increment();
            }
          },
          cancellation);
      for (int i = 0; i < searched.length; i++) {
        PackView view = partly.get(searched[i]);
        counted.put(view, view.withTaken(taken[i].sum()));
      }
    }
    return snapshot.packs().stream().map(view -> counted.getOrDefault(view, view)).toList();
  }

  /**
   * Takes a snapshot.
   *
   * @param packs all packs that are there; looked at are those of the index, and those that it does not list because they were repacked
   * @param index where to read the multi-pack-index: the installed one, or a draft
   * @param window asks the kernel who uses those packs that own nothing
   */
  static Snapshot take(
      ObjectDirectory directory,
      List<StoredPack> packs,
      Path index,
      UnreferencedSince unreferenced,
      Census census,
      SafetyWindow window,
      Instant now)
      throws IOException {
    return takeOf(directory, packs, Optional.of(index), unreferenced, census, window, now);
  }

  private static Snapshot takeOf(
      ObjectDirectory directory,
      List<StoredPack> packs,
      Optional<Path> index,
      UnreferencedSince unreferenced,
      Census census,
      SafetyWindow window,
      Instant now)
      throws IOException {
    List<PackView> views =
        index.isPresent() ? listed(directory, packs, index.get(), unreferenced, now) : List.of();
    long inode = FileStamp.find(directory.indexFile()).map(FileStamp::inode).orElse(0L);
    // Last, because a mapping of ours counts as anybody's.
    List<StoredPack> doomed =
        views.stream()
            .filter(view -> view.unreferencedSince().isPresent())
            .map(PackView::pack)
            .toList();
    return new Snapshot(
        now,
        directory.traits(),
        views,
        directory.indexFile(),
        inode,
        census,
        window.look(directory, doomed, now));
  }

  private static List<PackView> listed(
      ObjectDirectory directory,
      List<StoredPack> packs,
      Path index,
      UnreferencedSince unreferenced,
      Instant now)
      throws IOException {
    List<PackView> views = new ArrayList<>();
    Map<String, Supersession> superseded = Supersession.among(packs);
    Map<Boolean, List<Supersession>> byWhole =
        superseded.values().stream().collect(Collectors.partitioningBy(Supersession::whole));
    Map<String, Long> whole = Supersession.counts(byWhole.getOrDefault(true, List.of()));
    Map<String, Long> repacked = Supersession.counts(byWhole.getOrDefault(false, List.of()));
    try (Arena arena = Arena.ofConfined()) {
      OwnerCounts owners = MultiPackIndex.open(index, directory.hash(), arena).countOwners();
      for (StoredPack pack : packs) {
        boolean listed = owners.lists(pack.indexName());
        Supersession by = superseded.get(pack.name());
        if (!listed && (by == null || by.whole() || !RepackedPacks.isReadable(directory, pack))) {
          continue;
        }
        PackView view =
            view(
                    directory,
                    pack,
                    listed ? owners.of(pack.indexName()) : 0,
                    unreferenced,
                    whole.getOrDefault(pack.name(), 0L),
                    now)
                .withRepacked(repacked.getOrDefault(pack.name(), 0L));
        views.add(listed ? view : view.notListed());
      }
    }
    return views;
  }

  /** Looks at a pack that is left to the repack, which no index lists. */
  static PackView unlisted(ObjectDirectory directory, StoredPack pack) throws IOException {
    return PackView.unlisted(pack, objects(directory, pack));
  }

  private static long objects(ObjectDirectory directory, StoredPack pack) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return PackIndex.open(pack.index().path(), directory.hash(), arena).count();
    }
  }

  private static PackView view(
      ObjectDirectory directory,
      StoredPack pack,
      long owned,
      UnreferencedSince unreferenced,
      long superseded,
      Instant now)
      throws IOException {
    long objects = objects(directory, pack);
    Optional<Instant> since =
        owned == 0 ? Optional.of(unreferenced.since(pack).orElse(now)) : Optional.empty();
    return new PackView(pack, objects, owned, since, superseded);
  }
}
