package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.FileLease;
import io.repackd.platform.FileLease.LeasedException;
import io.repackd.platform.FileLease.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unlinks packs: exactly the files that were examined, and nothing by a pattern.
 *
 * <p>The caller holds the lock of the multi-pack-index and has just installed an index which lists the packs no more. That
 * order keeps {@code git fsck} content if the machine stops in between. But git takes the lock only when its new index is
 * complete: a {@code git multi-pack-index write} that begins between our rename and the end of a pack finds it unlisted, gives
 * it all its objects, and publishes that when the lock is free again, with the pack gone.
 *
 * <p>So the packs are hidden first, all of them, by moving their {@code .idx} away: from then on nobody can come to list them.
 * Then whoever came before is looked for. If there is somebody, the packs are brought back and stay; if not, they are unlinked.
 *
 * <p>Where the kernel grants leases, each pack is unlinked under leases on its two files: nobody has them open or mapped at that
 * moment, be it somebody who cannot be seen, and whoever comes to open them waits until it is over and then reads the unlinked file.
 */
final class PackDeletion {
  private static final Logger log = LoggerFactory.getLogger(PackDeletion.class);

  private final ObjectDirectory directory;
  private final boolean leases;

  /** Deletion under leases. */
  PackDeletion(ObjectDirectory directory) {
    this(directory, true);
  }

  /**
   * Deletion.
   *
   * @param leases whether a pack stays that somebody uses by the word of the kernel
   */
  PackDeletion(ObjectDirectory directory, boolean leases) {
    this.directory = directory;
    this.leases = leases;
  }

  /**
   * Looks once more whether a pack is as it was when it was examined.
   *
   * @return what has changed; empty if nothing has
   */
  Optional<String> changed(StoredPack pack) throws IOException {
    if (!pack.data().unchanged() || !pack.index().unchanged()) {
      return Optional.of("its files have changed");
    }
    for (Sidecar sidecar : Sidecar.values()) {
      if (Files.exists(path(pack, sidecar.extension())) != pack.has(sidecar)) {
        return Optional.of("its .%s file came or went".formatted(sidecar.extension()));
      }
    }
    return Optional.empty();
  }

  /** Looks for a reason why hidden packs have to come back. */
  interface LastLook {
    /** The reason, in words; empty if there is none. */
    Optional<String> reasonToKeep() throws IOException, StepFailure;
  }

  /** A pack that nobody can find any more, with the place where its index lies meanwhile. */
  private record Hidden(StoredPack pack, Path index) {
    Path data() {
      return pack.data().path();
    }

    boolean indexUnchanged() throws IOException {
      return FileStamp.find(index).filter(now -> now.sameFileAs(pack.index())).isPresent();
    }
  }

  /**
   * Unlinks the packs. It is for the caller to synchronise the directory, when it has released the lock.
   *
   * @param lock the lock of the multi-pack-index; without it nothing is unlinked
   * @param lastLook asked once the packs are hidden
   * @return how many were unlinked. Not all, if somebody comes to use one of the others while that goes on: then those are where
   *     they were
   * @throws StepFailure if there is a reason to keep them: they are all where they were
   */
  long delete(List<StoredPack> packs, LockFile lock, LastLook lastLook)
      throws IOException, StepFailure {
    List<Hidden> hidden = new ArrayList<>();
    try {
      for (StoredPack pack : packs) {
        if (lock.stillHeld() && changed(pack).isEmpty()) {
          hidden.add(hide(pack));
        }
      }
      Optional<String> reason = lastLook.reasonToKeep();
      if (reason.isPresent()) {
        throw busy(reason.get());
      }
      for (Hidden pack : hidden) {
        check(pack);
      }
      return unlink(hidden);
    } catch (IOException | StepFailure | RuntimeException | Error e) {
      bringBack(hidden, e);
      throw e;
    }
  }

  private long unlink(List<Hidden> hidden) throws IOException, StepFailure {
    long deleted = 0;
    try {
      while (!hidden.isEmpty()) {
        delete(hidden.getLast());
        hidden.removeLast();
        deleted++;
      }
    } catch (StepFailure e) {
      if (deleted == 0) {
        throw e;
      }
      log.info("{}: {} packs stay: {}", directory.path(), hidden.size(), e.detail());
      bringBack(hidden, e);
      for (Throwable further : e.getSuppressed()) {
        log.warn("cannot bring back a pack now, the next cycle will", further);
      }
    }
    return deleted;
  }

  private static StepFailure busy(String what) {
    return busy(() -> what);
  }

  private static StepFailure busy(Supplier<String> what) {
    return new StepFailure(
        Result.SKIPPED, "busy", () -> what.get() + " while packs were to be deleted");
  }

  /** Somebody may have brought the same pack anew meanwhile: then it has an index again, or a keep. */
  private void requireAsExamined(Hidden pack) throws IOException, StepFailure {
    if (!pack.pack().data().unchanged() || !pack.indexUnchanged()) {
      throw busy("somebody changed or deleted " + pack.data());
    }
    if (Files.exists(pack.pack().index().path())) {
      throw busy("somebody brought %s anew".formatted(pack.data()));
    }
    for (Sidecar sidecar : Sidecar.values()) {
      if (Files.exists(path(pack.pack(), sidecar.extension())) != pack.pack().has(sidecar)) {
        throw busy("the .%s file of %s came or went".formatted(sidecar.extension(), pack.data()));
      }
    }
  }

  /** Looks at all of them before the first goes, so that mostly all stay or none. */
  private void check(Hidden pack) throws IOException, StepFailure {
    requireAsExamined(pack);
    if (leases) {
      requireUnused(FileUsers.of(pack.data(), pack.pack().data()), pack);
      requireUnused(FileUsers.of(pack.index(), pack.pack().index()), pack);
    }
  }

  /** Whoever it is, the packs come back first. */
  private static void requireUnused(FileUsers.Answer answer, Hidden pack) throws StepFailure {
    if (answer.use() == Use.SOMEBODY) {
      throw busy(() -> "%s has %s open".formatted(name(answer.file()), pack.data()));
    }
  }

  private static String name(FileStamp file) {
    return String.join(", ", FileUsers.names(List.of(file)).values());
  }

  private Hidden hide(StoredPack pack) throws IOException {
    Path elsewhere = Leftovers.hiddenIndex(directory, pack.name());
    Files.move(pack.index().path(), elsewhere, StandardCopyOption.ATOMIC_MOVE);
    return new Hidden(pack, elsewhere);
  }

  private static void bringBack(List<Hidden> hidden, Throwable reason) {
    for (Hidden pack : hidden) {
      if (!Files.exists(pack.data())) {
        continue; // whoever recovers ends what somebody else has begun
      }
      try {
        Files.move(pack.index(), pack.pack().index().path(), StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }
  }

  private void delete(Hidden hidden) throws IOException, StepFailure {
    if (!leases) {
      requireAsExamined(hidden);
      unlink(hidden);
      return;
    }
    try (Lease data = Lease.of(hidden.data());
        Lease index = Lease.of(hidden.index())) {
      if (data.isRefused() || index.isRefused()) {
        throw busy("somebody opened " + hidden.data());
      }
      requireAsExamined(hidden);
      if (data.isWanted() || index.isWanted()) {
        throw busy("somebody is about to open " + hidden.data());
      }
      unlink(hidden);
    }
  }

  /** A lease, as far as it is to be had. */
  private record Lease(Optional<FileLease> file, Use use) implements AutoCloseable {
    static Lease of(Path path) {
      try {
        FileLease lease = FileLease.open(path);
        return new Lease(Optional.of(lease), lease.take());
      } catch (LeasedException e) {
        return new Lease(Optional.empty(), Use.SOMEBODY);
      } catch (IOException e) {
        return new Lease(Optional.empty(), Use.UNKNOWN);
      }
    }

    boolean isRefused() {
      return use == Use.SOMEBODY;
    }

    /** Whoever waits gets the file before it goes, not after. */
    boolean isWanted() {
      return use == Use.NOBODY && file.filter(FileLease::undisturbed).isEmpty();
    }

    @Override
    public void close() {
      file.ifPresent(FileLease::close);
    }
  }

  /** The hidden index goes last: while it is there, whoever recovers knows what was under way. */
  private static void unlink(Hidden hidden) throws IOException {
    Files.delete(hidden.data());
    for (Map.Entry<Sidecar, FileStamp> sidecar : hidden.pack().sidecars().entrySet()) {
      if (sidecar.getValue().unchanged()) {
        Files.deleteIfExists(sidecar.getValue().path());
      }
    }
    Files.delete(hidden.index());
  }

  private Path path(StoredPack pack, String extension) {
    return directory.packDirectory().resolve(pack.name() + "." + extension);
  }
}
