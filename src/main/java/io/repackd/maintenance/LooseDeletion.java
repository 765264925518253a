package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LooseWalk;
import io.repackd.objectdir.ObjectDirectoryException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Unlinks loose objects that are in a pack, too: exactly the files that were examined.
 *
 * <p>A {@code git repack} or {@code git gc} that is about to delete the pack saves those of its objects which nothing refers to: it
 * writes them as loose ones, but for those which it finds to be loose already. So the objects are first hidden, by giving them
 * names that are none of an object. Whoever comes from then on sees that they are in the pack only, and acts accordingly. Then
 * whoever came before is looked for. If there is somebody, or the packs are not what they were, the objects are brought back; if
 * not, they are unlinked.
 *
 * <p>What a crash leaves hidden the next round brings back. Both are done under the lock of aggregation, and by nobody else.
 */
final class LooseDeletion {
  /** A loose object under its other name. */
  private record Hidden(FileStamp object, Path file) {}

  /** Looks for a reason why hidden objects have to come back. */
  interface LastLook {
    /** The reason, in words; empty if there is none. */
    Optional<String> reasonToKeep() throws IOException;
  }

  /**
   * What became of the objects.
   *
   * @param deleted how many were unlinked; those which somebody has replaced or unlinked meanwhile are not among them
   * @param reasonToKeep why all others are where they were; empty if there was no reason
   */
  record Deleted(long deleted, Optional<String> reasonToKeep) {}

  private LooseDeletion() {}

  /**
   * Unlinks loose objects.
   *
   * @param objects as they were when they were examined
   * @param lastLook asked once they are hidden
   */
  static Deleted delete(List<FileStamp> objects, LastLook lastLook) throws IOException {
    List<Hidden> hidden = new ArrayList<>();
    try {
      for (FileStamp object : objects) {
        hide(object).ifPresent(hidden::add);
      }
      Optional<String> reason = lastLook.reasonToKeep();
      if (reason.isPresent()) {
        bringBack(hidden);
        return new Deleted(0, reason);
      }
    } catch (IOException | RuntimeException | Error e) {
      try {
        bringBack(hidden);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    for (Hidden gone : hidden) {
      Files.deleteIfExists(gone.file());
    }
    return new Deleted(hidden.size(), Optional.empty());
  }

  /** Looks at the file when it has its other name: under this one nobody puts another in its place. */
  private static Optional<Hidden> hide(FileStamp object) throws IOException {
    Path file = LooseWalk.hidden(object.path());
    try {
      Files.move(object.path(), file, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      if (FileStamp.of(file).sameFileAs(object)) {
        return Optional.of(new Hidden(object, file));
      }
    } catch (ObjectDirectoryException e) {
      // Something else than a file has taken its place.
    }
    bringBack(file);
    return Optional.empty();
  }

  private static void bringBack(List<Hidden> hidden) throws IOException {
    for (Hidden object : hidden) {
      bringBack(object.file());
    }
  }

  /** Gives a hidden object its name again; if it has been written anew meanwhile, this one goes. */
  static void bringBack(Path hidden) throws IOException {
    try {
      Files.move(hidden, LooseWalk.unhidden(hidden));
    } catch (FileAlreadyExistsException e) {
      Files.deleteIfExists(hidden);
    } catch (NoSuchFileException e) {
      // Nobody but a janitor can have done that.
    }
  }
}
