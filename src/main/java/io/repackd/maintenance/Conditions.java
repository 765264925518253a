package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.GcPid;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Throttle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Instant;
import java.util.Optional;

/** Whether a cycle may run on an object directory at all. */
final class Conditions {
  private Conditions() {}

  /**
   * Checks everything that can be known before the first step.
   *
   * @throws StepFailure with the reason, if no cycle may run
   */
  static void check(ObjectDirectory directory, MaintenanceSettings settings, Instant now)
      throws StepFailure, IOException {
    checkOwner(directory, settings);
    Optional<String> gc = GcPid.holder(directory, now);
    if (gc.isPresent()) {
      throw skipped("locked", gc.get() + " is running");
    }
  }

  /**
   * Checks whether there may be a multi-pack-index, and whether the one that is there may be replaced. Where not, small packs are
   * bundled all the same.
   *
   * @throws StepFailure with the reason
   */
  static void checkIndexUse(ObjectDirectory directory, MaintenanceSettings settings)
      throws StepFailure, IOException {
    if (!settings.multiPackIndex().enabled()) {
      throw skipped("index-disabled", "multi-pack-index.enabled is false");
    }
    if (!directory.traits().multiPackIndex()) {
      throw skipped(
          "index-disabled", "the repository's git configuration has core.multiPackIndex=false");
    }
    checkIndex(directory.listPacks());
  }

  /**
   * Checks that the multi-pack-index is one which may be replaced.
   *
   * @throws StepFailure if something would be lost with it
   */
  static void checkIndex(PackDirectoryListing listing) throws StepFailure {
    if (listing.indexChain().isPresent()) {
      throw skipped(
          "index-chain",
          "%s is an incremental multi-pack-index, which is left alone"
              .formatted(listing.indexChain().get().path()));
    }
    Optional<FileStamp> bitmap =
        listing.indexSidecars().stream()
            .filter(sidecar -> sidecar.name().endsWith(".bitmap"))
            .findFirst();
    if (bitmap.isPresent()) {
      throw skipped(
          "index-bitmap",
          "%s would be lost if the multi-pack-index was written".formatted(bitmap.get().path()));
    }
  }

  /**
   * Checks that nothing is to wait until some other time.
   *
   * @throws StepFailure with the reason
   */
  static void checkPace(Cancellation cancellation) throws StepFailure {
    Optional<Throttle> stopped = cancellation.pacer().stopped();
    if (stopped.isPresent()) {
      throw skipped(stopped.get().label(), stopped.get().words());
    }
  }

  static void checkOwner(ObjectDirectory directory, MaintenanceSettings settings)
      throws StepFailure, IOException {
    if (settings.safety().allowForeignOwner()) {
      return;
    }
    UserPrincipal owner = directory.owner();
    UserPrincipal own = Files.getOwner(Path.of("/proc/self"));
    if (!owner.equals(own)) {
      throw skipped(
          "foreign-owner",
          "%s belongs to %s, and repackd runs as %s; safety.foreign-owner = allow permits that"
              .formatted(directory.path(), owner.getName(), own.getName()));
    }
  }

  private static StepFailure skipped(String reason, String detail) {
    return new StepFailure(Result.SKIPPED, reason, detail);
  }
}
