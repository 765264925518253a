package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cycle deletes packs whose safety window has passed, that no process is seen to want, while it holds the maintenance lock and
 * nobody else is maintaining.
 */
record CyclePermission(
    ObjectDirectory directory,
    MaintenanceSettings settings,
    Request request,
    Clock clock,
    LockFile maintenanceLock)
    implements Permission {
  private static final Logger log = LoggerFactory.getLogger(CyclePermission.class);

  @Override
  public CyclePlan plan(Snapshot snapshot) {
    return CyclePlanner.plan(snapshot, settings, request.immediately());
  }

  @Override
  public Optional<String> obstacle(Census census) throws IOException, StepFailure {
    if (!maintenanceLock.stillHeld()) {
      throw new StepFailure(
          Result.FAILED, "lock-lost", "somebody removed " + maintenanceLock.file());
    }
    return OtherMaintenance.seen(directory, census, clock.instant())
        .map(who -> who + " is running");
  }

  @Override
  public void unproven(PackView pack, String uncoveredId) throws IOException {
    log.warn(
        "keeping {}: object {} is in no other {} pack that as many people may read",
        pack.pack().data().path(),
        uncoveredId,
        pack.promisorClass().label());
    if (pack.unlisted()) {
      // The next cycle lists it again, like any other pack.
      RepackedPacks.withdraw(directory, Set.of(pack.pack().name()));
    }
  }
}
