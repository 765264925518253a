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
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Unlinks packs: exactly the files that were examined, and nothing by a pattern.
 *
 * <p>The caller holds the lock of the multi-pack-index and has just installed an index which lists the packs no more. That
 * order keeps {@code git fsck} content if the machine stops in between; and nobody can list the packs again meanwhile, because that
 * takes the lock. The {@code .idx} goes first: without it a pack is not there.
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

  /**
   * Unlinks the packs.
   *
   * @param lock the lock of the multi-pack-index; without it nothing is unlinked
   * @return how many were unlinked
   */
  long delete(List<StoredPack> packs, LockFile lock) throws IOException {
    long deleted = 0;
    for (StoredPack pack : packs) {
      if (!lock.stillHeld() || changed(pack).isPresent()) {
        continue;
      }
      delete(pack);
      deleted++;
    }
    DirectorySync.sync(directory.packDirectory());
    return deleted;
  }

  private static void delete(StoredPack pack) throws IOException {
    Files.delete(pack.index().path());
    Files.delete(pack.data().path());
    for (Map.Entry<Sidecar, FileStamp> sidecar : pack.sidecars().entrySet()) {
      if (sidecar.getValue().unchanged()) {
        Files.deleteIfExists(sidecar.getValue().path());
      }
    }
  }

  private Path path(StoredPack pack, String extension) {
    return directory.packDirectory().resolve(pack.name() + "." + extension);
  }
}
