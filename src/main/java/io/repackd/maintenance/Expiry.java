package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.midx.Fault;
import io.repackd.midx.IndexedPack;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexWriter;
import io.repackd.midx.MultiPackIndexWriter.Written;
import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the packs that a plan gives up.
 *
 * <p>First the proof, without any lock: each object of each such pack is in a pack that stays ({@link Coverage}), and can be read
 * there ({@link CoveringEntries}). Then the index that lists them no more is written in full, synchronised and verified; and does the
 * plan made anew with the processes of this moment still give the packs up? Then, under the lock of the multi-pack-index: is the
 * installed index still the one that was verified, are the packs what they were that stay? Only then is the index replaced. The packs
 * that go are hidden, all of that is asked once more with the processes of that moment, and only then they are unlinked.
 *
 * <p>While that lock is held, another git can install no index, and gives up what it has done. So it is held for what has to be done
 * under it, and nothing else.
 *
 * <p>The same index may list packs that the installed one did not, so that it need not be written twice. That changes nothing for
 * those that go: they own nothing by the installed index, the proof goes by that, and packs that were not listed can only take
 * objects from such as stay.
 *
 * <p>Safety windows, and whose presence keeps packs, are a matter of the {@link Permission}: a cycle has other rules than
 * somebody who asks for it by hand. The proof, the order and the looks at the files are the same for everybody.
 */
final class Expiry {
  private static final Logger log = LoggerFactory.getLogger(Expiry.class);

  private final ObjectDirectory directory;
  private final Permission permission;
  private final UnreferencedSince unreferenced;
  private final SafetyWindow window;
  private final IndexProof proof;
  private final SoundPacks sound;
  private final Clock clock;
  private final Cancellation cancellation;
  private final PackDeletion deletion;

  Expiry(
      ObjectDirectory directory,
      Permission permission,
      UnreferencedSince unreferenced,
      SafetyWindow window,
      IndexProof proof,
      SoundPacks sound,
      Clock clock,
      Cancellation cancellation) {
    this.directory = directory;
    this.permission = permission;
    this.unreferenced = unreferenced;
    this.window = window;
    this.proof = proof;
    this.sound = sound;
    this.clock = clock;
    this.cancellation = cancellation;
    this.deletion = new PackDeletion(directory, window.usesLeases());
  }

  /**
   * Packs that the installed index does not list, and the next one is to.
   *
   * @param brought what others have brought, in these: instead of what a repack has written, what it was made of and nobody has listed
   * @param ranks which of two packs with the same object owns it
   */
  record Fresh(List<StoredPack> packs, List<StoredPack> brought, PackRanks ranks) {
    /** None. */
    static final Fresh NONE = new Fresh(List.of(), List.of(), PackRanks.NONE);

    Fresh {
      packs = List.copyOf(packs);
      brought = List.copyOf(brought);
    }
  }

  /**
   * What was done.
   *
   * @param packs how many packs were unlinked
   * @param bytes how long the index is that was written, in bytes
   * @param detail for a person
   */
  record Expired(long packs, long bytes, String detail) {}

  /**
   * Deletes what can be spared.
   *
   * @param verified the index that was found sound; the proof goes by no other
   */
  Expired run(CyclePlan plan, Optional<FileStamp> verified) throws IOException, StepFailure {
    return run(plan, verified, Fresh.NONE);
  }

  /**
   * Deletes what can be spared, and lists packs that are not listed yet. If nothing can be spared they are not listed either.
   *
   * @param verified the index that was found sound; the proof goes by no other
   * @param fresh packs that it does not list
   */
  Expired run(CyclePlan plan, Optional<FileStamp> verified, Fresh fresh)
      throws IOException, StepFailure {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      requireInstalled(verified);
      Snapshot snapshot =
          Snapshots.take(
              directory,
              directory.listPacks().packs(),
              directory.indexFile(),
              unreferenced,
              Readers.census(directory),
              window,
              clock.instant());
      List<PackView> views = snapshot.packs().stream().filter(view -> !view.unlisted()).toList();
      Coverage coverage =
          new Coverage(
              index,
              views,
              plan.deletions(),
              directory.traits().permissions().mostReaders(),
              arena,
              cancellation);
      List<StoredPack> proven = prove(coverage, plan);
      Set<String> dropped = new HashSet<>(index.packNames());
      dropped.retainAll(proven.stream().map(StoredPack::indexName).toList());
      // An index lists one pack at least, and be it an empty one.
      if (proven.isEmpty() || dropped.size() == index.packNames().size()) {
        return new Expired(0, 0, "nothing can be spared");
      }
      if (dropped.isEmpty() && fresh.packs().isEmpty()) {
        cancellation.check();
        return expired(
            replaceAndDelete(verified, snapshot, coverage, proven, fresh, Optional.empty()), 0);
      }
      FilePublisher publisher = directory.publisher();
      try (Unpublished replacement = publisher.create("midx")) {
        List<StoredPack> listed = views.stream().map(PackView::pack).toList();
        Written written =
            new MultiPackIndexWriter(directory.hash(), cancellation)
                .write(
                    replacement.channel(),
                    Optional.of(index),
                    dropped,
                    open(fresh, arena),
                    fresh.ranks().among(listed));
        replacement.sync();
        // A pack that has gone, and is none of those that are relied upon, was no less gone before.
        List<Fault> damages =
            proof.verify(replacement.file()).stream()
                .filter(fault -> fault.kind() != Fault.Kind.PACK_GONE)
                .toList();
        if (!damages.isEmpty()) {
          throw StepErrors.of(damages);
        }
        requireSoundCopies(fresh, replacement.file(), listed);
        cancellation.check();
        return expired(
            replaceAndDelete(verified, snapshot, coverage, proven, fresh, Optional.of(replacement)),
            written.bytes());
      }
    }
  }

  private static Expired expired(long deleted, long bytes) {
    return new Expired(deleted, bytes, "%d packs that nothing refers to".formatted(deleted));
  }

  private void requireSoundCopies(Fresh fresh, Path file, List<StoredPack> listed)
      throws IOException {
    if (fresh.packs().isEmpty()) {
      return;
    }
    List<StoredPack> all = Stream.concat(listed.stream(), fresh.packs().stream()).toList();
    List<CorruptFileException> damaged =
        new RetainedCopies(directory, cancellation).damaged(file, fresh.brought(), all);
    if (!damaged.isEmpty()) {
      throw damaged.getFirst();
    }
  }

  private List<IndexedPack> open(Fresh fresh, Arena arena) throws IOException {
    List<IndexedPack> opened = new ArrayList<>();
    for (StoredPack pack : fresh.packs()) {
      opened.add(IndexDraft.fresh(pack, directory.hash(), unreferenced, fresh.ranks(), arena));
    }
    return opened;
  }

  private List<StoredPack> prove(Coverage coverage, CyclePlan plan) throws IOException {
    Map<PackView, String> uncovered = coverage.uncovered(plan.deletions());
    List<PackView> covered = new ArrayList<>();
    for (PackView view : plan.deletions()) {
      String object = uncovered.get(view);
      if (object == null) {
        covered.add(view);
      } else {
        permission.unproven(view, object);
      }
    }
    new CoveringEntries(directory.hash(), sound, cancellation)
        .check(coverage, plan.deletions(), clock.instant());
    for (PackView view : covered) {
      makeAsYoung(coverage.olderCovers(view), view.pack());
    }
    return covered.stream().map(PackView::pack).toList();
  }

  /**
   * Makes packs as young as one that is about to go, for the sake of what nothing refers to: {@code git gc} would prune it sooner. Only
   * the owner of a file may do so; where that is somebody else, it is as it is when {@code git repack --geometric} drops the younger copy.
   */
  private static void makeAsYoung(Set<StoredPack> older, StoredPack spared) throws IOException {
    FileTime wanted = FileTime.from(spared.data().modified());
    for (StoredPack pack : older) {
      Path path = pack.data().path();
      BasicFileAttributeView file =
          Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
      try {
        if (file.readAttributes().lastModifiedTime().compareTo(wanted) < 0) {
          file.setTimes(wanted, null, null);
        }
      } catch (FileSystemException e) {
        if (StepErrors.vanished(e)) {
          throw e;
        }
        log.debug("{} stays older than {}, which goes", path, spared.data().path(), e);
      }
    }
  }

  /** Replaces the index and deletes; what stays after all is listed again. */
  private long replaceAndDelete(
      Optional<FileStamp> verified,
      Snapshot snapshot,
      Coverage coverage,
      List<StoredPack> proven,
      Fresh fresh,
      Optional<Unpublished> replacement)
      throws IOException, StepFailure {
    Set<String> listed = Set.copyOf(coverage.listed());
    ReturnedPacks returned =
        new ReturnedPacks(
            directory,
            proven.stream().filter(pack -> listed.contains(pack.indexName())).toList(),
            unreferenced,
            window,
            proof,
            clock);
    // What others have done to the directory need not be waited for while the lock is held.
    directory.publisher().syncDirectory();
    Snapshot now = lookBeforeTheLock(snapshot, proven);
    try {
      long deleted = underIndexLock(verified, now, coverage, proven, fresh, replacement);
      directory.publisher().syncDirectory();
      if (deleted < proven.size()) {
        returned.list();
      }
      return deleted;
    } catch (IOException | StepFailure | RuntimeException | Error e) {
      returned.listAfter(e);
      throw e;
    } finally {
      ServerInfo.refresh(directory);
    }
  }

  /**
   * Looks who is there, so that the index is not replaced in vain. Nobody relies on it, so it is done before the lock is taken:
   * whoever comes later is seen when the packs are hidden, and no superseded index gets another reader.
   *
   * @return what was seen: the plan of this moment gives up each pack that is about to go, and each is as it was
   */
  private Snapshot lookBeforeTheLock(Snapshot snapshot, List<StoredPack> proven)
      throws IOException, StepFailure {
    Census census = Readers.census(directory);
    Optional<String> obstacle = permission.obstacle(census);
    if (obstacle.isPresent()) {
      throw new StepFailure(Result.SKIPPED, "busy", obstacle.get());
    }
    Snapshot now = snapshot.with(census, window.lookBriefly(directory, proven, clock.instant()));
    requireStillExpendable(now, proven);
    return now;
  }

  private long underIndexLock(
      Optional<FileStamp> verified,
      Snapshot now,
      Coverage coverage,
      List<StoredPack> proven,
      Fresh fresh,
      Optional<Unpublished> replacement)
      throws IOException, StepFailure {
    try (LockFile indexLock = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX)) {
      requireInstalled(verified);
      Optional<String> lost = coverage.firstLost();
      if (lost.isPresent()) {
        throw changed(lost.get());
      }
      for (StoredPack pack : fresh.packs()) {
        if (!pack.data().unchanged() || !pack.index().unchanged()) {
          throw changed("%s was replaced".formatted(pack.data().path()));
        }
      }
      if (!fresh.packs().isEmpty()) {
        requireNoneGone(coverage.listed());
      }
      if (replacement.isPresent()) {
        try (SafetyWindow.Replacement index = window.replacing(directory, unreferenced.windows())) {
          replacement.get().publishWritable(String.valueOf(directory.indexFile().getFileName()));
          index.done(clock.instant());
        }
      }
      // Nothing that takes time comes between this and the packs being hidden.
      FileStamp installed = FileStamp.of(directory.indexFile());
      Snapshot after = replacement.isPresent() ? now.replacedBy(installed.inode()) : now;
      return deletion.delete(
          proven,
          indexLock,
          () -> {
            // If the power fails, the packs may be gone and the index that lists them be back. This
            // takes time, so whoever came meanwhile is looked for after it. All that came before
            // the lock is there already.
            directory.publisher().syncDirectory();
            return reasonToKeep(indexLock, installed, after, proven, coverage);
          });
    }
  }

  /**
   * Whoever repacks adds a pack and deletes others. If somebody has begun and ended since the fresh packs were listed, one of these may
   * be the new one, and the index lead to what has gone; and whoever reads it looks in no other pack that it lists. Nobody was seen to
   * be at it since, so that what is there now is what that one has left.
   */
  private void requireNoneGone(List<String> listed) throws IOException, StepFailure {
    Set<String> there = directory.packIndexNames();
    for (String name : listed) {
      if (!there.contains(name)) {
        throw changed("somebody else deleted " + directory.packDirectory().resolve(name));
      }
    }
  }

  /** Asked when the packs are hidden: nobody can come to open them any more, and who came before is seen. */
  private Optional<String> reasonToKeep(
      LockFile indexLock,
      FileStamp installed,
      Snapshot snapshot,
      List<StoredPack> hidden,
      Coverage coverage)
      throws IOException, StepFailure {
    if (!indexLock.stillHeld() || !installed.unchanged()) {
      return Optional.of("the multi-pack-index was replaced in spite of its lock");
    }
    Census census = Readers.census(directory);
    Optional<String> obstacle = permission.obstacle(census);
    return obstacle.isPresent()
        ? obstacle
        : coverage
            .firstLost()
            .or(() -> firstWanted(snapshot.with(census, snapshot.evidence()), hidden));
  }

  /** What the plan of this moment does not give up; leases are asked for when each pack is unlinked. */
  private Optional<String> firstWanted(Snapshot snapshot, List<StoredPack> hidden) {
    Set<StoredPack> sought = new HashSet<>(hidden);
    return permission.plan(snapshot).expire().stream()
        .filter(decision -> !decision.delete() && sought.contains(decision.pack().pack()))
        .findFirst()
        .map(ExpireDecision::reason);
  }

  private Set<StoredPack> expendable(Snapshot snapshot) {
    Set<StoredPack> expendable = new HashSet<>();
    permission.plan(snapshot).deletions().forEach(view -> expendable.add(view.pack()));
    return expendable;
  }

  private void requireInstalled(Optional<FileStamp> verified) throws IOException, StepFailure {
    if (!FileStamp.find(directory.indexFile()).equals(verified)) {
      throw changed("the multi-pack-index was replaced");
    }
  }

  /** The plan of this moment has to give up each pack that is about to go, and each has to be as it was. */
  private void requireStillExpendable(Snapshot snapshot, List<StoredPack> proven)
      throws IOException, StepFailure {
    Set<StoredPack> expendable = expendable(snapshot);
    for (StoredPack pack : proven) {
      Path path = pack.data().path();
      if (!expendable.contains(pack)) {
        throw changed("%s is wanted again".formatted(path));
      }
      Optional<String> change = deletion.changed(pack);
      if (change.isPresent()) {
        throw changed("%s: %s".formatted(path, change.get()));
      }
    }
  }

  private static StepFailure changed(String what) {
    return new StepFailure(
        Result.SKIPPED, "packs-changed", what + " while packs were to be deleted");
  }
}
