package io.repackd.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param file the file as a person would name it
 * @param line the line in it, from 1; {@link #NO_LINE} for the file as a whole
 * @param message the key, the value, and what to write instead, in one line
 */
public record Complaint(String file, int line, String message) {
  /** The line of a complaint about a whole file. */
  public static final int NO_LINE = 0;

  /** The complaint as it is printed: {@code /etc/repackd/repackd.conf:12: expire.min-age: …}. */
  @Override
  public String toString() {
    return line == NO_LINE ? file + ": " + message : file + ":" + line + ": " + message;
  }
}
