package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.platform.FileLease;
import io.repackd.platform.FileLease.LeasedException;
import io.repackd.platform.FileLease.Use;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The multi-pack-indexes of one object directory that were replaced and may still have a reader.
 *
 * <p>Each keeps a second name, {@code tmp_superseded_INODE}, by which the kernel can be asked for its readers: its inode cannot be
 * used again meanwhile, and nobody has it open for that between two looks. So any number of programs can watch, each finds what
 * the others have superseded, and so does whoever is started again. Of what somebody else has superseded nothing more is known:
 * its readers may be led to any pack. The name goes at the end of a cycle, when there is no reader any more.
 *
 * <p>{@code git prune} sweeps such a name away when the index is old enough. A name that is missed, like an index that somebody
 * replaced who gave it none, makes the watch begin anew.
 */
final class IndexWatch {
  private static final Logger log = LoggerFactory.getLogger(IndexWatch.class);

  private final Path indexFile;

  /** Of those which were replaced here, or in an earlier life, the packs that they take nothing from. */
  private final Map<Key, Map<String, Instant>> superseded = new HashMap<>();

  private Optional<FileStamp> installed = Optional.empty();
  private @Nullable Instant since;
  private boolean beingReplaced;
  private boolean told;

  IndexWatch(Path indexFile) {
    this.indexFile = indexFile;
  }

  /** One index: when its name was swept away, its inode may be used again, but not with the same time. */
  record Key(long inode, long bytes, Instant modified) {
    static Key of(FileStamp file) {
      return new Key(file.inode(), file.bytes(), file.modified());
    }
  }

  /**
   * An index that is about to be replaced, or was.
   *
   * @param name its second name
   * @param unreferenced the packs that it takes nothing from, and since when
   */
  record Superseded(Path name, FileStamp file, Map<String, Instant> unreferenced) {}

  /**
   * What outlives the process.
   *
   * @param since from when on all superseded indexes are known
   * @param installed the index that was installed then
   * @param superseded the others, with the packs that each takes nothing from
   */
  record Memory(Instant since, FileStamp installed, Map<Key, Map<String, Instant>> superseded) {}

  /**
   * Goes on where an earlier process ended, or another of the same state directory, if nobody has replaced the index since and all
   * names are there.
   */
  synchronized void recall(Memory memory) throws IOException {
    Optional<FileStamp> present = FileStamp.find(indexFile);
    if ((since == null || memory.since().isBefore(since))
        && present.equals(Optional.of(memory.installed()))
        && names().keySet().containsAll(memory.superseded().keySet())) {
      since = memory.since();
      installed = present;
      memory.superseded().forEach(superseded::putIfAbsent);
    }
  }

  /** What has to be remembered for {@link #recall}. */
  synchronized Optional<Memory> memory() {
    Instant begun = since;
    return begun == null
        ? Optional.empty()
        : installed.map(index -> new Memory(begun, index, Map.copyOf(superseded)));
  }

  /** Begins anew if somebody else has replaced the index: that one may have readers who are not known. */
  private void look(Instant now) throws IOException {
    Optional<FileStamp> present = FileStamp.find(indexFile);
    if (since == null || (!beingReplaced && !present.equals(installed))) {
      since = now;
      installed = present;
    }
  }

  /** From when on all superseded indexes are known. */
  synchronized Instant since(Instant now) throws IOException {
    look(now);
    return since == null ? now : since;
  }

  /** Those which somebody reads. Who that is takes longer to find out. */
  synchronized List<Superseded> stillRead(Instant now) throws IOException {
    look(now);
    Map<Key, FileStamp> names = names();
    if (!names.keySet().containsAll(superseded.keySet())) {
      since = now;
      superseded.keySet().retainAll(names.keySet());
    }
    List<Superseded> read = new ArrayList<>();
    for (FileStamp name : names.values()) {
      Use use = isInstalled(name) ? Use.NOBODY : use(name);
      if (use == Use.UNKNOWN) {
        since = now;
      } else if (use == Use.SOMEBODY) {
        read.add(
            new Superseded(name.path(), name, superseded.getOrDefault(Key.of(name), Map.of())));
      }
    }
    return read;
  }

  /**
   * Lets go of those which nobody reads any more, and of which nobody can tell; also of a name that somebody gave the installed
   * index who did not come to replace it. The caller holds the lock of maintenance, so that nobody is about to.
   */
  synchronized void letGo() throws IOException {
    for (FileStamp name : names().values()) {
      if (isInstalled(name) || use(name) != Use.SOMEBODY) {
        Files.deleteIfExists(name.path());
        superseded.remove(Key.of(name));
      }
    }
  }

  private static Use use(FileStamp name) {
    try (FileLease lease = FileLease.open(name.path())) {
      return lease.take();
    } catch (LeasedException e) {
      return Use.SOMEBODY; // who asks the same, at this moment
    } catch (IOException e) {
      return Use.UNKNOWN;
    }
  }

  private boolean isInstalled(FileStamp name) throws IOException {
    return FileStamp.find(indexFile).filter(index -> index.sameFileAs(name)).isPresent();
  }

  /** A copy of a repository has files of such names, too, which nobody reads. */
  private Map<Key, FileStamp> names() throws IOException {
    Map<Key, FileStamp> names = new HashMap<>();
    Path packs = indexFile.toAbsolutePath().resolveSibling("");
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(packs, ObjectDirectory.SUPERSEDED_INDEX + "*")) {
      for (Path file : files) {
        stamp(file).ifPresent(stamp -> names.put(Key.of(stamp), stamp));
      }
    } catch (NoSuchFileException e) {
      return names;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return names;
  }

  private static Optional<FileStamp> stamp(Path file) throws IOException {
    try {
      return FileStamp.find(file);
    } catch (ObjectDirectoryException e) {
      return Optional.empty(); // a symbolic link or a directory, so not ours
    }
  }

  /** Names the index that is about to be replaced; nothing if there is none, or it cannot be named. */
  synchronized @Nullable Superseded open(Map<String, Instant> unreferenced) throws IOException {
    Optional<FileStamp> present = FileStamp.find(indexFile);
    if (present.isEmpty()) {
      return null;
    }
    Superseded index =
        new Superseded(
            indexFile.resolveSibling(ObjectDirectory.SUPERSEDED_INDEX + present.get().inode()),
            present.get(),
            Map.copyOf(unreferenced));
    try {
      link(index);
    } catch (IOException | UnsupportedOperationException e) {
      tell(index.name(), e);
      return null;
    }
    if (!present.get().unchanged()) {
      stays(index);
      return null;
    }
    beingReplaced = true;
    return index;
  }

  /** Once: there are file systems on which it never works. */
  private void tell(Path name, Exception failure) {
    if (!told) {
      told = true;
      log.warn(
          "superseded multi-pack-indexes are not watched, so that packs wait longer: cannot link"
              + " {}: {}",
          name,
          failure instanceof IOException e ? Reason.of(e) : "not supported here");
    }
  }

  private void link(Superseded index) throws IOException {
    try {
      Files.createLink(index.name(), indexFile);
    } catch (FileAlreadyExistsException e) {
      if (stamp(index.name()).filter(index.file()::sameFileAs).isEmpty()) {
        Files.delete(index.name()); // a copy
        Files.createLink(index.name(), indexFile);
      }
    }
  }

  /** Notes that the index was replaced. */
  synchronized void replaced(@Nullable Superseded index, Instant now) throws IOException {
    beingReplaced = false;
    if (index == null || !installed.equals(Optional.of(index.file()))) {
      since = now;
    }
    if (index != null) {
      superseded.put(Key.of(index.file()), index.unreferenced());
    }
    installed = FileStamp.find(indexFile);
  }

  /** Forgets an index that was not replaced after all. */
  synchronized void stays(Superseded index) throws IOException {
    beingReplaced = false;
    Files.deleteIfExists(index.name());
  }
}
