package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The steps of a cycle one by one, as {@link CycleSteps} does them, for the benchmark. Each does all that it does in the
 * daemon, from opening the object directory to the last fsync.
 */
public final class StepsAlone {
  private static final MaintenanceSettings SETTINGS =
      new MaintenanceSettings(
          true,
          new Schedule.Every(Duration.ofHours(1)),
          Duration.ZERO,
          new MultiPackIndexSettings(true),
          new AggregateSettings(
              false,
              Duration.ofMinutes(1),
              10,
              256,
              Duration.ZERO,
              1000,
              50_000,
              2_000_000,
              512L << 20,
              false),
          new ExpireSettings(true, Duration.ofHours(1)),
          new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO),
          new SafetySettings(true, 0));

  private final Path stateDirectory;
  private final VerifiedIndexes verifiedIndexes = new VerifiedIndexes();
  private final Cancellation never = new Cancellation();

  /**
   * Steps of a daemon.
   *
   * @param stateDirectory an empty directory
   */
  public StepsAlone(Path stateDirectory) {
    this.stateDirectory = stateDirectory;
  }

  /**
   * Writes the multi-pack-index, if it has to be: not if it lists all packs and has been verified already.
   *
   * @throws IOException if somebody changed the packs meanwhile
   */
  public void write(Path repository) throws IOException {
    ObjectDirectory directory = open(repository);
    if (verifiedIndexes.upToDate(directory).isPresent()) {
      return;
    }
    PackDirectoryListing listing = directory.listPacks();
    IndexDraft.Base base =
        verifiedIndexes.contains(directory, listing.index())
            ? IndexDraft.Base.INSTALLED_AND_VERIFIED
            : IndexDraft.Base.INSTALLED;
    try (IndexDraft draft =
        IndexDraft.write(
            directory,
            listing,
            new IndexDraft.Wanted(base, PackRanks.of(listing, directory, Set.of())),
            UnreferencedLedger.read(stateDirectory, directory),
            directory.publisher(),
            never)) {
      if (draft.kind() == IndexDraft.Kind.UNCHANGED) {
        return;
      }
      if (!draft.install()) {
        throw new IOException("the packs of %s have changed".formatted(repository));
      }
    }
  }

  /**
   * Verifies the multi-pack-index.
   *
   * @throws IOException if there is a fault
   */
  public void verify(Path repository) throws IOException {
    ObjectDirectory directory = open(repository);
    Optional<FileStamp> verified = FileStamp.find(directory.indexFile());
    List<Fault> faults =
        MultiPackIndexVerifier.verify(
            directory.indexFile(), directory.hash(), Level.INDEXES, never);
    if (!faults.isEmpty()) {
      throw new IOException(faults.getFirst().message());
    }
    verifiedIndexes.remember(directory, verified);
  }

  /**
   * Deletes the packs that own nothing: with the proof that each of their objects is elsewhere, and without waiting for their
   * safety window.
   *
   * @throws IOException if it is refused
   */
  public void expire(Path repository) throws IOException {
    ObjectDirectory directory = open(repository);
    Clock clock = Clock.systemUTC();
    Request immediately = new Request(true);
    UnreferencedLedger ledger = UnreferencedLedger.read(stateDirectory, directory);
    SafetyWindow window = new SafetyWindow();
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MAINTENANCE)) {
      Optional<FileStamp> installed = FileStamp.find(directory.indexFile());
      Snapshot snapshot =
          Snapshots.take(
              directory,
              directory.listPacks().packs(),
              directory.indexFile(),
              ledger,
              Readers.census(directory),
              window,
              clock.instant());
      CyclePlan plan = CyclePlanner.plan(snapshot, SETTINGS, immediately.immediately());
      CyclePermission permission =
          new CyclePermission(directory, SETTINGS, immediately, clock, lock);
      new Expiry(
              directory,
              permission,
              ledger,
              window,
              verifiedIndexes.proof(directory, never),
              new SoundPacks(),
              clock,
              never)
          .run(plan, installed);
      // As a cycle does at its end: nobody reads the index that was replaced.
      window.letGo(directory);
    } catch (StepFailure e) {
      throw new IOException(e.detail(), e);
    }
  }

  /**
   * Bundles all packs into one. The sources stay: they would be deleted in a later round.
   *
   * @throws IOException if it is refused
   */
  public void aggregate(Path repository) throws IOException {
    AggregateSettings everything =
        new AggregateSettings(
            true,
            Duration.ofMinutes(1),
            2,
            1,
            Duration.ofMinutes(1),
            1_000_000,
            1_000_000,
            1L << 30,
            1L << 40,
            false);
    require(
        new RequestedAggregation(
                RepositoryDiscovery.locate(repository), everything, Clock.systemUTC())
            .once(AggregateRequest.SCHEDULED, never));
  }

  /**
   * Packs all loose objects, and deletes them.
   *
   * @throws IOException if it is refused
   */
  public void packLooseObjects(Path repository) throws IOException {
    RequestedLooseObjects loose =
        new RequestedLooseObjects(
            open(repository),
            Clock.systemUTC(),
            never,
            new RequestListener() {
              @Override
              public void warn(String line) {
                throw new IllegalStateException(line);
              }

              @Override
              public void begin(String step) {}
            });
    require(loose.run(Integer.MAX_VALUE, true));
    require(loose.run(Integer.MAX_VALUE, true));
  }

  private static void require(StepOutcome outcome) throws IOException {
    if (outcome.result() != Result.OK) {
      throw new IOException(outcome.detail());
    }
  }

  private static ObjectDirectory open(Path repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository));
  }
}
