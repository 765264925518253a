package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A lock by git's protocol: whoever creates {@code X.lock} may change {@code X} until it removes the file.
 *
 * <p>Git's own lock files hold the new content of {@code X}. Ours hold one line that says who we are, so that a lock which
 * outlives its process can be told from one that is held; the new content is written elsewhere and renamed over {@code X}
 * while the lock is there. Beside it lies {@code X~pid.lock} with {@code pid N}, where git since 2.54 looks for the owner.
 *
 * <p>A lock of ours is broken only if its line names a process which is provably dead, or if it says that its owner keeps it open, as
 * git does with its own, and the kernel knows of nobody who has it open: that tells of the dead of other containers, too, and of
 * earlier boots. One of another program's is broken only by {@link LockPatience}. Two processes that find the same dead lock
 * cannot break each other's new one: a breaker first locks the file itself, then looks whether it is still the one at that
 * path.
 */
public final class LockFile implements AutoCloseable {
  private static final int MAX_OWNER_BYTES = 4096;

  private static final String PREFIX = "tmp_lock_";

  private static final Pattern TEMPORARY =
      Pattern.compile(PREFIX + "[0-9a-f]{" + TemporaryName.DIGITS + "}");

  private static final Object BREAKING = new Object();

  private final Path file;
  private final Optional<Path> pidFile;
  private final Created created;

  private LockFile(Path file, Optional<Path> pidFile, Created created) {
    this.file = file;
    this.pidFile = pidFile;
    this.created = created;
  }

  /** A lock file that was made, and the descriptor that says that its owner lives. */
  private record Created(FileStamp stamp, FileChannel open) {}

  /**
   * Takes the lock.
   *
   * @param locked what is locked; the lock file has the same name and {@code .lock}
   * @param announced whether the companion with the process id is written, for a lock that is held long
   */
  static LockFile acquire(Path locked, boolean announced) throws IOException {
    Path file = locked.resolveSibling(locked.getFileName() + ".lock");
    Created created;
    try {
      created = create(file);
    } catch (FileAlreadyExistsException e) {
      if (!breakIfDead(file)) {
        throw held(file);
      }
      created = createAfterBreaking(file);
    }
    Optional<Path> pidFile = announced ? Optional.of(pidFileOf(file)) : Optional.empty();
    LockFile lock = new LockFile(file, pidFile, created);
    try {
      if (pidFile.isPresent()) {
        announce(pidFile.get());
      }
    } catch (IOException e) {
      Files.deleteIfExists(file); // nobody else can break the lock of a process that lives
      created.open().close();
      throw e;
    }
    return lock;
  }

  /** Writes the companion. What lies there is replaced, and no symbolic link is followed: it may lead anywhere. */
  private static void announce(Path pidFile) throws IOException {
    Path unnamed = temporary(pidFile);
    TemporaryName.begin(unnamed);
    try {
      Files.writeString(
          unnamed, "pid " + ProcessStamp.own().pid() + "\n", StandardOpenOption.CREATE_NEW);
      Files.move(unnamed, pidFile, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(unnamed);
      throw new ObjectDirectoryException("cannot write %s: %s".formatted(pidFile, Reason.of(e)), e);
    } finally {
      TemporaryName.end(unnamed);
    }
  }

  private static Path temporary(Path file) {
    return file.resolveSibling(PREFIX + TemporaryName.unique());
  }

  private static Created createAfterBreaking(Path file) throws IOException {
    try {
      return create(file);
    } catch (FileAlreadyExistsException e) {
      throw held(file);
    }
  }

  /**
   * Creates the lock file with its line in it, all at once: a lock without an owner could never be told from a live one. So
   * the line is written elsewhere, and linked to the lock's name, which fails if that is taken. It stays open from before that.
   */
  private static Created create(Path file) throws IOException {
    Path unlinked = temporary(file);
    TemporaryName.begin(unlinked);
    try {
      FileChannel open =
          FileChannel.open(unlinked, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      boolean linked = false;
      try {
        writeOwner(open);
        Files.createLink(file, unlinked);
        linked = true;
        FileStamp stamp = FileStamp.of(file);
        Files.deleteIfExists(unlinked); // git prune sweeps such files, and may have been faster
        return new Created(stamp, open);
      } catch (IOException | RuntimeException | Error e) {
        giveUp(linked ? List.of(file, unlinked) : List.of(unlinked), e);
        open.close();
        throw e;
      }
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot create lock file %s: %s".formatted(file, Reason.of(e)), e);
    } finally {
      TemporaryName.end(unlinked);
    }
  }

  /** Whoever holds a lock without knowing it holds it until the process ends. */
  private static void giveUp(List<Path> files, Throwable reason) {
    for (Path file : files) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        reason.addSuppressed(e);
      }
    }
  }

  private static void writeOwner(FileChannel open) throws IOException {
    ByteBuffer lines =
        StandardCharsets.ISO_8859_1.encode(
            ProcessStamp.own().render() + "\n" + LockHolders.KEPT_OPEN + "\n");
    while (lines.hasRemaining()) {
      open.write(lines);
    }
  }

  /** Who holds a lock, if it is a process of ours. */
  static Optional<ProcessStamp> owner(String content) {
    return content.lines().findFirst().flatMap(ProcessStamp::parse);
  }

  /**
   * Whether it is certain that a process of ours has ended that made a file.
   *
   * @param content what the file says
   */
  static boolean isDead(ProcessStamp owner, String content, FileStamp file) {
    return owner.provablyDead()
        || (content.lines().anyMatch(LockHolders.KEPT_OPEN::equals)
            && LockHolders.of(file) == Liveness.DEAD);
  }

  /** Where git since 2.54 looks for the process id of the holder. */
  static Path pidFileOf(Path file) {
    String name = String.valueOf(file.getFileName());
    return file.resolveSibling(name.substring(0, name.length() - ".lock".length()) + "~pid.lock");
  }

  /** Removes a lock file of ours whose owner is dead. */
  private static boolean breakIfDead(Path file) throws IOException {
    synchronized (BREAKING) {
      try {
        FileStamp found = FileStamp.of(file);
        String content = start(file);
        return owner(content).filter(owner -> isDead(owner, content, found)).isPresent()
            && remove(found, content::equals);
      } catch (NoSuchFileException e) {
        return true;
      } catch (AccessDeniedException e) {
        return false; // another user's
      }
    }
  }

  /**
   * Removes a lock file of another program, if it is still the one that was found.
   *
   * @return whether it was removed
   */
  static boolean breakForeign(FileStamp found) throws IOException {
    synchronized (BREAKING) {
      try {
        return remove(found, content -> owner(content).isEmpty());
      } catch (NoSuchFileException | AccessDeniedException e) {
        return false;
      }
    }
  }

  /**
   * Removes a lock file.
   *
   * <p>The kernel gives up our lock on the file as soon as we close any descriptor of it. So it is read through the one that is
   * locked, and only one thread at a time is here. That this is the file at that path is known because the path leads to the same
   * before it was opened and after it was locked.
   */
  private static boolean remove(FileStamp found, Predicate<String> removable) throws IOException {
    try (FileChannel channel =
        FileChannel.open(found.path(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      FileLock breaking = channel.tryLock();
      if (breaking == null || !found.unchanged() || !removable.test(start(channel))) {
        return false;
      }
      Files.delete(found.path());
      return true;
    }
  }

  private static String start(FileChannel channel) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(MAX_OWNER_BYTES);
    while (start.hasRemaining() && channel.read(start) >= 0) {
      // until it is full or the file ends
    }
    return StandardCharsets.ISO_8859_1.decode(start.flip()).toString();
  }

  private static String start(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_OWNER_BYTES), StandardCharsets.ISO_8859_1);
    }
  }

  /** How a lock file begins. */
  static String content(Path file) throws IOException {
    synchronized (BREAKING) { // closing the file would end the lock of a thread that is at it
      return start(file);
    }
  }

  private static LockedException held(Path file) throws IOException {
    synchronized (BREAKING) { // closing the file would end the lock of a thread that is at it
      return describeHolder(file);
    }
  }

  private static LockedException describeHolder(Path file) throws IOException {
    try {
      Duration age = Duration.between(FileStamp.of(file).modified(), Instant.now());
      String owner = start(file).strip();
      if (owner(owner).isPresent()) {
        return new LockedException(file, owner.substring(0, owner.indexOf(" start=")), age);
      }
      return new LockedException(file, gitOwner(file), age);
    } catch (NoSuchFileException | AccessDeniedException e) {
      return new LockedException(file, "somebody", Duration.ZERO);
    }
  }

  /**
   * Who holds a lock, if it is a program that takes locks as git does.
   *
   * @param locked what is locked
   * @return in words; empty if nobody holds it, or a process of ours
   */
  static Optional<String> foreignHolder(Path locked) throws IOException {
    Path file = locked.resolveSibling(locked.getFileName() + ".lock");
    synchronized (BREAKING) {
      try {
        FileStamp.of(file); // a pipe would never end
        return owner(start(file)).isPresent()
            ? Optional.empty()
            : Optional.of("the holder of %s (%s)".formatted(file, gitOwner(file)));
      } catch (NoSuchFileException e) {
        return Optional.empty();
      }
    }
  }

  private static String gitOwner(Path file) {
    try {
      String line = start(pidFileOf(file)).strip();
      return line.startsWith("pid ") ? "process " + line.substring("pid ".length()) : "git";
    } catch (IOException e) {
      return "another process";
    }
  }

  /**
   * Removes what processes of ours that are provably dead had written to make a lock of, and did not come to. If they did not
   * come to write who they are, or it was to be the companion of a lock, the {@linkplain TemporaryName name} tells.
   *
   * @param directory where locks are taken
   * @return how many files were removed
   */
  public static int removeAbandoned(Path directory) throws IOException {
    int removed = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path file : files) {
        synchronized (BREAKING) { // it may be another name of a lock that is being broken
          if (abandoned(file)) {
            Files.deleteIfExists(file);
            removed++;
          }
        }
      }
    } catch (NoSuchFileException e) {
      // Whoever wrote it has just removed it, or there is no such directory yet.
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return removed;
  }

  private static boolean abandoned(Path file) throws IOException {
    boolean ours = TEMPORARY.matcher(String.valueOf(file.getFileName())).matches();
    String content = start(file);
    FileStamp found = FileStamp.of(file);
    return owner(content)
        .map(owner -> isDead(owner, content, found))
        .orElseGet(() -> ours && !TemporaryName.beingWritten(file));
  }

  /** Whether the lock is still there and ours. */
  public boolean stillHeld() throws IOException {
    return created.stamp().unchanged();
  }

  /** The lock file. */
  public Path file() {
    return file;
  }

  /**
   * Releases the lock. Leaves alone a lock file that is not the one we made.
   *
   * @throws IOException if it cannot be removed
   */
  @Override
  public void close() throws IOException {
    try (FileChannel _ = created.open()) {
      release();
    }
  }

  private void release() throws IOException {
    if (created.stamp().unchanged()) {
      try {
        if (pidFile.isPresent()) {
          Files.deleteIfExists(pidFile.get());
        }
      } finally {
        Files.deleteIfExists(file);
      }
    }
  }
}
