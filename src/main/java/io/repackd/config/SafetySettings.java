package io.repackd.config;

import io.repackd.objectdir.LockPatience;
import java.time.Duration;
import java.util.Optional;

/**
 * What is refused for safety's sake.
 *
 * @param allowForeignOwner whether an object directory that belongs to another user is maintained
 * @param diskReserveBytes how much free space a step leaves on the file system, in bytes
 * @param staleLocks when a lock that another program has left behind is taken away
 */
public record SafetySettings(
    boolean allowForeignOwner, long diskReserveBytes, LockPatience staleLocks) {
  private static final LockPatience DEFAULT =
      new LockPatience(Duration.ofHours(1), Optional.empty());

  /** Settings with the patience of the reference configuration. */
  public SafetySettings(boolean allowForeignOwner, long diskReserveBytes) {
    this(allowForeignOwner, diskReserveBytes, DEFAULT);
  }
}
