package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The 32 hexadecimal digits at the end of a temporary file's name: 16 that tell which process writes it, and 16 at random.
 *
 * <p>A cycle sweeps up what dead processes left, and holds the maintenance lock meanwhile. The commands that stand in for git's
 * take no such lock, because git's do not; their files are told from abandoned ones by these digits. A process of another
 * machine or container cannot be asked about: its file may be swept away while it is written, and the command fails then,
 * with nothing published.
 */
public final class TemporaryName {
  /** How many digits there are. */
  public static final int DIGITS = 2 * ProcessStamp.TOKEN_DIGITS;

  private TemporaryName() {}

  /** Digits that nobody has used. */
  static String unique() {
    return ProcessStamp.own().token()
        + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  }

  /** Whether another process than this one is known to live that writes, or wrote, a file with such a name. */
  public static boolean writtenByAnother(String name) {
    int start = name.length() - DIGITS;
    return start >= 0
        && ProcessStamp.anotherLives(name.substring(start, start + ProcessStamp.TOKEN_DIGITS));
  }
}
