package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.AggregatePlan.LeftAlone;
import io.repackd.maintenance.AggregateSnapshot.Listed;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.GarbageFile;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackSource;
import io.repackd.pack.PackVerification;
import io.repackd.pack.PackWriter;
import io.repackd.pack.PositionSet;
import io.repackd.pack.ReverseIndex;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One round of aggregation over one object directory: delete the superseded packs whose time has come, then bundle small packs.
 * The caller holds the aggregate lock.
 *
 * <p>What is bundled stays until a later round. The new pack says which packs it supersedes ({@link SupersededPacks}), so that
 * nothing else needs to be remembered, and whoever comes to it after a crash knows as much.
 */
final class AggregateRound {
  private static final Logger log = LoggerFactory.getLogger(AggregateRound.class);

  /** Each costs a copy of up to the most that a round takes. The rest is found in later rounds. */
  private static final int MAX_DAMAGED = 16;

  /** From a {@code .baddeltas} or {@code .supersedes} file to the pack it comes before, at most. */
  private static final Duration ORPHANED = Duration.ofHours(1);

  /** How often it is looked in one round whether superseded packs are in use. A look takes some milliseconds. */
  private static final int MAX_LOOKS = 20;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  private final ObjectDirectory directory;
  private final long packBytes;
  private final AggregateSettings settings;
  private final SafetySettings safety;
  private final AggregateRequest request;
  private final AggregateMemory memory;
  private final Clock clock;
  private final BootClock bootClock;
  private final AggregateSnapshots snapshots;
  private final AggregateReport report;
  private final Cancellation cancellation;
  private final Set<String> own;

  /**
   * A round.
   *
   * @param own the names of packs of loose objects that this round has written already
   * @param memory of earlier rounds
   * @param report takes what is done, as soon as it is
   * @throws io.repackd.objectdir.ObjectDirectoryException if git's configuration has a value for packs that git refuses
   */
  AggregateRound(
      ObjectDirectory directory,
      MaintenanceSettings settings,
      AggregateRequest request,
      Set<String> own,
      AggregateMemory memory,
      SafetyWindow window,
      Clock clock,
      BootClock bootClock,
      AggregateReport report,
      Cancellation cancellation)
      throws IOException {
    this.directory = directory;
    this.packBytes = directory.deltaSettings().packSizeLimitBytes();
    this.settings = settings.aggregate().within(packBytes);
    this.safety = settings.safety();
    this.request = request;
    this.own = Set.copyOf(own);
    this.memory = memory;
    this.clock = clock;
    this.bootClock = bootClock;
    this.report = report;
    this.snapshots =
        new AggregateSnapshots(
            directory,
            memory,
            window,
            AggregatePlanner.unseenMinAge(settings.expire()),
            clock,
            bootClock);
    this.cancellation = cancellation;
  }

  /**
   * Runs it.
   *
   * @throws StepFailure if it cannot go on; what was done until then is in the report
   */
  void run() throws IOException, StepFailure {
    recoverHidden();
    PackDirectoryListing listing = directory.listPacks();
    sweepOrphans(listing);
    SupersededPacks.sweep(listing);
    AggregateSnapshot snapshot = snapshots.take(listing.packs(), own);
    if (deleteSuperseded(snapshot)) {
      snapshot = snapshot();
    }
    for (int damaged = 0; !bundle(snapshot); damaged++) {
      if (damaged == MAX_DAMAGED) {
        throw new StepFailure(
            Result.DEGRADED, "pack-damaged", "more than %d packs are damaged".formatted(damaged));
      }
      snapshot = snapshot();
    }
  }

  /**
   * Where no cycle runs, nobody else ends a deletion that was cut off.
   *
   * <p>But what is neither superseded nor listed was to be expired. It stays hidden for the next cycle, which lists it again at once:
   * until then anybody would take it for new, this round as the first.
   */
  private void recoverHidden() throws IOException {
    Leftovers leftovers = new Leftovers(directory, cancellation);
    if (leftovers.hiddenPacks().isEmpty()) {
      return;
    }
    Listed index = AggregateSnapshots.listed(directory);
    Set<String> superseded = new HashSet<>();
    for (StoredPack pack : directory.listPacks().packs()) {
      SupersededPacks.of(pack).ifPresent(claim -> superseded.addAll(claim.all()));
    }
    try {
      leftovers.recoverHidden(
          pack ->
              index.isNone()
                  || index.untold().isPresent()
                  || index.indexNames().contains(pack + ".idx")
                  || superseded.contains(pack),
          clock.instant());
    } catch (LockedException e) {
      // Whoever holds the lock may be at it.
    }
  }

  private void sweepOrphans(PackDirectoryListing listing) throws IOException {
    for (Sidecar sidecar : List.of(Sidecar.BAD_DELTAS, Sidecar.SUPERSEDES)) {
      sweepOrphans(listing, "." + sidecar.extension());
    }
  }

  private void sweepOrphans(PackDirectoryListing listing, String extension) throws IOException {
    for (GarbageFile file : listing.garbage()) {
      String name = file.stamp().name();
      Duration age = Duration.between(file.stamp().modified(), clock.instant());
      if (file.kind() == GarbageKind.ORPHAN
          && name.endsWith(extension)
          && age.compareTo(ORPHANED) > 0
          && isAlone(name.substring(0, name.length() - extension.length()))
          && file.stamp().unchanged()) {
        Files.deleteIfExists(file.stamp().path());
      }
    }
  }

  private boolean isAlone(String pack) {
    Path packs = directory.packDirectory();
    return !Files.exists(packs.resolve(pack + ".pack"))
        && !Files.exists(packs.resolve(pack + ".idx"));
  }

  private AggregateSnapshot snapshot() throws IOException {
    return snapshots.take(directory.listPacks().packs(), own);
  }

  /**
   * Says whether anything may have changed.
   *
   * <p>Where there are pushes and fetches all the time, somebody has every pack open at nearly every moment, though each of them
   * only for an instant. So a gap between them is waited for.
   */
  private boolean deleteSuperseded(AggregateSnapshot snapshot) throws IOException {
    AggregateSnapshot now = snapshot;
    boolean tried = false;
    for (int look = 1; look <= MAX_LOOKS; look++) {
      AggregatePlan plan = AggregatePlanner.plan(now, settings, request);
      if (!plan.due().isEmpty()) {
        tried = true;
        if (delete(plan, now)) {
          return true;
        }
      } else if (!plan.inUse()) {
        return tried;
      }
      if (cancellation.await(BETWEEN_LOOKS)) {
        return tried;
      }
      now = snapshots.again(now);
    }
    log.debug("superseded packs of {} are in use", directory.path());
    return tried;
  }

  /** Says whether nobody came in between. */
  private boolean delete(AggregatePlan plan, AggregateSnapshot snapshot) throws IOException {
    try {
      report.deleted(
          new SupersededDeletion(directory, settings, request, snapshots, memory, cancellation)
              .delete(plan.due(), snapshot));
      ServerInfo.refresh(directory);
      return true;
    } catch (LockedException | StepFailure e) {
      log.debug("superseded packs of {} stay for now", directory.path(), e);
      return false;
    }
  }

  /**
   * Bundles what the plan says.
   *
   * @return false if a pack was found damaged: without it, it is worth another try
   */
  private boolean bundle(AggregateSnapshot snapshot) throws IOException, StepFailure {
    cancellation.check();
    AggregatePlan plan = AggregatePlanner.plan(snapshot, settings, request);
    report.planned(plan);
    boolean inVain = true;
    for (Bundle bundle : plan.bundles()) {
      if (memory.wasInVain(directory, bundle)) {
        continue;
      }
      try {
        inVain &= !write(bundle);
      } catch (CorruptFileException e) {
        noteDamaged(bundle, e);
        return false;
      }
    }
    memory.nothingToDo(directory, inVain ? notWorthIt(plan) : Optional.empty());
    return true;
  }

  /** The packs that are as they should be and came to nothing; nothing if time alone, or another request, changes that. */
  private static Optional<Set<String>> notWorthIt(AggregatePlan plan) {
    Set<String> packs = new HashSet<>();
    plan.bundles().forEach(bundle -> bundle.packs().forEach(pack -> packs.add(pack.name())));
    for (LeftAlone left : plan.leftAlone()) {
      switch (left.reason()) {
        case YOUNG, EXCLUDED, REPACK -> {
          return Optional.empty();
        }
        case DAMAGED, LARGE, UNEQUAL, FULL, FEW -> packs.add(left.pack().name());
        case LISTED, SUPERSEDED, KEPT, CRUFT, PROMISOR, BITMAP -> {}
      }
    }
    return plan.obstacle().isPresent() ? Optional.empty() : Optional.of(packs);
  }

  private void noteDamaged(Bundle bundle, CorruptFileException e) throws CorruptFileException {
    FileStamp file =
        bundle.packs().stream()
            .flatMap(pack -> List.of(pack.data(), pack.index()).stream())
            .filter(stamp -> stamp.path().equals(e.file()))
            .findFirst()
            .orElseThrow(() -> e);
    if (memory.damaged(file)) {
      log.warn("leaving a damaged pack as it is: {}", e.getMessage());
    }
  }

  /** Writes the new pack; says whether there is one. */
  private boolean write(Bundle bundle) throws IOException, StepFailure {
    FreeSpace.require(directory, safety, bundle.bytes(), "the aggregation");
    try {
      Optional<Published> published =
          FreeSpace.watched(directory, safety, cancellation, watched -> publish(bundle, watched));
      if (published.isEmpty()) {
        memory.inVain(directory, bundle);
        return false;
      }
      Published pack = published.get();
      report.bundled(bundle.packs().size(), pack.objects(), pack.bytes());
      return true;
    } catch (TooLargeException e) {
      memory.inVain(directory, bundle);
      return false;
    } catch (IOException e) {
      if (StepErrors.vanished(e)) {
        throw new StepFailure(
            Result.SKIPPED,
            "packs-changed",
            "a pack went while it was bundled: " + StepErrors.describe(e));
      }
      throw e;
    }
  }

  private Optional<Published> publish(Bundle bundle, Cancellation watched) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources =
          OpenPacks.open(directory, bundle.packs(), arena).stream()
              .map(
                  pack -> new PackSource.Packed(pack, PositionSet.all(arena, pack.index().count())))
              .toList();
      try (PackWriter writer =
          new PackWriter(
              sources, directory.hash(), directory.traits().compressionLevel(), watched)) {
        Beside beside =
            new Beside(bundle.kind(), Optional.of(() -> marker(bundle)), Optional.empty());
        return new PackPublication(directory, this::check, watched)
            .publish(
                writer,
                () -> ReadAccess.of(bundle.packs()),
                beside,
                () -> youngerThanSources(bundle));
      }
    }
  }

  /**
   * A bundle is no larger than what it is made of, but for a delta whose base comes to lie behind it, and then it grows by the
   * length of an id.
   */
  private static final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1;
  }

  private void check(PackFile pack, ReverseIndex reverse, Cancellation asked) throws IOException {
    if (pack.end() + directory.hash().length() > packBytes) {
      throw new TooLargeException();
    }
    PackVerification.verifyEntries(pack, reverse, asked);
  }

  private String marker(Bundle bundle) throws IOException {
    return new SupersededPacks(bootClock.now(), bundle.supersedes()).render();
  }

  private Instant youngerThanSources(Bundle bundle) throws IOException {
    return PackPublication.youngerThan(bundle.packs(), clock.instant());
  }
}
