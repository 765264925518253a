package io.repackd.objectdir;

import io.repackd.platform.ProcessTable;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One object directory: where it lies and what its repository's configuration says of it. Holds no open file and remembers
 * no listing; each question is answered from the disk.
 */
public final class ObjectDirectory {
  /** Before the inode number, the second name of a multi-pack-index that was replaced and may have readers. It is no garbage. */
  public static final String SUPERSEDED_INDEX = "tmp_superseded_";

  private final RepositoryLocation location;
  private final RepositoryTraits traits;

  private ObjectDirectory(RepositoryLocation location, RepositoryTraits traits) {
    this.location = location;
    this.traits = traits;
  }

  /**
   * Opens the object directory and reads its repository's configuration.
   *
   * @throws ObjectDirectoryException if its format is unknown, or its pack directory is a symbolic link, through which
   *     files outside would be deleted
   * @throws IOException if it cannot be read
   */
  public static ObjectDirectory open(RepositoryLocation location) throws IOException {
    if (!Files.isDirectory(location.objectDirectory())) {
      throw new ObjectDirectoryException(
          "cannot open object directory %s: no such directory"
              .formatted(location.objectDirectory()));
    }
    ObjectDirectory directory =
        new ObjectDirectory(location, RepositoryTraits.read(location, System.getenv()));
    if (Files.isSymbolicLink(directory.packDirectory())) {
      throw new ObjectDirectoryException(
          "refusing object directory %s: its pack directory is a symbolic link"
              .formatted(location.objectDirectory()));
    }
    return directory;
  }

  /** Its path, without symbolic links. */
  public Path path() {
    return location.objectDirectory();
  }

  /** Where its packs lie. */
  public Path packDirectory() {
    return path().resolve("pack");
  }

  /**
   * Reads how its repository wants packs to be written.
   *
   * @throws ObjectDirectoryException if the git configuration has a value that git refuses
   */
  public DeltaSettings deltaSettings() throws IOException {
    return DeltaSettings.read(location, System.getenv());
  }

  /** How it was found. */
  public RepositoryLocation location() {
    return location;
  }

  /** What its repository's configuration says. */
  public RepositoryTraits traits() {
    return traits;
  }

  /** Its hash function. */
  public HashAlgorithm hash() {
    return traits.hash();
  }

  /**
   * Lists the pack directory.
   *
   * @throws IOException if it cannot be read; one which does not exist is empty
   */
  public PackDirectoryListing listPacks() throws IOException {
    return PackDirectoryScan.scan(packDirectory());
  }

  /**
   * Lists only the names of the packs' indexes: a fraction of the time that {@link #listPacks} takes, which looks at each file.
   *
   * @throws IOException if it cannot be read; one which does not exist is empty
   */
  public Set<String> packIndexNames() throws IOException {
    return PackDirectoryScan.packIndexNames(packDirectory());
  }

  /**
   * Lists the packs by their names alone, each with what lies beside it: as cheap as {@link #packIndexNames}.
   *
   * @throws IOException if the pack directory cannot be read; one which does not exist is empty
   */
  public Map<String, Set<Sidecar>> packNames() throws IOException {
    return PackDirectoryScan.packNames(packDirectory());
  }

  /**
   * Estimates the number of loose objects as git does, from one directory of 256.
   *
   * @throws IOException if it cannot be read; one which does not exist is empty
   */
  public long estimateLooseObjects() throws IOException {
    return LooseObjects.estimate(path(), hash());
  }

  /** Counts the loose objects: a listing of up to 256 directories. */
  public LooseObjects countLooseObjects() throws IOException {
    return LooseObjects.count(path(), hash());
  }

  /** The way to publish files in the pack directory. */
  public FilePublisher publisher() {
    return new FilePublisher(packDirectory(), traits.permissions());
  }

  /** The user it belongs to. */
  public UserPrincipal owner() throws IOException {
    return Files.getOwner(path(), LinkOption.NOFOLLOW_LINKS);
  }

  /** The multi-pack-index file, whether it exists or not. */
  public Path indexFile() {
    return packDirectory().resolve(PackDirectoryScan.INDEX_NAME);
  }

  /** The file that lists the parts of an incremental multi-pack-index, whether it exists or not. */
  public Path indexChainFile() {
    return packDirectory().resolve(PackDirectoryScan.CHAIN);
  }

  /** The files that git or we lock: the maintenance lock and the lock of the multi-pack-index. */
  public enum Lock {
    /** Held by whoever maintains the object directory; also taken by {@code git maintenance run}. */
    MAINTENANCE("maintenance", LockKind.MAINTENANCE),
    /** Held by whoever bundles small packs and loose objects. A cycle may be under way meanwhile. */
    AGGREGATE("aggregate", LockKind.AGGREGATE),
    /** Held for the moment in which a multi-pack-index is replaced. */
    MULTI_PACK_INDEX("pack/multi-pack-index", LockKind.MULTI_PACK_INDEX);

    private final String locked;
    private final LockKind kind;

    Lock(String locked, LockKind kind) {
      this.locked = locked;
      this.kind = kind;
    }
  }

  /**
   * Takes a lock, breaking one that a process of ours left which is provably dead.
   *
   * @throws LockedException if somebody else holds it
   */
  public LockFile lock(Lock lock) throws IOException {
    return LockFile.acquire(path().resolve(lock.locked), lock == Lock.MAINTENANCE);
  }

  /**
   * Breaks a lock of another program that is stale. One of ours needs nobody's patience: whoever takes it breaks it.
   *
   * @return the lock that was broken; empty if there was none to be broken
   */
  public Optional<FoundLock> breakForeignLock(Lock lock, LockPatience patience, Instant now)
      throws IOException {
    Optional<FoundLock> found =
        FoundLock.find(location, lock.kind).filter(it -> !it.ours() && it.stale(patience, now));
    return found.isPresent() && LockFile.breakForeign(found.get().stamp())
        ? found
        : Optional.empty();
  }

  /**
   * Who holds the maintenance lock, if that is another program than ours: {@code git maintenance run} does.
   *
   * @return in words; empty if nobody holds it, or a process of ours
   */
  public Optional<String> foreignMaintenanceLock() throws IOException {
    return LockFile.foreignHolder(path().resolve(Lock.MAINTENANCE.locked));
  }

  /**
   * The processes that use the object directory or work in its repository, or read it from elsewhere, without ourselves.
   *
   * @throws IOException if there is no process table
   */
  public Census readers() throws IOException {
    Set<Path> directories = new HashSet<>(Set.of(path()));
    if (location.commonDirectory().isPresent()) {
      directories.add(location.commonDirectory().get());
      directories.add(location.path().toRealPath());
    }
    return new ProcessTable().census(directories, new Borrowers(path()));
  }

  @Override
  public String toString() {
    return path() + " " + Map.of("hash", hash().gitName());
  }
}
