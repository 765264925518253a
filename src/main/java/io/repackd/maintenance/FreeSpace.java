package io.repackd.maintenance;

import io.repackd.config.SafetySettings;
import io.repackd.objectdir.ObjectDirectory;
import java.io.IOException;
import java.nio.file.Files;

/** Sees to it that a new pack finds room, and leaves the reserve. */
final class FreeSpace {
  /** A new pack needs what it writes, and something for the indexes. */
  private static final double FACTOR = 1.2;

  private FreeSpace() {}

  /**
   * Looks whether there is room.
   *
   * @param bytes about how large the pack will be
   * @param what what it is for, at the beginning of a sentence
   * @throws StepFailure if there is not
   */
  static void require(ObjectDirectory directory, SafetySettings safety, long bytes, String what)
      throws IOException, StepFailure {
    long usable = Files.getFileStore(directory.path()).getUsableSpace();
    double needed = bytes * FACTOR + safety.diskReserveBytes();
    if (usable < needed) {
      throw new StepFailure(
          Result.SKIPPED,
          "disk",
          "%s needs %s free where %s is, and there are %s"
              .formatted(
                  what, Amounts.bytes((long) needed), directory.path(), Amounts.bytes(usable)));
    }
  }
}
