package io.repackd.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Where the standard error of this process leads. */
public final class StandardError {
  private static final Path DESCRIPTOR = Path.of("/proc/self/fd/2");

  private static final Pattern TERMINAL = Pattern.compile("/dev/(pts/\\d+|tty.*|console)");

  private StandardError() {}

  /**
   * Whether somebody may be looking at it. The JDK tells that only of input and output together. Where there is no process table
   * nobody is taken to look.
   */
  public static boolean isTerminal() {
    try {
      return TERMINAL.matcher(Files.readSymbolicLink(DESCRIPTOR).toString()).matches();
    } catch (IOException e) {
      return false;
    }
  }
}
