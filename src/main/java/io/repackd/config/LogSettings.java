package io.repackd.config;

import java.nio.file.Path;

/**
 * Where the log goes when systemd does not take it.
 *
 * @param level the least severe level that is logged
 * @param directory where the rolling file lies; absolute
 * @param maxFileBytes the size at which a file is closed and the next begun
 * @param maxFiles how many closed files are kept
 */
public record LogSettings(Level level, Path directory, long maxFileBytes, int maxFiles) {
  /** The levels, most severe first. */
  public enum Level {
    ERROR,
    WARN,
    INFO,
    DEBUG
  }
}
