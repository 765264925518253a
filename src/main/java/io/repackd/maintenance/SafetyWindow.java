package io.repackd.maintenance;

import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.maintenance.IndexWatch.Superseded;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.FileLease.Use;
import io.repackd.platform.RemoteFileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches, for as long as this process lives, who may still need what cycles delete.
 *
 * <p><b>Superseded indexes.</b> A reader keeps the multi-pack-index that it has loaded, and goes to the packs which that one names,
 * however often it is replaced. So before an index is replaced its file gets another name, and keeps it while the kernel refuses
 * a lease on it: while it has a reader. When it has none, nobody can come to it any more. If somebody else replaces the index,
 * that one is not known; then the watch begins anew.
 *
 * <p><b>Packs.</b> Whether anybody uses a pack or its index is asked in the same way each time when a plan is made.
 *
 * <p>What stands in the way of knowing is told once.
 */
final class SafetyWindow {
  private static final Logger log = LoggerFactory.getLogger(SafetyWindow.class);

  private final boolean leases;
  private final Names names;
  private final Map<Path, IndexWatch> watches = new ConcurrentHashMap<>();
  private final Map<Path, Map<String, String>> told = new ConcurrentHashMap<>();

  /** Names the users of files. */
  interface Names {
    /** The users, in words, of each file that has any whom it knows. */
    Map<FileStamp, String> of(Collection<FileStamp> files);
  }

  SafetyWindow() {
    this(true, FileUsers::names);
  }

  SafetyWindow(boolean leases, Names names) {
    this.leases = leases;
    this.names = names;
  }

  /** One that asks nothing of the kernel: for somebody who does not wait for readers. */
  static SafetyWindow withoutLeases() {
    return new SafetyWindow(false, _ -> Map.of());
  }

  boolean usesLeases() {
    return leases;
  }

  /**
   * Asks the kernel, and the process table for the names of those whom the kernel knows of. That may take a while: see {@link
   * #lookBriefly}.
   *
   * @param packs those which it is asked for
   */
  Evidence look(ObjectDirectory directory, List<StoredPack> packs, Instant now) throws IOException {
    return look(directory, packs, now, names);
  }

  /** The same for whoever has no use for names, or holds a lock that others wait for: nobody is named. */
  Evidence lookBriefly(ObjectDirectory directory, List<StoredPack> packs, Instant now)
      throws IOException {
    return look(directory, packs, now, _ -> Map.of());
  }

  private Evidence look(ObjectDirectory directory, List<StoredPack> packs, Instant now, Names named)
      throws IOException {
    if (!leases) {
      return Evidence.NONE;
    }
    Map<String, FileStamp> inUse = new HashMap<>();
    boolean exact = true;
    for (StoredPack pack : packs) {
      FileUsers.Answer answer = FileUsers.of(pack);
      if (answer.use() == Use.SOMEBODY) {
        inUse.put(pack.name(), answer.file());
      } else if (answer.use() == Use.UNKNOWN) {
        exact = false;
        tell(
            directory,
            "leases",
            "the kernel does not tell who uses packs (%s)".formatted(answer.why()));
      }
    }
    IndexWatch watch = watchOf(directory);
    List<Superseded> read = watch.stillRead(now);
    List<FileStamp> used = new ArrayList<>(inUse.values());
    read.forEach(index -> used.add(index.file()));
    Map<FileStamp, String> users = named.of(used);
    Map<String, String> packsInUse = new HashMap<>();
    inUse.forEach((name, file) -> packsInUse.put(name, user(users, file)));
    List<SupersededIndex> indexesInUse =
        read.stream()
            .map(index ->
                new SupersededIndex(
                    index.file().inode(), user(users, index.file()), index.unreferenced()))
            .toList();
    return new Evidence(
        packsInUse, indexesInUse, exact, Optional.of(watch.since(now)), remote(directory));
  }

  private static String user(Map<FileStamp, String> users, FileStamp file) {
    return users.getOrDefault(file, FileUsers.UNSEEN);
  }

  /** Goes on with what an earlier process has watched. */
  void recall(ObjectDirectory directory, IndexWatch.Memory memory) throws IOException {
    if (leases) {
      watchOf(directory).recall(memory);
    }
  }

  /**
   * Lets go of superseded indexes that nobody reads any more.
   *
   * @return what the next process has to know
   */
  Optional<IndexWatch.Memory> letGo(ObjectDirectory directory) throws IOException {
    IndexWatch watch = watches.get(directory.path());
    if (watch == null) {
      return Optional.empty();
    }
    watch.letGo();
    return watch.memory();
  }

  private static Optional<String> remote(ObjectDirectory directory) {
    try {
      return RemoteFileSystem.of(directory.path())
          .map(type -> "other machines may read it (%s)".formatted(type));
    } catch (IOException e) {
      return Optional.of("its file system is not known");
    }
  }

  private IndexWatch watchOf(ObjectDirectory directory) {
    return watches.computeIfAbsent(directory.path(), path -> new IndexWatch(directory.indexFile()));
  }

  /** Says something of an object directory, if it is not what was said last of that topic. */
  void tell(ObjectDirectory directory, String topic, String what) {
    Map<String, String> before =
        told.computeIfAbsent(directory.path(), path -> new ConcurrentHashMap<>());
    if (!what.equals(before.put(topic, what)) && !what.isEmpty()) {
      log.info("{}: {}", directory.path(), what);
    }
  }

  /**
   * Prepares for the installed index to be replaced. The caller holds its lock.
   *
   * @param unreferenced the packs that it takes nothing from, by the names of their indexes: since when they are unreferenced
   */
  Replacement replacing(ObjectDirectory directory, Map<String, Instant> unreferenced)
      throws IOException {
    if (!leases) {
      return new Replacement(null, null);
    }
    IndexWatch watch = watchOf(directory);
    return new Replacement(watch, watch.open(unreferenced));
  }

  /** An index that is being replaced. If it is not, it is left as it is. */
  static final class Replacement implements AutoCloseable {
    private final @Nullable IndexWatch watch;
    private @Nullable Superseded superseded;

    private Replacement(@Nullable IndexWatch watch, @Nullable Superseded superseded) {
      this.watch = watch;
      this.superseded = superseded;
    }

    /** It has been replaced just now. */
    void done(Instant now) throws IOException {
      if (watch != null) {
        watch.replaced(superseded, now);
        superseded = null;
      }
    }

    @Override
    public void close() throws IOException {
      if (watch != null && superseded != null) {
        watch.stays(superseded);
      }
    }
  }
}
