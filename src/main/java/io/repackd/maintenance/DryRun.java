package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.SharedPermissions;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a cycle would do, found out without changing anything.
 *
 * @param obstacle why no cycle would run; empty if one would
 * @param index what would become of the multi-pack-index, in words
 * @param plan what would be deleted and put together
 * @param damage the packs that would be left out, one line for each
 */
public record DryRun(Optional<String> obstacle, String index, CyclePlan plan, List<String> damage) {
  public DryRun {
    damage = List.copyOf(damage);
  }

  private static final CyclePlan NOTHING = new CyclePlan(List.of(), List.of(), List.of());

  static DryRun of(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      Request request,
      Instant now,
      Path stateDirectory,
      Cancellation cancellation)
      throws IOException {
    try {
      Conditions.check(directory, settings, now);
      Conditions.checkIndexUse(directory, settings);
    } catch (StepFailure e) {
      return obstacle(e.detail());
    }
    Optional<String> foreign = ReaderRule.foreignMaintenance(Readers.census(directory));
    if (foreign.isPresent()) {
      return obstacle(foreign.get() + " is running");
    }
    Path scratch = Files.createTempDirectory("repackd-plan");
    try {
      PackDirectoryListing listing = directory.listPacks();
      FilePublisher publisher = new FilePublisher(scratch, SharedPermissions.UMASK);
      UnreferencedLedger ledger = UnreferencedLedger.read(stateDirectory, directory);
      try (IndexDraft draft =
          IndexDraft.write(
              directory, listing, new Wanted(Base.INSTALLED), ledger, publisher, cancellation)) {
        return of(directory, settings, request, now, ledger, draft);
      }
    } catch (UnsupportedIndexException e) {
      return obstacle(e.getMessage());
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private static DryRun obstacle(String why) {
    return new DryRun(Optional.of(why), "untouched", NOTHING, List.of());
  }

  private static DryRun of(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      Request request,
      Instant now,
      UnreferencedLedger ledger,
      IndexDraft draft)
      throws IOException {
    if (draft.kind() == IndexDraft.Kind.NOTHING) {
      return new DryRun(Optional.empty(), "none: no pack has an object", NOTHING, draft.damage());
    }
    Snapshot snapshot =
        Snapshots.take(
            directory, draft.listed(), draft.file(), ledger, Readers.census(directory), now);
    CyclePlan plan =
        draft.damage().isEmpty()
            ? CyclePlanner.plan(snapshot, settings, request.immediately())
            : NOTHING;
    return new DryRun(Optional.empty(), index(draft), plan, draft.damage());
  }

  private static String index(IndexDraft draft) {
    int packs = draft.listed().size();
    return switch (draft.kind()) {
      case NOTHING, UNCHANGED -> "unchanged, %d packs".formatted(packs);
      case EXTENDED -> "extended to %d packs".formatted(packs);
      case REBUILT ->
          draft.reason().isEmpty()
              ? "new, %d packs".formatted(packs)
              : "written anew with %d packs, because %s".formatted(packs, draft.reason());
    };
  }
}
