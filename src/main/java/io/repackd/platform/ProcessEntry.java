package io.repackd.platform;

import io.repackd.platform.ProcessTable.Circumstances;
import io.repackd.platform.ProcessTable.Inode;
import io.repackd.platform.ProcessTable.UsedFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One process, as its directory under {@code /proc} shows it. Each look throws if it has ended or is closed to us. */
final class ProcessEntry {
  /** Linux reports start times in this unit to user space, whatever the kernel's own tick is. */
  private static final long TICKS_PER_SECOND = 100;

  private static final int FLAGS_FIELD = 9;
  private static final int THREADS_FIELD = 20;

  /** PF_KTHREAD. Source: sched.h of Linux. */
  private static final long KERNEL_THREAD = 0x0020_0000;

  /** Address, permissions, offset, device, inode, path. Source: proc_pid_maps(5). */
  private static final int FIELDS_OF_A_MAPPING = 6;

  /** No file has this inode number. */
  private static final long UNKNOWN = 0;

  private static final String DELETED = " (deleted)";
  private static final Path ROOT = Path.of("/");

  /** Directories as text: what other processes use may have names that are no paths in our locale. */
  static final class Places {
    private final List<String> directories;

    /**
     * Places.
     *
     * @param directories their symbolic links resolved
     */
    Places(Set<Path> directories) {
      this.directories = directories.stream().map(Path::toString).toList();
    }

    boolean include(String path) {
      for (String directory : directories) {
        if (path.startsWith(directory)
            && (path.length() == directory.length() || path.charAt(directory.length()) == '/')) {
          return true;
        }
      }
      return false;
    }
  }

  private final Path entry;

  ProcessEntry(Path entry) {
    this.entry = entry;
  }

  long pid() {
    return Long.parseLong(entry.getFileName().toString());
  }

  boolean isThere() {
    return Files.exists(entry);
  }

  /** Whether it has no files: a thread of the kernel itself, or a process that has ended, of which its parent has not heard yet. */
  boolean hasNoFiles() throws IOException {
    String state = state();
    return (ProcessStamp.field(state, FLAGS_FIELD) & KERNEL_THREAD) != 0 || hasEnded(state);
  }

  /** The first thread may have ended while others go on. */
  private static boolean hasEnded(String state) throws IOException {
    int letter = state.lastIndexOf(')') + 2;
    return letter < state.length()
        && "ZX".indexOf(state.charAt(letter)) >= 0
        && ProcessStamp.field(state, THREADS_FIELD) <= 1;
  }

  /** Whether it has no memory any more to have read its command line from: it is about to end, and reads nothing. */
  boolean isEnding() {
    try {
      return Files.readAllBytes(entry.resolve("cmdline")).length == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private String state() throws IOException {
    return Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
  }

  /** Its name, as far as anybody may know it. */
  String name() {
    try {
      return command();
    } catch (IOException e) {
      return "?";
    }
  }

  String command() throws IOException {
    return Files.readString(entry.resolve("comm"), StandardCharsets.ISO_8859_1).strip();
  }

  /** The name of its program and what it was told; one empty word if that is not known. */
  List<String> words() throws IOException {
    return words("cmdline");
  }

  private List<String> words(String file) throws IOException {
    String[] words =
        text(Files.readString(entry.resolve(file), StandardCharsets.ISO_8859_1)).split("\0");
    return words.length == 0 ? List.of("") : List.of(words);
  }

  Duration startedAfterBoot() throws IOException {
    return Duration.ofMillis(ProcessStamp.startTicksOf(state()) * 1000 / TICKS_PER_SECOND);
  }

  boolean worksIn(Places places) throws IOException {
    return places.include(workingDirectory());
  }

  private String workingDirectory() throws IOException {
    return stripDeleted(link(entry.resolve("cwd")));
  }

  Circumstances circumstances() throws IOException {
    Map<String, String> variables = new HashMap<>();
    for (String word : words("environ")) {
      int sign = word.indexOf('=');
      if (sign > 0) {
        variables.putIfAbsent(word.substring(0, sign), word.substring(sign + 1));
      }
    }
    return new Circumstances(command(), workingDirectory(), words(), variables);
  }

  /** What it has open or mapped there. */
  Set<UsedFile> filesIn(Places places) throws IOException {
    Set<UsedFile> files = new HashSet<>();
    readMaps(entry.resolve("maps"), places, files);
    readDescriptors(entry.resolve("fd"), places, files);
    return files;
  }

  /** Each line: address, permissions, offset, device, inode, path. Only mappings of files have a path with a slash. */
  private static void readMaps(Path maps, Places places, Set<UsedFile> files) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(maps, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int slash = line.indexOf('/');
        if (slash < 0) {
          continue;
        }
        String raw = utf8(line.substring(slash));
        if (places.include(stripDeleted(raw))) {
          String[] fields = line.substring(0, slash).strip().split(" +", -1);
          files.add(usedFile(raw, inode(fields[fields.length - 1]), true));
        }
      }
    }
  }

  private static void readDescriptors(Path fd, Places places, Set<UsedFile> files)
      throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(fd)) {
      for (Path descriptor : descriptors) {
        String raw;
        try {
          raw = link(descriptor);
        } catch (IOException e) {
          continue; // closed since the directory was listed
        }
        if (places.include(stripDeleted(raw))) {
          files.add(usedFile(raw, inode(descriptor), false));
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause(); // the process has just ended
    }
  }

  private static UsedFile usedFile(String raw, long inode, boolean mapped) {
    return new UsedFile(path(stripDeleted(raw)), inode, raw.endsWith(DELETED), mapped);
  }

  private static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      return ROOT; // no name in this locale, so no file that we know
    }
  }

  /** Unsigned: where a file system makes its numbers up, the upper half of them may be in use. 0 is for what nobody can tell. */
  private static long inode(String number) {
    try {
      return Long.parseUnsignedLong(number);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    }
  }

  private static long inode(Path descriptor) {
    try {
      return (long) Files.getAttribute(descriptor, "unix:ino");
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /** Which of some files it uses, by whatever path. */
  Set<Inode> usedOf(Set<Inode> files) throws IOException {
    Set<Inode> used = new HashSet<>();
    addMapped(files, used);
    addOpen(files, used);
    return used;
  }

  private void addMapped(Set<Inode> files, Set<Inode> used) throws IOException {
    try (BufferedReader lines =
        Files.newBufferedReader(entry.resolve("maps"), StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.split(" +", FIELDS_OF_A_MAPPING);
        if (fields.length == FIELDS_OF_A_MAPPING) {
          mapped(fields[3], fields[4]).filter(files::contains).ifPresent(used::add);
        }
      }
    }
  }

  private static Optional<Inode> mapped(String device, String number) {
    try {
      return Optional.of(new Inode(device(device), Long.parseUnsignedLong(number)));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      return Optional.empty(); // a file that nobody can ask for
    }
  }

  /** Source: gnu_dev_makedev. */
  private static long device(String majorAndMinor) {
    int colon = majorAndMinor.indexOf(':');
    long major = Long.parseLong(majorAndMinor, 0, colon, 16);
    long minor = Long.parseLong(majorAndMinor, colon + 1, majorAndMinor.length(), 16);
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffL) << 12 | (major & ~0xfffL) << 32;
  }

  private void addOpen(Set<Inode> files, Set<Inode> used) throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(entry.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        try {
          Map<String, Object> file = Files.readAttributes(descriptor, "unix:dev,ino");
          if (file.get("dev") instanceof Long device && file.get("ino") instanceof Long number) {
            Inode open = new Inode(device, number);
            if (files.contains(open)) {
              used.add(open);
            }
          }
        } catch (IOException e) {
          // closed since the directory was listed
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  private static String link(Path path) throws IOException {
    return Files.readSymbolicLink(path).toString();
  }

  private static String stripDeleted(String path) {
    return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
  }

  /** Maps are read byte for byte, because a file name need not be UTF-8; where it is, this is its name. */
  private static String utf8(String bytes) {
    return text(bytes).replace("\\012", "\n");
  }

  private static String text(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }
}
