package io.repackd.daemon;

import ch.qos.logback.core.rolling.RollingPolicyBase;
import ch.qos.logback.core.rolling.RolloverFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Closes a full log file by giving it a number: 1 is the youngest, and the oldest falls off the end. Logback's own policy
 * keeps 20 files at most, and reads a percent sign in the directory's name as a pattern.
 */
final class NumberedFiles extends RollingPolicyBase {
  private final Path file;
  private final int maxFiles;

  /**
   * A policy for one log file.
   *
   * @param maxFiles how many closed files are kept, at least 1
   */
  NumberedFiles(Path file, int maxFiles) {
    this.file = file;
    this.maxFiles = maxFiles;
  }

  @Override
  public void rollover() throws RolloverFailure {
    try {
      for (int number = maxFiles; number >= 1; number--) {
        Path younger = number == 1 ? file : numbered(number - 1);
        try {
          Files.move(younger, numbered(number), StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
          // Fewer files than may be kept.
        }
      }
    } catch (IOException e) {
      throw new RolloverFailure("cannot rename " + file, e);
    }
  }

  private Path numbered(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  @Override
  public String getActiveFileName() {
    return file.toString();
  }
}
