package io.repackd.maintenance;

import io.repackd.maintenance.LooseDeletion.Deleted;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LooseTable;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackedCopies;
import io.repackd.platform.Cancellation;
import io.repackd.platform.DirectorySync;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Drops loose objects that packs have, too, once that is proven: the pack is there as it was listed, on the disk and not only in
 * memory, {@linkplain ReadAccess all who may read} the loose file may read it, and the object's entry in it is sound with all that
 * it builds upon.
 */
final class LooseDrop {
  /** So many are hidden at a time. To look who else is there takes some milliseconds, as unlinking them does. */
  private static final int CHUNK = 4096;

  private final ObjectDirectory directory;
  private final List<StoredPack> packs;
  private final OtherMaintenance others;
  private final int mostReaders;
  private final BadLooseObjects badObjects;
  private final Cancellation cancellation;
  private final Set<Path> synced = new HashSet<>();
  private final Set<String> left = new HashSet<>();

  /** What is hidden and unlinked together, and the packs that make it needless. */
  private final List<FileStamp> proven = new ArrayList<>();

  /** Each with those who could read it when that was last compared. */
  private final Map<StoredPack, ReadAccess> reliedUpon = new HashMap<>();

  private Optional<String> ended = Optional.empty();
  private long dropped;
  private long damaged;

  /** Tells of maintenance that somebody else does here. */
  interface OtherMaintenance {
    /** Who does it, in words; empty if nobody is seen to. */
    Optional<String> running() throws IOException;
  }

  /**
   * Dropping.
   *
   * @param packs that may be relied upon, by number as {@link LooseCopies} has them
   */
  LooseDrop(
      ObjectDirectory directory,
      List<StoredPack> packs,
      OtherMaintenance others,
      BadLooseObjects badObjects,
      Cancellation cancellation) {
    this.directory = directory;
    this.packs = packs;
    this.others = others;
    this.mostReaders = directory.traits().permissions().mostReaders();
    this.badObjects = badObjects;
    this.cancellation = cancellation;
  }

  /** How many objects were dropped so far. */
  long dropped() {
    return dropped;
  }

  /** How many packed copies, or packs, turned out not to be reliable. */
  long damaged() {
    return damaged;
  }

  /** Why nothing can be dropped any more; empty if it can. */
  Optional<String> ended() {
    return ended;
  }

  /** Why objects were not dropped, one line for each reason. */
  Set<String> left() {
    return left;
  }

  /**
   * Drops what can be dropped of some objects.
   *
   * @param wanted numbers of objects that are in packs
   * @throws IOException if a file cannot be renamed, unlinked or synchronised
   */
  void drop(LooseTable table, LooseCopies copies, long[] wanted) throws IOException {
    // By pack, each of which is opened once, and then in the order of ids.
    long[] byPack = new long[wanted.length];
    for (int i = 0; i < wanted.length; i++) {
      byPack[i] = (long) copies.packOf(wanted[i]) << Integer.SIZE | wanted[i];
    }
    Arrays.sort(byPack);
    for (int from = 0; from < byPack.length && ended.isEmpty(); ) {
      int number = (int) (byPack[from] >> Integer.SIZE);
      int to = from;
      while (to < byPack.length && byPack[to] >> Integer.SIZE == number) {
        to++;
      }
      drop(table, copies, packs.get(number), Arrays.copyOfRange(byPack, from, to));
      from = to;
    }
    unlink();
  }

  private void drop(LooseTable table, LooseCopies copies, StoredPack pack, long[] numbered)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      PackFile file =
          PackFile.open(pack.data().path(), pack.index().path(), directory.hash(), arena);
      ReadAccess access = ReadAccess.of(pack);
      sync(pack);
      try (PackedCopies packed = new PackedCopies(file, numbered.length, cancellation)) {
        for (long number : numbered) {
          long i = number & 0xffffffffL;
          if (mayGo(table, i, access, pack) && sound(packed, copies.positionOf(i), table, i)) {
            proven.add(table.file(i));
            reliedUpon.put(pack, access);
          }
          if (proven.size() == CHUNK) {
            unlink();
          }
        }
      }
    } catch (CorruptFileException e) {
      keep(e.getMessage());
    } catch (InternalError e) {
      keep("%s was cut off or cannot be read".formatted(pack.data().path()));
    } catch (IOException e) {
      if (!StepErrors.vanished(e)) {
        throw e;
      }
      left.add("%s has gone".formatted(pack.data().path()));
    }
  }

  private void keep(String damage) {
    damaged++;
    if (left.add("a packed copy is damaged: " + damage)) {
      badObjects.warn("keeping loose objects: " + damage);
    }
  }

  private boolean sound(PackedCopies packed, long position, LooseTable table, long i) {
    try {
      packed.check(position);
      return true;
    } catch (CorruptFileException e) {
      keep("%s, needed for %s".formatted(e.getMessage(), table.idHex(i)));
      return false;
    }
  }

  private void unlink() throws IOException {
    if (!proven.isEmpty() && ended.isEmpty()) {
      cancellation.check();
      Deleted deleted = LooseDeletion.delete(proven, this::reasonToKeep);
      dropped += deleted.deleted();
      ended = deleted.reasonToKeep();
    }
    proven.clear();
    reliedUpon.clear();
  }

  /**
   * In this order: whoever has deleted a pack and ended before the first look is not seen, but then the pack is seen to be gone at
   * the second.
   */
  private Optional<String> reasonToKeep() throws IOException {
    Optional<String> other = others.running();
    if (other.isPresent()) {
      return other.map(who -> who + " is running");
    }
    for (Map.Entry<StoredPack, ReadAccess> relied : reliedUpon.entrySet()) {
      StoredPack pack = relied.getKey();
      if (!pack.data().sameFile() || !pack.index().sameFile()) {
        return Optional.of("%s was replaced or deleted".formatted(pack.data().path()));
      }
      for (Sidecar sidecar : List.of(Sidecar.MTIMES, Sidecar.PROMISOR)) {
        Path path = pack.data().path().resolveSibling(pack.name() + "." + sidecar.extension());
        if (Files.exists(path)) {
          return Optional.of("%s has come".formatted(path));
        }
      }
      if (!ReadAccess.of(pack).equals(relied.getValue())) {
        return Optional.of("%s is not readable for the same people".formatted(pack.data().path()));
      }
    }
    return Optional.empty();
  }

  /** Whoever wrote the pack need not have waited for the disk, and unlinking a file may come there sooner than its content. */
  private void sync(StoredPack pack) throws IOException {
    for (Path file : List.of(pack.data().path(), pack.index().path())) {
      if (synced.add(file)) {
        DirectorySync.sync(file);
      }
    }
    if (synced.add(directory.packDirectory())) {
      DirectorySync.sync(directory.packDirectory());
    }
  }

  private boolean mayGo(LooseTable table, long i, ReadAccess access, StoredPack pack)
      throws IOException {
    if (access.isEverybodys()) {
      return true;
    }
    try {
      if (ReadAccess.of(table.path(i)).limitedTo(mostReaders).isWithin(access)) {
        return true;
      }
      left.add("fewer people may read %s".formatted(pack.data().path()));
      return false;
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
