package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.DirectorySync;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
 */
final class PackDeletion {
  private final ObjectDirectory directory;

  PackDeletion(ObjectDirectory directory) {
    this.directory = directory;
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
  private record Hidden(StoredPack pack, Path index) {}

  /**
   * Unlinks the packs.
   *
   * @param lock the lock of the multi-pack-index; without it nothing is unlinked
   * @param lastLook asked once the packs are hidden
   * @return how many were unlinked
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
        throw new StepFailure(
            Result.SKIPPED, "busy", reason.get() + " while packs were to be deleted");
      }
    } catch (IOException | StepFailure | RuntimeException | Error e) {
      bringBack(hidden, e);
      throw e;
    }
    for (Hidden gone : hidden) {
      delete(gone);
    }
    DirectorySync.sync(directory.packDirectory());
    return hidden.size();
  }

  private Hidden hide(StoredPack pack) throws IOException {
    Path elsewhere = Leftovers.hiddenIndex(directory, pack.name());
    Files.move(pack.index().path(), elsewhere, StandardCopyOption.ATOMIC_MOVE);
    return new Hidden(pack, elsewhere);
  }

  private static void bringBack(List<Hidden> hidden, Throwable reason) {
    for (Hidden pack : hidden) {
      try {
        Files.move(pack.index(), pack.pack().index().path(), StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }
  }

  /** The hidden index goes last: while it is there, whoever recovers knows what was under way. */
  private static void delete(Hidden hidden) throws IOException {
    Files.delete(hidden.pack().data().path());
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
