package io.repackd.platform;

import io.repackd.platform.ProcessEntry.Places;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The processes of this machine, as {@code /proc} shows them: who has files of a directory open or mapped, and who works in
 * it.
 *
 * <p>Incomplete by nature. Maps and descriptors of other users' processes are hidden unless we may trace them, processes
 * outside our pid namespace and on other hosts are never seen. So an empty answer proves nothing alone, and what could not be
 * seen is part of it.
 */
public final class ProcessTable {
  /** The kernel's fixed name for the namespace that all processes of the machine are in. Source: proc_ns.h. */
  private static final String FIRST_PID_NAMESPACE = "pid:[4026531836]";

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
   * @param mapped whether it is mapped; else it is open
   */
  public record UsedFile(Path path, long inode, boolean deleted, boolean mapped) {
    public UsedFile(Path path, long inode, boolean deleted) {
      this(path, inode, deleted, false);
    }
  }

  /**
   * What tells where a process works that has nothing of a directory open.
   *
   * @param command its name, as the kernel has it
   * @param workingDirectory its working directory
   * @param words the name of its program and all that it was told
   * @param environment the variables that it was started with
   */
  public record Circumstances(
      String command,
      String workingDirectory,
      List<String> words,
      Map<String, String> environment) {
    public Circumstances {
      words = List.copyOf(words);
      environment = Map.copyOf(environment);
    }
  }

  /** Knows whether a process reads what is asked for without working in it. Asked by several threads. */
  public interface Workplace {
    /** Whether a program of this name may read there at all: only of such ones more is asked. */
    boolean concerns(String command);

    /** Whether somebody in these circumstances may read there. */
    boolean includes(Circumstances circumstances);
  }

  /** Nobody reads from elsewhere. */
  private static final Workplace NOWHERE_ELSE =
      new Workplace() {
        @Override
        public boolean concerns(String command) {
          return false;
        }

        @Override
        public boolean includes(Circumstances circumstances) {
          return false;
        }
      };

  /**
   * A process that has to do with the directories asked for.
   *
   * @param pid its id
   * @param command its name, as the kernel has it (at most 15 characters)
   * @param arguments the name of its program and what it was told, at most three words joined by blanks; for git without the
   *     options before the command, so that the command is the second; empty if hidden
   * @param started when it started
   * @param worksThere whether its working directory lies in one of the directories, or it reads them from elsewhere
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

    /** For a person: {@code git cat-file --batch (pid 4711)}. */
    public String describe() {
      return "%s (pid %d)".formatted(arguments.isEmpty() ? command : arguments, pid);
    }
  }

  /**
   * What was seen.
   *
   * @param readers the processes which use one of the directories, without ourselves
   * @param hidden the processes that could not be looked into, each as {@code git (pid 4711)}
   * @param closed why there may be processes which are not in the table at all; empty if all are
   */
  public record Census(List<Reader> readers, List<Hidden> hidden, Optional<String> closed) {
    /** Nobody, and everybody is seen. */
    public static final Census NOBODY = new Census(List.of(), List.of(), Optional.empty());

    public Census {
      readers = List.copyOf(readers);
      hidden = List.copyOf(hidden);
    }

    /** A table in which everybody is seen. */
    public Census(List<Reader> readers) {
      this(readers, List.of(), Optional.empty());
    }

    /** There is no table. */
    public static Census none(String why) {
      return new Census(List.of(), List.of(), Optional.of(why));
    }
  }

  /** A process that could not be looked into; its name is known to everybody. */
  public record Hidden(long pid, String command) {
    /** For a person: {@code git (pid 4711)}. */
    public String describe() {
      return "%s (pid %d)".formatted(command, pid);
    }
  }

  /**
   * Looks at every process.
   *
   * @param directories the directories of interest, their symbolic links resolved
   * @throws IOException if there is no process table at all
   */
  public Census census(Set<Path> directories) throws IOException {
    return census(directories, NOWHERE_ELSE);
  }

  /**
   * Looks at every process.
   *
   * @param directories the directories of interest, their symbolic links resolved
   * @param workplace knows those which read there and have nothing of it open
   * @throws IOException if there is no process table at all
   */
  public Census census(Set<Path> directories, Workplace workplace) throws IOException {
    long ownPid = ProcessHandle.current().pid();
    Instant boot = bootTime();
    Places places = new Places(directories);
    List<ProcessEntry> others = entries().stream().filter(entry -> entry.pid() != ownPid).toList();
    Look[] looks = new Look[others.size()];
    AllCores.forEach(looks.length, i -> looks[i] = look(others.get(i), places, workplace, boot));
    List<Reader> readers = new ArrayList<>();
    List<Hidden> hidden = new ArrayList<>();
    for (Look look : looks) {
      look.reader().ifPresent(readers::add);
      look.hidden().ifPresent(hidden::add);
    }
    return new Census(readers, hidden, whyClosed());
  }

  private List<ProcessEntry> entries() throws IOException {
    List<ProcessEntry> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      entries.forEach(entry -> found.add(new ProcessEntry(entry)));
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  /** The name of a process, as the kernel has it; empty if there is none of that id, or nobody can tell. */
  public Optional<String> commandOf(long pid) {
    try {
      Path comm = proc.resolve(Long.toString(pid)).resolve("comm");
      return Optional.of(Files.readString(comm, StandardCharsets.ISO_8859_1).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** What one look at a process gave. */
  private record Look(Optional<Reader> reader, Optional<Hidden> hidden) {}

  private static Look look(ProcessEntry entry, Places places, Workplace workplace, Instant boot) {
    try {
      return new Look(
          entry.hasNoFiles() ? Optional.empty() : reader(entry, places, workplace, boot),
          Optional.empty());
    } catch (IOException e) {
      return new Look(Optional.empty(), hidden(entry));
    }
  }

  /** A process that has just ended is no reader; one that is there and closed to us may be. */
  private static Optional<Hidden> hidden(ProcessEntry entry) {
    try {
      if (entry.hasNoFiles() || entry.isEnding()) {
        return Optional.empty();
      }
    } catch (IOException e) {
      // Not even that can be told of it.
    }
    return entry.isThere() ? Optional.of(new Hidden(entry.pid(), entry.name())) : Optional.empty();
  }

  private static Optional<Reader> reader(
      ProcessEntry entry, Places places, Workplace workplace, Instant boot) throws IOException {
    Set<UsedFile> files = entry.filesIn(places);
    boolean worksThere =
        entry.worksIn(places)
            || (workplace.concerns(entry.command()) && workplace.includes(entry.circumstances()));
    if (files.isEmpty() && !worksThere) {
      return Optional.empty();
    }
    return Optional.of(
        new Reader(
            entry.pid(),
            entry.command(),
            ProgramArguments.of(entry.words()),
            boot.plus(entry.startedAfterBoot()),
            worksThere,
            files));
  }

  /** Why processes may be missing from the table. */
  private Optional<String> whyClosed() {
    if (!Files.exists(proc.resolve("1"))) {
      return Optional.of(proc + " shows own processes only (hidepid)");
    }
    try {
      return Files.readSymbolicLink(proc.resolve("self/ns/pid")).endsWith(FIRST_PID_NAMESPACE)
          ? Optional.empty()
          : Optional.of("processes outside of this container (pid namespace) are not seen");
    } catch (IOException e) {
      return Optional.of("it cannot be told whether this is a container");
    }
  }

  /**
   * A file, whatever its path.
   *
   * @param device its device, as stat(2) has it
   * @param number its number there
   */
  public record Inode(long device, long number) {}

  /**
   * Who uses files, known by their inodes: also by other paths, such as a container has for them. Without ourselves. Each process
   * is looked at once, however many files are asked for.
   *
   * @return the users of those files which have any, in words
   * @throws IOException if there is no process table at all
   */
  public Map<Inode, List<String>> usersOf(Set<Inode> files) throws IOException {
    if (files.isEmpty()) {
      return Map.of();
    }
    Map<Inode, List<String>> users = new HashMap<>();
    for (ProcessEntry entry : entries()) {
      try {
        if (entry.pid() == ProcessHandle.current().pid()) {
          continue;
        }
        Set<Inode> used = entry.usedOf(files);
        if (!used.isEmpty()) {
          String name = "%s (pid %d)".formatted(ProgramArguments.of(entry.words()), entry.pid());
          used.forEach(file -> users.computeIfAbsent(file, _ -> new ArrayList<>()).add(name));
        }
      } catch (IOException e) {
        // It has ended, or is closed to us.
      }
    }
    return users;
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
