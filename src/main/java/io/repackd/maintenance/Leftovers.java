package io.repackd.maintenance;

import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.TemporaryKeep;
import io.repackd.objectdir.TemporaryName;
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
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a repackd that died has left in an object directory, put right.
 *
 * <p>Temporary files have names of a form that git's never have. A cycle writes them under the maintenance lock, so whoever
 * holds it now may remove them; and where one is written without it, the name says whether its process lives, and this process
 * knows its own. Two kinds say more than that something was begun:
 *
 * <ul>
 *   <li>{@code tmp_hidden_NAME} is the index of a pack that was being deleted. If the pack is still there, it gets its index
 *       back; a later cycle deletes it. If it is not, what else belonged to it goes too.
 *   <li>{@code tmp_idx_…} may be the index of a pack which was being published and already has its name. It gets its own.
 * </ul>
 *
 * <p>Of the {@code .keep} files only {@linkplain TemporaryKeep temporary} ones go, and only those of the dead.
 *
 * <p>Indexes are hidden under the lock of the multi-pack-index, and under no other; so whoever holds that knows that nobody is
 * at it.
 */
final class Leftovers {
  private static final Logger log = LoggerFactory.getLogger(Leftovers.class);

  private static final String HIDDEN = "tmp_hidden_";

  private static final String DIGITS = "[0-9a-f]{" + TemporaryName.DIGITS + "}";

  private static final Pattern NEW_INDEX = Pattern.compile("tmp_idx_" + DIGITS);

  private static final Pattern OTHERS =
      Pattern.compile("tmp_(pack|rev|keep|promisor|baddeltas|supersedes|midx|deltas)_" + DIGITS);

  private final ObjectDirectory directory;
  private final Cancellation cancellation;

  Leftovers(ObjectDirectory directory, Cancellation cancellation) {
    this.directory = directory;
    this.cancellation = cancellation;
  }

  /** Where the index of a pack lies while the pack is being deleted. */
  static Path hiddenIndex(ObjectDirectory directory, String pack) {
    return directory.packDirectory().resolve(hiddenName(pack));
  }

  static String hiddenName(String pack) {
    return HIDDEN + pack;
  }

  /**
   * What was found.
   *
   * @param removed how many files were removed
   * @param restored how many packs got their index back
   * @param keeps how many temporary keeps were removed
   */
  record Recovered(int removed, int restored, int keeps) {
    Recovered(int removed, int restored) {
      this(removed, restored, 0);
    }
  }

  /**
   * Puts everything right.
   *
   * @param cycle the cycle that asks for it, and that holds the maintenance lock
   */
  Recovered recover(String cycle) throws IOException {
    int removed = LockFile.removeAbandoned(directory.path());
    removed += LockFile.removeAbandoned(directory.packDirectory());
    Recovered recovered = recoverHidden();
    removed += recovered.removed();
    int restored = recovered.restored();
    for (Path file : regularFiles("tmp_*")) {
      String name = name(file);
      if (TemporaryName.beingWritten(file)) {
        continue;
      }
      if (NEW_INDEX.matcher(name).matches()) {
        Optional<String> pack = packOf(file);
        if (pack.isPresent() && lacksIndex(pack.get()) && fits(pack.get(), file)) {
          Path data = path(pack.get(), "pack");
          directory.publisher().adopt(file, pack.get() + ".idx", () -> ReadAccess.of(data));
          restored++;
        } else {
          Files.delete(file);
          removed++;
        }
      } else if (OTHERS.matcher(name).matches()) {
        Files.delete(file);
        removed++;
      }
    }
    if (restored > 0) {
      directory.publisher().syncDirectory();
    }
    return new Recovered(removed, restored, removeStaleKeeps(cycle));
  }

  /** Also where the pack never came. */
  private int removeStaleKeeps(String cycle) throws IOException {
    int removed = 0;
    for (Path file : regularFiles("*.keep")) {
      if (TemporaryKeep.removeIfStale(file, cycle)) {
        removed++;
      }
    }
    return removed;
  }

  /** The names of packs whose deletion had begun. */
  List<String> hiddenPacks() throws IOException {
    return regularFiles(HIDDEN + "*").stream()
        .map(file -> name(file).substring(HIDDEN.length()))
        .toList();
  }

  /** Brings back all packs whose deletion had begun: see {@link #recoverHidden(Predicate, Instant)}. */
  Recovered recoverHidden() throws IOException {
    return recoverHidden(_ -> true, Instant.MAX);
  }

  /**
   * Brings back the packs whose deletion had begun and not come to the pack itself, and ends the other deletions. No other
   * lock is needed for that than the one which is taken here.
   *
   * <p>Git sweeps away what has such a name and is old, and that would be the only index of its pack. So one that stays hidden is
   * made young. Nobody relies on that time: whoever compares it was deleting the pack, and is dead; and a pack that has come back
   * looks as young as it is to those who list it from then on.
   *
   * @param mayComeBack whether a pack of that name does
   * @param now what the others get for a modification time
   * @throws io.repackd.objectdir.LockedException if somebody may be deleting packs right now
   */
  Recovered recoverHidden(Predicate<String> mayComeBack, Instant now) throws IOException {
    if (regularFiles(HIDDEN + "*").isEmpty()) {
      return new Recovered(0, 0);
    }
    int removed = 0;
    int restored = 0;
    try (LockFile _ = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX)) {
      for (Path file : regularFiles(HIDDEN + "*")) {
        String pack = name(file).substring(HIDDEN.length());
        if (lacksIndex(pack)) {
          if (!mayComeBack.test(pack)) {
            makeYoung(file, now);
            continue;
          }
          // Even if the pack is damaged: whoever examines it finds that out, and it is its only
          // index.
          directory.publisher().adopt(file, pack + ".idx");
          restored++;
        } else {
          removed += removeRest(pack);
          Files.delete(file);
          removed++;
        }
      }
    }
    directory.publisher().syncDirectory();
    return new Recovered(removed, restored);
  }

  /** Another user's cannot be, and is brought back all the same when its time comes. */
  private static void makeYoung(Path file, Instant now) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(now));
    } catch (IOException e) {
      log.debug("cannot keep {} from being swept away", file, e);
    }
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private List<Path> regularFiles(String names) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory.packDirectory(), names)) {
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

  private boolean lacksIndex(String pack) {
    return Files.exists(path(pack, "pack")) && !Files.exists(path(pack, "idx"));
  }

  /** Whether an index that was never in use, and the pack that came before it, are sound. */
  private boolean fits(String pack, Path index) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      PackVerification.verify(
          PackFile.open(path(pack, "pack"), index, directory.hash(), arena), cancellation);
      return true;
    } catch (CorruptFileException e) {
      return false;
    }
  }

  /** Removes the sidecars of a pack that is gone. A {@code .keep} stays: no pack that had one was deleted. */
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
