package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A lock that was found, and whether its holder still lives.
 *
 * @param kind which one
 * @param stamp its file
 * @param ours whether a process of ours says that it holds it
 * @param owner who holds it, in words
 * @param liveness whether that one is still there
 */
public record FoundLock(
    LockKind kind, FileStamp stamp, boolean ours, String owner, Liveness liveness) {
  private static final int MAX_READ_BYTES = 4096;

  /** All locks of an object directory and its repository. Changes nothing. */
  public static List<FoundLock> list(RepositoryLocation location) throws IOException {
    List<FoundLock> found = new ArrayList<>();
    for (LockKind kind : LockKind.values()) {
      find(location, kind).ifPresent(found::add);
    }
    return found;
  }

  /** One of them, if it is there. */
  static Optional<FoundLock> find(RepositoryLocation location, LockKind kind) throws IOException {
    Optional<Path> file = kind.file(location);
    try {
      return file.isEmpty()
          ? Optional.empty()
          : Optional.of(examine(kind, FileStamp.of(file.get())));
    } catch (NoSuchFileException | AccessDeniedException e) {
      return Optional.empty();
    } catch (ObjectDirectoryException e) {
      return Optional.empty(); // a directory, or a pipe: no lock of anybody's
    }
  }

  private static FoundLock examine(LockKind kind, FileStamp stamp) throws IOException {
    String content = LockFile.content(stamp.path());
    Optional<ProcessStamp> own = LockFile.owner(content);
    if (own.isPresent()) {
      return new FoundLock(
          kind,
          stamp,
          true,
          "repackd %d on %s".formatted(own.get().pid(), own.get().host()),
          liveness(own.get(), content, stamp));
    }
    return switch (kind) {
      case GC -> gc(stamp, content.strip());
      default ->
          new FoundLock(kind, stamp, false, companion(stamp).orElse("git"), LockHolders.of(stamp));
    };
  }

  private static Liveness liveness(ProcessStamp owner, String content, FileStamp stamp) {
    if (LockFile.isDead(owner, content, stamp)) {
      return Liveness.DEAD;
    }
    return owner.isHere() ? Liveness.ALIVE : Liveness.UNKNOWN;
  }

  /** Nobody has that one open. What it says is taken as git takes it. */
  private static FoundLock gc(FileStamp stamp, String content) {
    String[] words = content.split(" ", 2);
    String host = words.length > 1 ? words[1].strip() : "";
    boolean here = host.equals(ProcessStamp.own().host());
    Liveness liveness = Liveness.UNKNOWN;
    if (here && words[0].matches("[1-9]\\d{0,17}")) {
      long pid = Long.parseLong(words[0]);
      liveness = ProcessHandle.of(pid).isPresent() ? Liveness.ALIVE : Liveness.DEAD;
    }
    return new FoundLock(
        LockKind.GC, stamp, false, "git gc %s on %s".formatted(words[0], host), liveness);
  }

  /** What git since 2.54 can be told to write beside a lock ({@code core.lockfilePid}). */
  private static Optional<String> companion(FileStamp lock) {
    try {
      String line =
          RegularFile.read(
                  LockFile.pidFileOf(lock.path()), MAX_READ_BYTES, StandardCharsets.ISO_8859_1)
              .strip();
      return line.startsWith("pid ")
          ? Optional.of("process " + line.substring(4))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** For how long it has been there. */
  public Duration age(Instant now) {
    Duration age = Duration.between(stamp.modified(), now);
    return age.isNegative() ? Duration.ZERO : age;
  }

  /**
   * Whether it may be taken away: nobody holds it, or nobody knows who does, for longer than the patience with such a one.
   * One of ours goes as soon as its holder is dead, and never by its age.
   */
  public boolean stale(LockPatience patience, Instant now) {
    return switch (liveness) {
      case ALIVE -> false;
      case DEAD -> ours || age(now).compareTo(patience.dead()) > 0;
      case UNKNOWN ->
          !ours && patience.unknown().filter(limit -> age(now).compareTo(limit) > 0).isPresent();
    };
  }
}
