package io.repackd.maintenance;

import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.LockKind;
import io.repackd.objectdir.PackKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The counts of one object directory at one moment. Alternates are not counted.
 *
 * @param packs number of packs of each kind
 * @param packBytes bytes of the pack files of each kind
 * @param looseObjects number of loose objects
 * @param looseObjectBytes bytes of their files
 * @param indexedPacks packs that the multi-pack-index lists; 0 without one
 * @param indexedObjects objects in the multi-pack-index
 * @param packsOutsideIndex packs that the multi-pack-index does not list
 * @param unreferencedPacks packs that the multi-pack-index takes no object from, and which it lists, or does not because they were
 *     repacked: they wait for deletion
 * @param oldestUnreferenced since when that is so of the one that waits longest, as far as is remembered; empty if none waits
 * @param keepFiles number of {@code .keep} files by owner
 * @param garbageFiles files that belong to no pack, by kind
 * @param garbageBytes their bytes
 * @param lockAges for how long the locks have been there that are; the history does not remember them
 */
public record Measurement(
    Map<PackKind, Long> packs,
    Map<PackKind, Long> packBytes,
    long looseObjects,
    long looseObjectBytes,
    long indexedPacks,
    long indexedObjects,
    long packsOutsideIndex,
    long unreferencedPacks,
    Optional<Instant> oldestUnreferenced,
    Map<KeepOwner, Long> keepFiles,
    Map<GarbageKind, Long> garbageFiles,
    Map<GarbageKind, Long> garbageBytes,
    Map<LockKind, Duration> lockAges) {
  public Measurement {
    packs = Map.copyOf(packs);
    packBytes = Map.copyOf(packBytes);
    keepFiles = Map.copyOf(keepFiles);
    garbageFiles = Map.copyOf(garbageFiles);
    garbageBytes = Map.copyOf(garbageBytes);
    lockAges = Map.copyOf(lockAges);
  }

  /** Counts of which it is not remembered since when a pack waits, and without locks. */
  public Measurement(
      Map<PackKind, Long> packs,
      Map<PackKind, Long> packBytes,
      long looseObjects,
      long looseObjectBytes,
      long indexedPacks,
      long indexedObjects,
      long packsOutsideIndex,
      long unreferencedPacks,
      Map<KeepOwner, Long> keepFiles,
      Map<GarbageKind, Long> garbageFiles,
      Map<GarbageKind, Long> garbageBytes) {
    this(
        packs,
        packBytes,
        looseObjects,
        looseObjectBytes,
        indexedPacks,
        indexedObjects,
        packsOutsideIndex,
        unreferencedPacks,
        Optional.empty(),
        keepFiles,
        garbageFiles,
        garbageBytes,
        Map.of());
  }

  /** The number of packs of all kinds. */
  public long allPacks() {
    return packs.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The bytes of all pack files. */
  public long allPackBytes() {
    return packBytes.values().stream().mapToLong(Long::longValue).sum();
  }
}
