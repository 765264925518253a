package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.GarbageFile;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.LockKind;
import io.repackd.objectdir.LooseObjects;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Counts an object directory. */
final class Measurements {
  private Measurements() {}

  /**
   * Counts.
   *
   * @param unreferenced which packs are known to own nothing, and since when
   */
  static Measurement take(ObjectDirectory directory, UnreferencedSince unreferenced)
      throws IOException {
    PackDirectoryListing listing = directory.listPacks();
    LooseObjects loose = directory.countLooseObjects();
    Map<PackKind, Long> packs = zeros(PackKind.class);
    Map<PackKind, Long> packBytes = zeros(PackKind.class);
    for (StoredPack pack : listing.packs()) {
      packs.merge(pack.kind(), 1L, Long::sum);
      packBytes.merge(pack.kind(), pack.data().bytes(), Long::sum);
    }
    Map<KeepOwner, Long> keeps = zeros(KeepOwner.class);
    listing.keepFiles().values().forEach(owner -> keeps.merge(owner, 1L, Long::sum));
    Map<GarbageKind, Long> garbage = zeros(GarbageKind.class);
    Map<GarbageKind, Long> garbageBytes = zeros(GarbageKind.class);
    for (GarbageFile file : listing.garbage()) {
      garbage.merge(file.kind(), 1L, Long::sum);
      garbageBytes.merge(file.kind(), file.stamp().bytes(), Long::sum);
    }
    Optional<OwnerCounts> owners = owners(directory, listing);
    Set<StoredPack> waiting = owners.isEmpty() ? Set.of() : waiting(listing.packs(), owners.get());
    return new Measurement(
        packs,
        packBytes,
        loose.count(),
        loose.bytes(),
        owners.map(counts -> (long) counts.objects().size()).orElse(0L),
        owners.map(OwnerCounts::total).orElse(0L),
        listing.packs().stream()
            .filter(pack -> owners.isEmpty() || !owners.get().lists(pack.indexName()))
            .count(),
        waiting.size(),
        waiting.stream()
            .flatMap(pack -> unreferenced.since(pack).stream())
            .min(Comparator.naturalOrder()),
        keeps,
        garbage,
        garbageBytes,
        lockAges(directory));
  }

  private static Map<LockKind, Duration> lockAges(ObjectDirectory directory) throws IOException {
    Map<LockKind, Duration> ages = new EnumMap<>(LockKind.class);
    for (LockKind kind : LockKind.values()) {
      kind.age(directory.location(), Instant.now()).ifPresent(age -> ages.put(kind, age));
    }
    return ages;
  }

  private static Set<StoredPack> waiting(List<StoredPack> packs, OwnerCounts owners)
      throws IOException {
    Set<StoredPack> repacked = RepackedPacks.among(packs);
    return packs.stream()
        .filter(pack ->
            owners.lists(pack.indexName())
                ? owners.of(pack.indexName()) == 0
                : repacked.contains(pack))
        .collect(Collectors.toSet());
  }

  /** What the index says; nothing if there is none that can be read. That it is damaged, a verification says. */
  private static Optional<OwnerCounts> owners(
      ObjectDirectory directory, PackDirectoryListing listing) throws IOException {
    if (listing.index().isEmpty()) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      return Optional.of(
          MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).countOwners());
    } catch (CorruptFileException | UnsupportedIndexException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (!StepErrors.vanished(e)) {
        throw e;
      }
      return Optional.empty(); // git gc deletes it, too
    }
  }

  private static <K extends Enum<K>> Map<K, Long> zeros(Class<K> type) {
    Map<K, Long> map = new EnumMap<>(type);
    for (K key : type.getEnumConstants()) {
      map.put(key, 0L);
    }
    return map;
  }
}
