package io.repackd.objectdir;

import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@code .keep} file which says that a pack is part of a cycle under way, and that nobody need bundle it. It is there before
 * any other file of the pack, and goes once the multi-pack-index refers to the pack.
 *
 * <pre>
 * repackd 4711 on forge
 * start=123456
 * boot=4e1c0b2a-…
 * ns=pid:[4026531836]
 * machine=9f3c5c36…
 * cycle=1f0c5d8e-…
 * kept=open
 * </pre>
 *
 * <p>The first line has the form of git's own: {@code receive-pack 4711 on forge}. The others say which process that is, as {@link
 * ProcessStamp} does. A keep outlives its process if that is killed; then it is stale, and only if all of them say so, or nobody has the file open any more:
 * its owner does, and the last line says that. What
 * cannot be read, is empty or is worded otherwise is somebody else's and stays.
 */
public final class TemporaryKeep {
  private static final Pattern FIRST_LINE = Pattern.compile("repackd ([1-9]\\d{0,17}) on (\\S+)");

  private static final Pattern START = Pattern.compile("start=(\\d{1,18})");

  /** Before the id of the machine, which may be unknown. */
  private static final String MACHINE = "machine=";

  private static final int LINES = 7;

  private final FileStamp stamp;
  private final FileChannel open;

  private TemporaryKeep(FileStamp stamp, FileChannel open) {
    this.stamp = stamp;
    this.open = open;
  }

  /**
   * What one says.
   *
   * @param owner the process that made it
   * @param cycle which of that process's cycles it belongs to
   */
  record Content(ProcessStamp owner, String cycle) {
    String render() {
      return "repackd %d on %s\nstart=%d\nboot=%s\nns=%s\nmachine=%s\ncycle=%s\n%s\n"
          .formatted(
              owner.pid(),
              owner.host(),
              owner.startTicks(),
              owner.bootId(),
              owner.pidNamespace(),
              owner.machine(),
              cycle,
              LockHolders.KEPT_OPEN);
    }

    /** Reads back what {@link #render} wrote; empty for anything else, be it ever so similar. */
    static Optional<Content> parse(String text) {
      List<String> lines = text.lines().toList();
      if (lines.size() != LINES) {
        return Optional.empty();
      }
      Matcher first = FIRST_LINE.matcher(lines.get(0));
      Matcher start = START.matcher(lines.get(1));
      Optional<String> boot = valueOf("boot=", lines.get(2));
      Optional<String> namespace = valueOf("ns=", lines.get(3));
      Optional<String> cycle = valueOf("cycle=", lines.get(5));
      if (!first.matches()
          || !start.matches()
          || boot.isEmpty()
          || namespace.isEmpty()
          || !lines.get(4).startsWith(MACHINE)
          || cycle.isEmpty()
          || !lines.get(6).equals(LockHolders.KEPT_OPEN)) {
        return Optional.empty();
      }
      ProcessStamp owner =
          new ProcessStamp(
              first.group(2),
              boot.get(),
              namespace.get(),
              Long.parseLong(first.group(1)),
              Long.parseLong(start.group(1)),
              lines.get(4).substring(MACHINE.length()));
      return Optional.of(new Content(owner, cycle.get()));
    }

    private static Optional<String> valueOf(String key, String line) {
      return line.startsWith(key) && line.length() > key.length()
          ? Optional.of(line.substring(key.length()))
          : Optional.empty();
    }

    boolean stale(String currentCycle, FileStamp file) {
      return owner.provablyDead()
          || (!owner.isHere() && LockHolders.of(file) == Liveness.DEAD)
          || (owner.equals(ProcessStamp.own()) && !cycle.equals(currentCycle));
    }
  }

  /**
   * Gives a pack that is not visible yet its keep.
   *
   * @param pack what its files are called before the dot
   * @param cycle which cycle of this process it belongs to: a word
   * @return nothing if there is a keep already: whoever made it removes it
   */
  public static Optional<TemporaryKeep> place(FilePublisher publisher, String pack, String cycle)
      throws IOException {
    try (Unpublished file = publisher.create(Sidecar.KEEP.extension())) {
      file.write(new Content(ProcessStamp.own(), cycle).render());
      // One that a crash leaves empty could never be told from somebody else's.
      file.sync();
      return Optional.of(publish(file, pack + ".keep"));
    } catch (FileAlreadyExistsException e) {
      return Optional.empty();
    }
  }

  private static TemporaryKeep publish(Unpublished file, String name) throws IOException {
    FileChannel open = FileChannel.open(file.file(), StandardOpenOption.READ);
    try {
      return new TemporaryKeep(file.publishIfAbsent(name), open);
    } catch (IOException | RuntimeException | Error e) {
      open.close();
      throw e;
    }
  }

  /** Removes it, if what lies there is still the file that was made. */
  public void remove() throws IOException {
    try (FileChannel _ = open) {
      if (stamp.unchanged()) {
        Files.deleteIfExists(stamp.path());
      }
    }
  }

  /**
   * Removes a keep of ours that nobody needs any more: its process is provably dead, or is this one and in another cycle by now.
   *
   * @param file a {@code .keep} file, whoever made it
   * @param currentCycle the caller's cycle, which holds the maintenance lock: so there is no other of this process
   * @return whether it was removed
   */
  public static boolean removeIfStale(Path file, String currentCycle) throws IOException {
    try {
      FileStamp found = FileStamp.of(file);
      Optional<Content> content = Content.parse(KeepFile.read(file));
      if (content.isEmpty() || !content.get().stale(currentCycle, found) || !found.unchanged()) {
        return false;
      }
      Files.delete(file);
      return true;
    } catch (NoSuchFileException | AccessDeniedException | ObjectDirectoryException e) {
      return false; // gone, closed to us, or no file at all
    }
  }
}
