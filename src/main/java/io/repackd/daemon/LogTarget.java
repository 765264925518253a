package io.repackd.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Who reads what is written to standard error. */
enum LogTarget {
  /** The journal of systemd, which adds the time itself and reads the level from a prefix. */
  JOURNAL,
  /** A person at a terminal. */
  TERMINAL,
  /** Nobody that we know: a file, a pipe, {@code /dev/null}. The log goes to a file of our own too. */
  UNKNOWN;

  private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

  /**
   * Finds out.
   *
   * @param environment the environment of this process; {@code JOURNAL_STREAM} counts only if it names the file that
   *     standard error is (systemd.exec(5)), because it is inherited where standard error was redirected
   */
  static LogTarget detect(Map<String, String> environment) {
    return detect(environment, STANDARD_ERROR);
  }

  static LogTarget detect(Map<String, String> environment, Path standardError) {
    try {
      String stream = environment.getOrDefault("JOURNAL_STREAM", "");
      if (!stream.isEmpty() && stream.equals(deviceAndInode(standardError))) {
        return JOURNAL;
      }
      return isTerminal(Files.readSymbolicLink(standardError).toString()) ? TERMINAL : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  static boolean isTerminal(String file) {
    return file.startsWith("/dev/pts/")
        || file.startsWith("/dev/tty")
        || file.equals("/dev/console");
  }

  private static String deviceAndInode(Path file) throws IOException {
    Map<String, Object> attributes = Files.readAttributes(file, "unix:dev,ino");
    return attributes.get("dev") + ":" + attributes.get("ino");
  }
}
