package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.RequestedMaintenance.Selection;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Deletes by hand the packs that own nothing, as {@code git multi-pack-index expire} does, and lists what has come meanwhile.
 *
 * <p>It keeps what git keeps, packs with a {@code .keep} and cruft packs, and says nothing of them. It keeps more than git, and
 * says so: packs with a bitmap; packs of a repository with {@code extensions.preciousObjects}; packs with an object that is in
 * no other pack which stays and is of the same kind, ordinary or promisor. The installed index has been verified before,
 * and the one that takes its place is verified before it does: packs are deleted at once.
 */
final class RequestedExpiry implements Permission {
  private static final ExpireSettings AT_ONCE = new ExpireSettings(true, Duration.ZERO);

  private static final RepackSettings NO_REPACK =
      new RepackSettings(false, new BatchSize.Everything(), Duration.ZERO);

  /** Nobody's presence keeps a pack. */
  private final SafetyWindow window = SafetyWindow.withoutLeases();

  private final ObjectDirectory directory;
  private final Clock clock;
  private final Cancellation cancellation;
  private final RequestListener listener;

  RequestedExpiry(
      ObjectDirectory directory, Clock clock, Cancellation cancellation, RequestListener listener) {
    this.directory = directory;
    this.clock = clock;
    this.cancellation = cancellation;
    this.listener = listener;
  }

  /**
   * Deletes what can be spared.
   *
   * @param verified the index that was found sound; if it is replaced, nothing is deleted
   */
  long run(Optional<FileStamp> verified) throws IOException, StepFailure, RequestFailedException {
    PackDirectoryListing listing = directory.listPacks();
    CyclePlan plan = plan(snapshot(listing));
    report(plan);
    if (plan.deletions().isEmpty()) {
      return 0;
    }
    Optional<FileStamp> bitmap =
        new IndexSidecars(listing).bitmapOf(directory.indexFile(), directory.hash());
    listener.begin("Deleting %d unreferenced packs".formatted(plan.deletions().size()));
    long deleted =
        new Expiry(
                directory,
                this,
                UnreferencedSince.UNKNOWN,
                window,
                new VerifiedIndexes().proof(directory, cancellation),
                new SoundPacks(),
                clock,
                cancellation)
            .run(plan, verified)
            .packs();
    if (deleted > 0) {
      bitmap.map(RequestedWrite::bitmapLost).ifPresent(listener::warn);
      new RequestedWrite(RequestedWrite.Care.NONE, directory, cancellation, listener)
          .run(Selection.ALL);
    }
    return deleted;
  }

  private Snapshot snapshot(PackDirectoryListing listing) throws IOException {
    return Snapshots.take(
        directory,
        listing.packs(),
        directory.indexFile(),
        UnreferencedSince.UNKNOWN,
        Census.NOBODY,
        window,
        clock.instant());
  }

  private void report(CyclePlan plan) {
    List<ExpireDecision> kept =
        plan.expire().stream()
            .filter(decision -> !decision.delete() && !keptByGit(decision))
            .toList();
    if (directory.traits().preciousObjects()) {
      if (!kept.isEmpty()) {
        listener.warn(
            "keeping %d unreferenced packs: the repository has extensions.preciousObjects"
                .formatted(kept.size()));
      }
      return;
    }
    kept.forEach(decision ->
        listener.warn(
            "keeping %s: %s".formatted(decision.pack().pack().name(), decision.reason())));
  }

  private static boolean keptByGit(ExpireDecision decision) {
    return decision.pack().pack().has(Sidecar.KEEP) || decision.pack().pack().has(Sidecar.MTIMES);
  }

  @Override
  public CyclePlan plan(Snapshot snapshot) {
    Snapshot asOfNobody = snapshot.with(Census.NOBODY, Evidence.NONE);
    return CyclePlanner.plan(asOfNobody.with(listed(snapshot)), AT_ONCE, NO_REPACK, true);
  }

  /** What no index lists is not asked for; what it waits for in a cycle makes no difference either. */
  private static List<PackView> listed(Snapshot snapshot) {
    return snapshot.packs().stream()
        .filter(view -> !view.unlisted())
        .map(view -> view.withRepacked(0))
        .toList();
  }

  /**
   * Readers are not waited for. But git lists the packs long before it takes the lock of the index: what it is about to publish
   * may give a pack that goes now all its objects back.
   */
  @Override
  public Optional<String> obstacle(Census census) {
    return ReaderRule.foreignIndexWriter(census).map(who -> who + " is running");
  }

  @Override
  public void unproven(PackView pack, String uncoveredId) {
    listener.warn(
        "keeping %s: object %s is in no other %s pack that as many people may read"
            .formatted(pack.pack().name(), uncoveredId, pack.promisorClass().label()));
  }
}
