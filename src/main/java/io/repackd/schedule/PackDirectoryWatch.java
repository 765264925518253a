package io.repackd.schedule;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that a pack came into the pack directory of an object directory, as the kernel reports it. One watch for all of
 * them, and a thread that sleeps until there is something.
 *
 * <p>It is a hint and no more. A network file system reports only what this machine does, and the kernel allows a user so
 * many watches and no more; so whoever listens has to look by himself now and then. When the kernel has lost count, all are
 * reported. A directory which was put under watch is reported too, for what came before.
 */
final class PackDirectoryWatch {
  private static final Logger LOG = LoggerFactory.getLogger(PackDirectoryWatch.class);

  /** The last file of a pack to come, by its ending. */
  private static final String PACK_INDEX = ".idx";

  /** Puts a directory under watch: a test has one which is refused. */
  @FunctionalInterface
  interface Registrar {
    WatchKey register(Path directory, WatchService service) throws IOException;
  }

  /**
   * A pack directory under watch.
   *
   * @param fileKey device and inode: the kernel watches these, wherever the path leads by now
   */
  private record Watched(WatchKey key, Object fileKey) {}

  private final Consumer<Path> arrived;
  private final Registrar registrar;
  private final Map<Path, Watched> watched = new ConcurrentHashMap<>();

  // Guarded by this.
  private final Set<String> told = new HashSet<>();
  private @Nullable WatchService service;

  private volatile @Nullable Thread thread;
  private volatile boolean closed;

  /**
   * A watch over nothing.
   *
   * @param arrived is told the object directory, on the thread of the watch or of {@link #update}; must be quick
   */
  PackDirectoryWatch(Consumer<Path> arrived) {
    this(
        arrived,
        (directory, service) -> directory.register(service, StandardWatchEventKinds.ENTRY_CREATE));
  }

  PackDirectoryWatch(Consumer<Path> arrived, Registrar registrar) {
    this.arrived = arrived;
    this.registrar = registrar;
  }

  /**
   * Replaces what is watched. To be called again and again: what could not be watched, or was replaced by another directory of
   * the same path, is watched from then on.
   */
  synchronized void update(Collection<Path> objectDirectories) {
    if (closed) {
      return;
    }
    Set<Path> wanted = Set.copyOf(objectDirectories);
    for (Path objectDirectory : Set.copyOf(watched.keySet())) {
      if (!wanted.contains(objectDirectory)) {
        forget(objectDirectory);
      }
    }
    for (Path objectDirectory : wanted) {
      Path packs = objectDirectory.resolve("pack");
      Optional<Object> fileKey = fileKey(packs);
      Watched before = watched.get(objectDirectory);
      boolean same =
          before != null
              && before.key.isValid()
              && fileKey.filter(before.fileKey::equals).isPresent();
      if (!same) {
        forget(objectDirectory);
        fileKey.ifPresent(key -> watch(objectDirectory, packs, key));
      }
    }
  }

  private void forget(Path objectDirectory) {
    Watched before = watched.remove(objectDirectory);
    if (before != null) {
      before.key.cancel();
    }
  }

  /** Empty if there is no such directory, or a symbolic link, which is not maintained. */
  private static Optional<Object> fileKey(Path packs) {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(packs, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isDirectory()
          ? Optional.ofNullable(attributes.fileKey())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // Whoever counts its packs complains.
    }
  }

  private void watch(Path objectDirectory, Path packs, Object fileKey) {
    try {
      WatchKey key = registrar.register(packs, service());
      watched.put(objectDirectory, new Watched(key, fileKey));
      arrived.accept(objectDirectory);
    } catch (NoSuchFileException | NotDirectoryException | AccessDeniedException e) {
      LOG.debug("cannot watch {}: {}", packs, e.toString());
    } catch (IOException e) {
      complain(packs, String.valueOf(e.getMessage()));
    }
  }

  private WatchService service() throws IOException {
    WatchService present = service;
    if (present == null) {
      WatchService opened = FileSystems.getDefault().newWatchService();
      service = opened;
      thread = Thread.ofPlatform().name("pack watch").daemon().start(() -> listen(opened));
      return opened;
    }
    return present;
  }

  /** Once for each reason: it does not go away by itself, and the interval makes up for it. */
  private void complain(Path packs, String reason) {
    String remedy =
        reason.contains("inotify watches")
            ? "; raise the sysctl fs.inotify.max_user_watches"
            : reason.contains("inotify instances")
                ? "; raise the sysctl fs.inotify.max_user_instances"
                : "";
    if (told.add(remedy.isEmpty() ? reason : remedy)) {
      LOG.warn(
          "cannot watch {} and perhaps others, which are looked at every aggregate.interval only:"
              + " {}{}",
          packs,
          reason,
          remedy);
    }
  }

  private void listen(WatchService from) {
    try (from) {
      while (true) {
        report(from.take());
      }
    } catch (InterruptedException | ClosedWatchServiceException e) {
      LOG.debug("pack directories are no longer watched");
    } catch (IOException e) {
      LOG.debug("cannot end the watch of pack directories: {}", e.toString());
    }
  }

  private void report(WatchKey key) {
    boolean something = key.pollEvents().stream().anyMatch(PackDirectoryWatch::concerns);
    // An invalid one stays known: the next update finds out what has become of the directory.
    boolean valid = key.reset();
    if (something && valid) {
      watched.forEach((objectDirectory, directory) -> {
        if (directory.key.equals(key)) {
          tell(objectDirectory);
        }
      });
    }
  }

  private static boolean concerns(WatchEvent<?> event) {
    return event.kind().equals(StandardWatchEventKinds.OVERFLOW)
        || String.valueOf(event.context()).endsWith(PACK_INDEX);
  }

  private void tell(Path objectDirectory) {
    try {
      arrived.accept(objectDirectory);
    } catch (RuntimeException e) { // This thread is the only one.
      LOG.error("cannot look at {} soon", objectDirectory, e);
    }
  }

  /** Ends the watch, for good. Waits for nothing: a file system may hang. */
  void close() {
    closed = true;
    Thread listening = thread;
    if (listening != null) {
      listening.interrupt();
    }
  }
}
