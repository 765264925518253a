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
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a cycle would do, found out without changing anything.
 *
 * @param obstacle why no cycle would run, or why it would end after the aggregation; empty if neither
 * @param aggregate what the round of aggregation would do that comes first; it comes even where an obstacle keeps the rest from
 *     being done, unless it has one of its own
 * @param index what would become of the multi-pack-index, in words
 * @param plan what would be deleted and put together
 * @param damage the packs that would be left out, one line for each
 */
public record DryRun(
    Optional<String> obstacle,
    AggregateForecast aggregate,
    String index,
    CyclePlan plan,
    List<String> damage) {
  public DryRun {
    damage = List.copyOf(damage);
  }

  private static final String NO_CYCLE = "no cycle would run";

  private static final CyclePlan NOTHING = new CyclePlan(List.of(), List.of(), List.of());

  static DryRun of(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      Request request,
      Aggregation aggregation,
      Clock clock,
      Path stateDirectory,
      Cancellation cancellation)
      throws IOException {
    Instant now = clock.instant();
    try {
      Conditions.check(directory, settings, now);
    } catch (StepFailure e) {
      return obstacle(e.detail(), AggregateForecast.obstacle(NO_CYCLE));
    }
    Optional<String> foreign = OtherMaintenance.seen(directory, Readers.census(directory), now);
    if (foreign.isPresent()) {
      return obstacle(foreign.get() + " is running", AggregateForecast.obstacle(NO_CYCLE));
    }
    AggregateForecast aggregate =
        aggregation.forecast(
            directory,
            settings,
            AggregateRequest.before(
                request.immediately(),
                LeftToRepack.of(
                    directory,
                    settings,
                    request.immediately(),
                    !DamagedPacks.read(stateDirectory, directory).names().isEmpty())),
            cancellation);
    try {
      Conditions.checkIndexUse(directory, settings);
      UnreferencedLedger ledger = UnreferencedLedger.read(stateDirectory, directory);
      return new Making(directory, settings, request, aggregate, ledger, aggregation.window(), now)
          .make(cancellation);
    } catch (StepFailure e) {
      return obstacle(e.detail(), aggregate);
    } catch (UnsupportedIndexException e) {
      return obstacle(e.getMessage(), aggregate);
    }
  }

  private static DryRun obstacle(String why, AggregateForecast aggregate) {
    return new DryRun(Optional.of(why), aggregate, "untouched", NOTHING, List.of());
  }

  /** The making of the plan of a cycle that runs. */
  private record Making(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      Request request,
      AggregateForecast aggregate,
      UnreferencedLedger ledger,
      SafetyWindow window,
      Instant now) {
    DryRun make(Cancellation cancellation) throws IOException {
      Path scratch = Files.createTempDirectory("repackd-plan");
      try {
        FilePublisher publisher = new FilePublisher(scratch, SharedPermissions.UMASK);
        PackDirectoryListing listing = directory.listPacks();
        Set<String> pushed = Pushed.indexNamesAmong(listing, now);
        Set<String> left = new HashSet<>(pushed);
        aggregate.unlisted().forEach(pack -> left.add(pack.indexName()));
        PackRanks ranks = PackRanks.of(listing, directory, pushed);
        Wanted wanted = new Wanted(Base.INSTALLED, Set.of(), left, ranks);
        try (IndexDraft draft =
            RepackedPacks.draft(directory, listing, wanted, ledger, publisher, cancellation)) {
          return of(draft, listing, pushed.size() == listing.packs().size(), cancellation);
        }
      } finally {
        Files.deleteIfExists(scratch);
      }
    }

    private DryRun of(
        IndexDraft draft, PackDirectoryListing listing, boolean pushed, Cancellation cancellation)
        throws IOException {
      AfterAggregation after = new AfterAggregation(directory, aggregate, now);
      boolean nothing = draft.kind() == IndexDraft.Kind.NOTHING;
      if (nothing && aggregate.unlisted().isEmpty()) {
        String none =
            pushed && !listing.packs().isEmpty()
                ? "none yet: all packs are being pushed"
                : "none: no pack has an object";
        String index = after.leavesPacksAsTheyAre() ? none : "new, 1 pack";
        return new DryRun(Optional.empty(), aggregate, index, NOTHING, draft.damage());
      }
      Snapshot snapshot =
          after.in(
              Snapshots.takeForRepack(
                  directory,
                  listing.packs(),
                  nothing ? Optional.empty() : Optional.of(draft.file()),
                  ledger,
                  Readers.census(directory),
                  window,
                  now,
                  cancellation));
      CyclePlan plan =
          draft.damage().isEmpty()
              ? CyclePlanner.plan(snapshot, settings, request.immediately())
              : NOTHING;
      return new DryRun(Optional.empty(), aggregate, index(draft, after), plan, draft.damage());
    }

    private String index(IndexDraft draft, AfterAggregation after) {
      int packs = after.listed(draft.listed());
      return switch (draft.kind()) {
        case NOTHING -> "none before the repack, which takes all packs";
        case UNCHANGED ->
            after.leavesPacksAsTheyAre()
                ? "unchanged, %d packs".formatted(packs)
                : "extended to %d packs".formatted(packs);
        case EXTENDED -> "extended to %d packs".formatted(packs);
        case REBUILT ->
            draft.reason().isEmpty()
                ? "new, %d packs".formatted(packs)
                : "written anew with %d packs, because %s".formatted(packs, draft.reason());
      };
    }
  }
}
