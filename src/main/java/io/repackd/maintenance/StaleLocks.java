package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.objectdir.FoundLock;
import io.repackd.objectdir.ObjectDirectory;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes away locks that other programs have left behind, and says so. */
final class StaleLocks {
  private static final Logger log = LoggerFactory.getLogger(StaleLocks.class);

  private StaleLocks() {}

  static void breakForeign(
      ObjectDirectory directory,
      ObjectDirectory.Lock lock,
      MaintenanceSettings settings,
      Instant now)
      throws IOException {
    Optional<FoundLock> broken =
        directory.breakForeignLock(lock, settings.safety().staleLocks(), now);
    if (broken.isPresent()) {
      log.warn(
          "removed {}, which {} had left {} ago: its holder is {}",
          broken.get().stamp().path(),
          broken.get().owner(),
          Amounts.duration(broken.get().age(now)),
          broken.get().liveness().label());
    }
  }
}
