package io.repackd.maintenance;

import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a repackd that died has left in an object directory, put right.
 *
 * <p>Temporary files have names of a form that git's never have, and only one process at a time writes them: the one that holds
 * the maintenance lock. So whoever holds it now may remove them. Two kinds say more than that something was begun:
 *
 * <ul>
 *   <li>{@code tmp_hidden_NAME} is the index of a pack that was being deleted. If the pack is still there, it gets its index
 *       back; a later cycle deletes it. If it is not, what else belonged to it goes too.
 *   <li>{@code tmp_idx_…} may be the index of a pack which was being published and already has its name. It gets its own.
 * </ul>
 */
final class Leftovers {
  private static final String HIDDEN = "tmp_hidden_";

  private static final Pattern NEW_INDEX = Pattern.compile("tmp_idx_[0-9a-f]{32}");

  private static final Pattern OTHERS =
      Pattern.compile("tmp_(pack|rev|promisor|midx)_[0-9a-f]{32}");

  private final ObjectDirectory directory;
  private final Cancellation cancellation;

  Leftovers(ObjectDirectory directory, Cancellation cancellation) {
    this.directory = directory;
    this.cancellation = cancellation;
  }

  /** Where the index of a pack lies while the pack is being deleted. */
  static Path hiddenIndex(ObjectDirectory directory, String pack) {
    return directory.packDirectory().resolve(HIDDEN + pack);
  }

  /**
   * What was found.
   *
   * @param removed how many files were removed
   * @param restored how many packs got their index back
   */
  record Recovered(int removed, int restored) {}

  /** Puts everything right. */
  Recovered recover() throws IOException {
    int removed = LockFile.removeAbandoned(directory.path());
    removed += LockFile.removeAbandoned(directory.packDirectory());
    int restored = 0;
    for (Path file : temporaryFiles()) {
      String name = String.valueOf(file.getFileName());
      Optional<String> pack =
          name.startsWith(HIDDEN)
              ? Optional.of(name.substring(HIDDEN.length()))
              : NEW_INDEX.matcher(name).matches() ? packOf(file) : Optional.empty();
      if (pack.isPresent() && lacksItsIndex(pack.get(), file)) {
        new FilePublisher(directory.packDirectory(), directory.traits().permissions())
            .adopt(file, pack.get() + ".idx");
        restored++;
      } else if (name.startsWith(HIDDEN)) {
        removed += removeRest(name.substring(HIDDEN.length()));
        Files.delete(file);
        removed++;
      } else if (NEW_INDEX.matcher(name).matches() || OTHERS.matcher(name).matches()) {
        Files.delete(file);
        removed++;
      }
    }
    if (restored > 0) {
      directory.publisher().syncDirectory();
    }
    return new Recovered(removed, restored);
  }

  private List<Path> temporaryFiles() throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory.packDirectory(), "tmp_*")) {
      for (Path file : files) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          found.add(file);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  /** The name that a pack with this index has, if the index is complete enough to tell. */
  private Optional<String> packOf(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      PackIndex index = PackIndex.open(file, directory.hash(), arena);
      return Optional.of(
          "pack-"
              + ObjectIds.hex(index.file(), index.packChecksumOffset(), directory.hash().length()));
    } catch (CorruptFileException e) {
      return Optional.empty();
    }
  }

  private boolean lacksItsIndex(String pack, Path index) throws IOException {
    Path data = path(pack, "pack");
    if (!Files.exists(data) || Files.exists(path(pack, "idx"))) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      PackVerification.verify(PackFile.open(data, index, directory.hash(), arena), cancellation);
      return true;
    } catch (CorruptFileException e) {
      return false;
    }
  }

  /** Removes the sidecars of a pack that is gone. A {@code .keep} is never ours. */
  private int removeRest(String pack) throws IOException {
    if (Files.exists(path(pack, "pack")) || Files.exists(path(pack, "idx"))) {
      return 0;
    }
    int removed = 0;
    for (Sidecar sidecar : Sidecar.values()) {
      if (sidecar != Sidecar.KEEP && Files.deleteIfExists(path(pack, sidecar.extension()))) {
        removed++;
      }
    }
    return removed;
  }

  private Path path(String pack, String extension) {
    return directory.packDirectory().resolve(pack + "." + extension);
  }
}
