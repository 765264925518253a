package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.maintenance.AggregatePlan.Decision;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackedCopies;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes superseded packs whose time has come.
 *
 * <p>First the proof, without any lock: each of their objects is in the index of the pack that supersedes them, all who may read
 * them may read that pack, and it is whole. Does the plan made anew with the index and the processes of this moment still give them
 * up, and is that pack what it was? Then, under the lock of the multi-pack-index, and if that index is still the one of the plan,
 * they are hidden if they are what they were, everything that could have changed is looked at once more, and only then they are
 * unlinked ({@link PackDeletion}).
 */
final class SupersededDeletion {
  private static final Logger log = LoggerFactory.getLogger(SupersededDeletion.class);

  private final ObjectDirectory directory;
  private final AggregateSettings settings;
  private final AggregateRequest request;
  private final AggregateSnapshots snapshots;
  private final AggregateMemory memory;
  private final Cancellation cancellation;

  /** Who may read the packs that others were found to be in. */
  private final Map<StoredPack, ReadAccess> readers = new HashMap<>();

  SupersededDeletion(
      ObjectDirectory directory,
      AggregateSettings settings,
      AggregateRequest request,
      AggregateSnapshots snapshots,
      AggregateMemory memory,
      Cancellation cancellation) {
    this.directory = directory;
    this.settings = settings;
    this.request = request;
    this.snapshots = snapshots;
    this.memory = memory;
    this.cancellation = cancellation;
  }

  /**
   * Deletes what can be spared.
   *
   * @param due what the plan gives up
   * @param snapshot what the plan was made from
   * @return how many packs were unlinked
   * @throws StepFailure if somebody came who may want them: they are all where they were
   * @throws io.repackd.objectdir.LockedException if somebody is replacing the multi-pack-index
   */
  long delete(List<Decision> due, AggregateSnapshot snapshot) throws IOException, StepFailure {
    List<Decision> proven = new ArrayList<>();
    for (Map.Entry<StoredPack, List<Decision>> group :
        due.stream().collect(Collectors.groupingBy(decision -> decision.by().by())).entrySet()) {
      proven.addAll(prove(group.getKey(), group.getValue()));
    }
    if (proven.isEmpty()) {
      return 0;
    }
    cancellation.check();
    // Whoever published what supersedes them may have been killed before this.
    directory.publisher().syncDirectory();
    Optional<FileStamp> installed = FileStamp.find(directory.indexFile());
    List<Decision> still = stillDue(proven, snapshot);
    if (still.isEmpty()) {
      return 0;
    }
    long deleted = underIndexLock(still, snapshot, installed);
    directory.publisher().syncDirectory();
    return deleted;
  }

  private long underIndexLock(
      List<Decision> due, AggregateSnapshot snapshot, Optional<FileStamp> installed)
      throws IOException, StepFailure {
    List<StoredPack> packs = due.stream().map(Decision::pack).toList();
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX)) {
      if (!isInstalled(installed)) {
        throw new StepFailure(
            Result.SKIPPED,
            "packs-changed",
            "the multi-pack-index was replaced while packs were to be deleted");
      }
      return new PackDeletion(directory)
          .delete(packs, lock, () -> reasonToKeep(due, snapshot, lock, installed));
    }
  }

  private boolean isInstalled(Optional<FileStamp> index) throws IOException {
    return FileStamp.find(directory.indexFile()).equals(index);
  }

  private List<Decision> prove(StoredPack by, List<Decision> decisions) throws IOException {
    List<Decision> proven = new ArrayList<>();
    HashAlgorithm hash = directory.hash();
    try (Arena arena = Arena.ofConfined()) {
      ReadAccess access = ReadAccess.of(by);
      readers.put(by, access);
      int mostReaders = directory.traits().permissions().mostReaders();
      PackFile superseding = PackFile.open(by.data().path(), by.index().path(), hash, arena);
      for (Decision decision : decisions) {
        cancellation.check();
        if (!ReadAccess.of(decision.pack()).limitedTo(mostReaders).isWithin(access)) {
          if (memory.lessReadable(by)) {
            log.warn(
                "keeping {} and others: fewer people may read {}, which has their objects",
                decision.pack().data().path(),
                by.data().path());
          }
          continue;
        }
        Optional<String> missing = firstMissing(decision.pack(), superseding);
        if (missing.isEmpty()) {
          proven.add(decision);
        } else if (memory.damaged(decision.pack().index())) {
          log.warn(
              "keeping {}: {} is not in {}, which says it is",
              decision.pack().data().path(),
              missing.get(),
              by.data().path());
        }
      }
    } catch (CorruptFileException e) {
      if (memory.damaged(by.index())) {
        log.warn("keeping the packs that {} supersedes: {}", by.name(), e.getMessage());
      }
    }
    return proven;
  }

  /**
   * The first object that only the superseded pack has, in words.
   *
   * @throws CorruptFileException if a copy cannot be relied upon any more: the disk had time to spoil it since it was checked
   */
  private Optional<String> firstMissing(StoredPack pack, PackFile superseding) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      PackIndex superseded;
      try {
        superseded = PackIndex.open(pack.index().path(), directory.hash(), arena);
        PackFile.check(pack.data().path(), superseded);
      } catch (CorruptFileException e) {
        return Optional.of(e.getMessage());
      }
      try (PackedCopies copies = new PackedCopies(superseding, superseded.count(), cancellation)) {
        for (long i = 0; i < superseded.count(); i++) {
          long copy = superseding.index().find(superseded.file(), superseded.idOffset(i));
          if (copy < 0) {
            return Optional.of("object " + superseded.idHex(i));
          }
          copies.check(copy);
        }
      }
      return Optional.empty();
    }
  }

  /** What the plan of this moment gives up, too. */
  private List<Decision> stillDue(List<Decision> proven, AggregateSnapshot snapshot)
      throws IOException {
    Set<StoredPack> now =
        AggregatePlanner.plan(snapshots.again(snapshot), settings, request).due().stream()
            .map(Decision::pack)
            .collect(Collectors.toSet());
    Map<StoredPack, Boolean> stands = new HashMap<>();
    List<Decision> still = new ArrayList<>();
    for (Decision decision : proven) {
      StoredPack by = decision.by().by();
      if (!stands.containsKey(by)) {
        stands.put(by, stands(by));
      }
      if (now.contains(decision.pack()) && stands.getOrDefault(by, false)) {
        still.add(decision);
      }
    }
    return still;
  }

  /** Whether a pack is still what it was when it was compared. That it was touched does no harm. */
  private boolean stands(StoredPack by) throws IOException {
    return by.data().sameFile()
        && by.index().sameFile()
        && ReadAccess.of(by).equals(readers.get(by))
        && !exists(by, Sidecar.MTIMES)
        && exists(by, Sidecar.PROMISOR) == by.has(Sidecar.PROMISOR);
  }

  private static boolean exists(StoredPack pack, Sidecar sidecar) {
    Path path = pack.data().path();
    return Files.exists(path.resolveSibling(pack.name() + "." + sidecar.extension()));
  }

  /** Asked when the packs are hidden: nobody can come to list them or open them any more, and who came before is seen. */
  private Optional<String> reasonToKeep(
      List<Decision> hidden,
      AggregateSnapshot snapshot,
      LockFile lock,
      Optional<FileStamp> installed)
      throws IOException {
    if (!lock.stillHeld() || !isInstalled(installed)) {
      return Optional.of("the multi-pack-index was replaced in spite of its lock");
    }
    if (stillDue(hidden, snapshot).size() < hidden.size()) {
      return Optional.of("somebody came who may want them");
    }
    for (Decision decision : hidden) {
      StoredPack pack = decision.pack();
      if (!pack.data().unchanged() || exists(pack, Sidecar.KEEP)) {
        return Optional.of("somebody touched or kept " + pack.name());
      }
    }
    return Optional.empty();
  }
}
