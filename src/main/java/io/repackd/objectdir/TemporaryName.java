package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The 32 hexadecimal digits at the end of a temporary file's name: 16 that tell which process writes it, and 16 at random.
 *
 * <p>A cycle sweeps up what dead processes left, and holds the maintenance lock meanwhile. The commands that stand in for git's
 * take no such lock, because git's do not, and aggregation takes none, because it runs beside a cycle of the same process. Their
 * files are told from abandoned ones by these digits, and those of this process by its own memory. A process of another
 * machine or container cannot be asked about: its file may be swept away while it is written, and the command fails then,
 * with nothing published.
 */
public final class TemporaryName {
  /** How many digits there are. */
  public static final int DIGITS = 2 * ProcessStamp.TOKEN_DIGITS;

  /** What this process is writing at the moment. */
  private static final Set<Path> BEING_WRITTEN = ConcurrentHashMap.newKeySet();

  private TemporaryName() {}

  static void begin(Path file) {
    BEING_WRITTEN.add(file);
  }

  static void end(Path file) {
    BEING_WRITTEN.remove(file);
  }

  /** Digits that nobody has used. */
  static String unique() {
    return ProcessStamp.own().token()
        + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  }

  /** Whether a file is known to be written by this process, or another process lives that writes, or wrote, such a file. */
  public static boolean beingWritten(Path file) {
    if (BEING_WRITTEN.contains(file)) {
      return true;
    }
    String name = String.valueOf(file.getFileName());
    int start = name.length() - DIGITS;
    return start >= 0
        && ProcessStamp.anotherLives(name.substring(start, start + ProcessStamp.TOKEN_DIGITS));
  }
}
