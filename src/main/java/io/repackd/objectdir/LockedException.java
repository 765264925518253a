package io.repackd.objectdir;

import java.nio.file.Path;
import java.time.Duration;

/** Somebody else holds a lock. */
public final class LockedException extends ObjectDirectoryException {
  private static final long serialVersionUID = 1;

  /**
   * A lock that is held.
   *
   * @param lock the lock file
   * @param owner who holds it, as far as can be told
   * @param age for how long
   */
  LockedException(Path lock, String owner, Duration age) {
    super("%s is held by %s for %s".formatted(lock, owner, words(age)));
  }

  private static String words(Duration age) {
    if (age.toHours() >= 1) {
      return "%d h %d min".formatted(age.toHours(), age.toMinutesPart());
    }
    return age.toMinutes() >= 1
        ? "%d min".formatted(age.toMinutes())
        : "%d s".formatted(Math.max(age.toSeconds(), 0));
  }
}
