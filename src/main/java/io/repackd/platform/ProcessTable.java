package io.repackd.platform;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The processes of this machine, as {@code /proc} shows them: who has files of a directory open or mapped, and who works in
 * it.
 *
 * <p>Incomplete by nature. Maps and descriptors of other users' processes are hidden unless we may trace them, processes
 * outside our pid namespace and on other hosts are never seen. So an empty answer proves nothing alone, and the number of
 * hidden processes is part of it.
 */
public final class ProcessTable {
  /** Linux reports start times in this unit to user space, whatever the kernel's own tick is. */
  private static final long TICKS_PER_SECOND = 100;

  private static final String DELETED = " (deleted)";
  private static final Path ROOT = Path.of("/");

  /** Options before git's command whose argument is a word of its own. Source: git(1). */
  private static final Set<String> GIT_OPTIONS_WITH_ARGUMENT =
      Set.of(
          "-C",
          "-c",
          "--attr-source",
          "--config-env",
          "--git-dir",
          "--namespace",
          "--super-prefix",
          "--work-tree");

  private final Path proc;

  /** The table of this machine. */
  public ProcessTable() {
    this(Path.of("/proc"));
  }

  ProcessTable(Path proc) {
    this.proc = proc;
  }

  /**
   * A file that a process uses.
   *
   * @param path its path when it was opened
   * @param inode its inode number; 0 if unknown
   * @param deleted whether that path leads to it no more
   */
  public record UsedFile(Path path, long inode, boolean deleted) {}

  /**
   * A process that has to do with the directories asked for.
   *
   * @param pid its id
   * @param command its name, as the kernel has it (at most 15 characters)
   * @param arguments the name of its program and what it was told, at most three words joined by blanks; for git without the
   *     options before the command, so that the command is the second; empty if hidden
   * @param started when it started
   * @param worksThere whether its working directory lies in one of the directories
   * @param files what it has open or mapped there
   */
  public record Reader(
      long pid,
      String command,
      String arguments,
      Instant started,
      boolean worksThere,
      Set<UsedFile> files) {
    public Reader {
      files = Set.copyOf(files);
    }

    /** For a person: {@code git (pid 4711)}. */
    public String describe() {
      return "%s (pid %d)".formatted(command, pid);
    }
  }

  /**
   * What was seen.
   *
   * @param readers the processes which use one of the directories, without ourselves
   * @param hiddenProcesses how many processes could not be looked into
   */
  public record Census(List<Reader> readers, int hiddenProcesses) {
    public Census {
      readers = List.copyOf(readers);
    }
  }

  /**
   * Looks at every process.
   *
   * @param directories the directories of interest, their symbolic links resolved
   * @throws IOException if there is no process table at all
   */
  public Census census(Set<Path> directories) throws IOException {
    long ownPid = ProcessHandle.current().pid();
    Instant boot = bootTime();
    List<Reader> readers = new ArrayList<>();
    int hidden = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path entry : entries) {
        long pid = Long.parseLong(entry.getFileName().toString());
        if (pid == ownPid) {
          continue;
        }
        try {
          look(entry, pid, directories, boot).ifPresent(readers::add);
        } catch (IOException e) {
          // A process that has just ended is no reader; one that is there and closed to us may be.
          if (Files.exists(entry) && !kernelThread(entry)) {
            hidden++;
          }
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return new Census(readers, hidden);
  }

  private Optional<Reader> look(Path entry, long pid, Set<Path> directories, Instant boot)
      throws IOException {
    Set<UsedFile> files = new HashSet<>();
    readMaps(entry.resolve("maps"), directories, files);
    readDescriptors(entry.resolve("fd"), directories, files);
    boolean worksThere = within(directories, stripDeleted(link(entry.resolve("cwd"))));
    if (files.isEmpty() && !worksThere) {
      return Optional.empty();
    }
    Instant started = boot.plus(Duration.ofMillis(startTicks(entry) * 1000 / TICKS_PER_SECOND));
    return Optional.of(
        new Reader(
            pid,
            Files.readString(entry.resolve("comm"), StandardCharsets.ISO_8859_1).strip(),
            arguments(entry.resolve("cmdline")),
            started,
            worksThere,
            files));
  }

  /** Each line: address, permissions, offset, device, inode, path. Only mappings of files have a path with a slash. */
  private static void readMaps(Path maps, Set<Path> directories, Set<UsedFile> files)
      throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(maps, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int slash = line.indexOf('/');
        if (slash < 0) {
          continue;
        }
        String raw = utf8(line.substring(slash));
        if (within(directories, stripDeleted(raw))) {
          String[] fields = line.substring(0, slash).strip().split(" +", -1);
          files.add(usedFile(raw, Long.parseLong(fields[fields.length - 1])));
        }
      }
    }
  }

  private static void readDescriptors(Path fd, Set<Path> directories, Set<UsedFile> files)
      throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(fd)) {
      for (Path descriptor : descriptors) {
        String raw;
        try {
          raw = link(descriptor);
        } catch (IOException e) {
          continue; // closed since the directory was listed
        }
        if (within(directories, stripDeleted(raw))) {
          files.add(usedFile(raw, inode(descriptor)));
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause(); // the process has just ended
    }
  }

  private static UsedFile usedFile(String raw, long inode) {
    return new UsedFile(path(stripDeleted(raw)), inode, raw.endsWith(DELETED));
  }

  private static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      return ROOT; // no name in this locale, so no file that we know
    }
  }

  private static long inode(Path descriptor) {
    try {
      return (long) Files.getAttribute(descriptor, "unix:ino");
    } catch (IOException e) {
      return 0;
    }
  }

  /** Compares text: what other processes use may have names that are no paths in our locale. */
  private static boolean within(Set<Path> directories, String path) {
    return directories.stream()
        .map(Path::toString)
        .anyMatch(directory -> path.equals(directory) || path.startsWith(directory + "/"));
  }

  private static String link(Path path) throws IOException {
    return Files.readSymbolicLink(path).toString();
  }

  private static String stripDeleted(String path) {
    return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
  }

  /** Maps are read byte for byte, because a file name need not be UTF-8; where it is, this is its name. */
  private static String utf8(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
        .replace("\\012", "\n");
  }

  private static String arguments(Path cmdline) throws IOException {
    String[] words = Files.readString(cmdline, StandardCharsets.ISO_8859_1).split("\0");
    if (words.length == 0) {
      return "";
    }
    List<String> said = new ArrayList<>();
    String program = words[0].substring(words[0].lastIndexOf('/') + 1);
    int next = 1;
    if (program.startsWith("git-")) {
      said.addAll(List.of("git", program.substring("git-".length())));
    } else {
      said.add(program);
      next = program.equals("git") ? commandOfGit(words) : 1;
    }
    while (next < words.length && said.size() < 3) {
      said.add(words[next++]);
    }
    return String.join(" ", said);
  }

  /** Where the command stands: {@code git -C PATH -c KEY=VALUE --git-dir=PATH gc}. */
  private static int commandOfGit(String[] words) {
    int next = 1;
    while (next < words.length && words[next].startsWith("-")) {
      next += GIT_OPTIONS_WITH_ARGUMENT.contains(words[next]) ? 2 : 1;
    }
    return next;
  }

  private static long startTicks(Path entry) throws IOException {
    String line = Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
    return ProcessStamp.startTicksOf(line);
  }

  private static boolean kernelThread(Path entry) {
    try {
      return Files.readAllBytes(entry.resolve("cmdline")).length == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * When the machine was booted by what its clock says now: it moves when somebody sets the clock.
   *
   * @throws IOException if there is no process table
   */
  public Instant bootTime() throws IOException {
    for (String line : Files.readAllLines(proc.resolve("stat"), StandardCharsets.ISO_8859_1)) {
      if (line.startsWith("btime ")) {
        return Instant.ofEpochSecond(Long.parseLong(line.substring("btime ".length()).strip()));
      }
    }
    throw new IOException("cannot read the boot time: no btime in " + proc.resolve("stat"));
  }
}
