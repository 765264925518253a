package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.maintenance.StepRun.Done;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The steps of one cycle over one object directory, in their order. The caller holds the maintenance lock. */
final class CycleSteps {
  private static final Logger log = LoggerFactory.getLogger(CycleSteps.class);

  private final Registration registration;
  private final ObjectDirectory directory;
  private final MaintenanceSettings settings;
  private final Request request;
  private final Aggregation aggregation;
  private final Clock clock;
  private final UnreferencedLedger ledger;
  private final DamagedPacks damagedPacks;
  private final IndexProof proof;
  private final SoundPacks soundPacks;
  private final SafetyWindow window;
  private final LockFile lock;
  private final Cancellation cancellation;

  private final RepackStep repackStep;
  private final StepRun steps;
  private final IndexWriting writing;
  private final CycleIndex index;

  CycleSteps(
      Registration registration,
      ObjectDirectory directory,
      Request request,
      Aggregation aggregation,
      Clock clock,
      UnreferencedLedger ledger,
      DamagedPacks damagedPacks,
      VerifiedIndexes verifiedIndexes,
      SoundPacks soundPacks,
      SafetyWindow window,
      LockFile lock,
      Consumer<StepOutcome> finished,
      Cancellation cancellation) {
    this.registration = registration;
    this.directory = directory;
    this.settings = registration.settings();
    this.request = request;
    this.aggregation = aggregation;
    this.clock = clock;
    this.ledger = ledger;
    this.damagedPacks = damagedPacks;
    this.proof = verifiedIndexes.proof(directory, cancellation);
    this.soundPacks = soundPacks;
    this.window = window;
    this.lock = lock;
    this.cancellation = cancellation;
    this.repackStep =
        new RepackStep(registration, directory, request, aggregation, clock, cancellation);
    this.steps = new StepRun(directory, damagedPacks, finished, cancellation);
    this.writing =
        new IndexWriting(
            directory,
            aggregation,
            clock,
            ledger,
            damagedPacks,
            verifiedIndexes,
            proof,
            window,
            repackStep,
            cancellation);
    this.index =
        new CycleIndex(
            directory,
            clock,
            ledger,
            damagedPacks,
            verifiedIndexes,
            proof,
            writing,
            steps,
            cancellation);
  }

  void run() throws StepFailure, IOException {
    Optional<IndexWatch.Memory> watched = ledger.watched();
    if (watched.isPresent()) {
      window.recall(directory, watched.get());
    }
    checkNobodyElseDeletes();
    steps.run(Step.RECOVER, this::recover);
    if (index.lacksUnreferenced() && mayWriteIndex()) {
      listAgain();
    }
    aggregate(leftToRepack());
    Conditions.checkIndexUse(directory, settings);
    try {
      runByIndex();
    } catch (StepFailure e) {
      StepFailure failure = e.reason().equals(StepErrors.PACK_DAMAGED) ? leadAroundDamage(e) : e;
      if (failure.result() != Result.CANCELLED) {
        bundleWhatIsLeft();
      }
      throw failure;
    }
  }

  /** That it failed is told, and keeps nothing else from being done. What is wrong yet ends the cycle when the index is written again. */
  private void listAgain() throws StepFailure {
    try {
      index.writeStep(Base.INSTALLED);
    } catch (StepFailure e) {
      if (e.result() == Result.CANCELLED) {
        throw e;
      }
      log.debug("{}: packs are not listed again yet", directory.path(), e);
    }
  }

  private boolean mayWriteIndex() throws IOException {
    try {
      Conditions.checkIndexUse(directory, settings);
      return true;
    } catch (StepFailure e) {
      return false;
    }
  }

  private Optional<LeftToRepack> leftToRepack() throws IOException {
    boolean damaged = !writing.damagedAmong(directory.listPacks().packs()).isEmpty();
    return LeftToRepack.of(directory, settings, request.immediately(), damaged);
  }

  /** The repack was to take packs, and has not: without that they are one file more each for every reader. */
  private void bundleWhatIsLeft() {
    if (!repackStep.left().isEmpty()) {
      aggregate(Optional.empty());
    }
  }

  private void runByIndex() throws StepFailure, IOException {
    Set<String> damaged = new LinkedHashSet<>(damagedPacks.confirm(cancellation));
    index.writeStep(Base.INSTALLED);
    if (!index.isThere() && repackStep.left().isEmpty()) {
      return;
    }
    if (index.isThere()) {
      index.verify();
    }
    damaged.addAll(writing.damage());
    requireNone(damaged);
    CyclePlan plan = plan();
    boolean expireLate = isRoomBeforeExpiry(plan);
    if (!plan.deletions().isEmpty() && !expireLate) {
      steps.run(Step.EXPIRE, () -> expire(plan, Expiry.Fresh.NONE));
      index.verify();
    }
    if (!plan.batches().isEmpty()) {
      repackAndWrite(plan, expireLate);
    }
  }

  /**
   * Whether packs are expired after the repack. Then one index lists what that has written and drops what goes, where else two
   * would be written; but what goes takes its room meanwhile. For whoever reads it makes no difference: what goes has been
   * unreferenced for its safety window by the index that is installed, before the repack and after it.
   */
  private boolean isRoomBeforeExpiry(CyclePlan plan) throws IOException {
    if (plan.deletions().isEmpty() || plan.batches().isEmpty()) {
      return false;
    }
    long bytes =
        plan.batches().stream()
            .mapToLong(Batch::expectedBytes)
            .reduce(0, RepackChoice::saturatedSum);
    try {
      FreeSpace.require(directory, settings.safety(), bytes, "the repack");
      return true;
    } catch (StepFailure e) {
      return false;
    }
  }

  /**
   * Writes the index without the damaged packs, where they hide other copies of their objects from git. Nothing is deleted, and
   * who has the index before this one is led as before.
   */
  private StepFailure leadAroundDamage(StepFailure failure) {
    try {
      if (HiddenCopies.exist(directory, damagedPacks.names(), cancellation)) {
        index.mendStep(Base.SOUND_PACKS);
        return new StepFailure(
            failure.result(),
            failure.reason(),
            failure.detail()
                + "; the multi-pack-index leads to other copies of its objects now, and nothing is"
                + " deleted until the pack is mended or gone");
      }
    } catch (IOException | StepFailure e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  /** Ends the watch of indexes that nobody reads any more, and notes the others for whoever comes after this process. */
  void settle() throws IOException {
    ledger.watched(window.letGo(directory));
    ledger.save();
  }

  /** A round before all else: what follows has less to look at. That it failed is told, and keeps nothing else from being done. */
  private void aggregate(Optional<LeftToRepack> repack) {
    if (settings.aggregate().enabled()) {
      Aggregation.Round round =
          aggregation.round(
              registration, AggregateRequest.before(request.immediately(), repack), cancellation);
      repackStep.leave(round.toRepack());
      steps.tell(round.outcome());
    }
  }

  /** Once the index refers to the new packs, nobody bundles them any more; and if it comes to nothing, anybody may. */
  private void repackAndWrite(CyclePlan plan, boolean expireLate) throws StepFailure, IOException {
    Optional<StepFailure> notExpired = Optional.empty();
    try {
      try {
        repackAll(plan);
      } catch (StepFailure e) {
        if (expireLate && mayExpireAfter(e)) {
          expireAfterAll(e, plan);
        }
        if (mayExpireAfter(e)) {
          listAfterAll(e);
        }
        throw e;
      }
      bundleWhatIsLeft();
      if (expireLate) {
        notExpired = expireAndList(plan.without(repackStep.listedInVain()));
      }
      index.writeStep(baseAfterRepack());
    } finally {
      repackStep.removeKeeps();
    }
    index.verify();
    if (notExpired.isPresent()) {
      throw notExpired.get();
    }
    requireNone(writing.damage());
  }

  private Base baseAfterRepack() {
    return repackStep.listedInVain().isEmpty() ? Base.INSTALLED : Base.REPACKED;
  }

  /** What one batch has come to does not depend on the next; and who lists it later does not know what it is made of. */
  private void listAfterAll(StepFailure failure) {
    if (repackStep.repacked().isEmpty() && repackStep.listedInVain().isEmpty()) {
      return;
    }
    try {
      index.writeStep(baseAfterRepack());
      index.verify();
    } catch (StepFailure | IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static void requireNone(Collection<String> damaged) throws StepFailure {
    if (!damaged.isEmpty()) {
      throw new StepFailure(Result.DEGRADED, StepErrors.PACK_DAMAGED, String.join("; ", damaged));
    }
  }

  private void repackAll(CyclePlan plan) throws StepFailure, IOException {
    for (Batch batch : plan.batches()) {
      checkNobodyElseDeletes(); // somebody may have begun since this cycle did
      FreeSpace.require(directory, settings.safety(), batch.expectedBytes(), "the repack");
      repack(batch);
    }
  }

  private void expireAfterAll(StepFailure failure, CyclePlan plan) {
    try {
      steps.run(Step.EXPIRE, () -> expire(plan, Expiry.Fresh.NONE));
      index.verify();
    } catch (StepFailure | IOException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Expires, and lists what the repack has written, by one index. Not if that lists what the next one will not: see {@link RepackedPacks}.
   * What the repack has written is listed in any case.
   */
  private Optional<StepFailure> expireAndList(CyclePlan plan) {
    try {
      steps.run(
          Step.EXPIRE,
          () -> expire(plan, index.listsRepacked() ? Expiry.Fresh.NONE : writing.fresh()));
      return Optional.empty();
    } catch (StepFailure e) {
      return Optional.of(e);
    }
  }

  /** A repack that comes to nothing, for want of room maybe, keeps nothing from going; damage and whoever stops us do. */
  private static boolean mayExpireAfter(StepFailure failure) {
    return failure.result() != Result.CANCELLED
        && !failure.reason().equals(StepErrors.PACK_DAMAGED);
  }

  /** While git repacks or collects garbage, it may delete what we would copy, and copy from what we would delete. */
  private void checkNobodyElseDeletes() throws IOException, StepFailure {
    OtherMaintenance.requireNobody(directory, clock.instant());
  }

  private Done recover() throws IOException {
    StaleLocks.breakForeign(
        directory, ObjectDirectory.Lock.MULTI_PACK_INDEX, settings, clock.instant());
    Leftovers.Recovered recovered = new Leftovers(directory, cancellation).recover(repackStep.id());
    ServerInfo.refresh(directory);
    SupersededPacks.sweep(directory.listPacks());
    String detail =
        recovered.equals(new Leftovers.Recovered(0, 0))
            ? "nothing to recover"
            : "removed %d files and %d keeps and restored %d packs of a dead process"
                .formatted(recovered.removed(), recovered.keeps(), recovered.restored());
    return new Done(Work.ofTemporaryKeeps(recovered.keeps()), detail);
  }

  private CyclePlan plan() throws IOException {
    Snapshot snapshot =
        Snapshots.takeForRepack(
            directory,
            directory.listPacks().packs(),
            index.isThere() ? Optional.of(directory.indexFile()) : Optional.empty(),
            ledger,
            Readers.census(directory),
            window,
            clock.instant(),
            cancellation);
    List<PackView> views = new ArrayList<>(snapshot.packs());
    Set<StoredPack> listed = views.stream().map(PackView::pack).collect(Collectors.toSet());
    for (StoredPack pack : repackStep.left()) {
      // Somebody else may have written an index meanwhile.
      if (!listed.contains(pack)) {
        views.add(Snapshots.unlisted(directory, pack));
      }
    }
    CyclePlan plan = CyclePlanner.plan(snapshot.with(views), settings, request.immediately());
    tellWaiting(plan, snapshot);
    return plan;
  }

  /** Says once why not everybody can be seen, and for whom packs wait whenever that is somebody else. */
  private void tellWaiting(CyclePlan plan, Snapshot snapshot) {
    window.tell(
        directory,
        "unseen",
        CyclePlanner.unseenReaders(snapshot, settings.expire())
            .map(why ->
                "unreferenced packs stay for expire.min-age-unseen (%s), because %s"
                    .formatted(Amounts.duration(settings.expire().minAgeUnseen()), why))
            .orElse(""));
    window.tell(directory, "waiting", plan.waiting());
  }

  private Done expire(CyclePlan plan, Expiry.Fresh fresh) throws IOException, StepFailure {
    Permission permission = new CyclePermission(directory, settings, request, clock, lock);
    Expiry expiry =
        new Expiry(directory, permission, ledger, window, proof, soundPacks, clock, cancellation);
    try {
      Expiry.Expired expired = expiry.run(plan, index.verified(), fresh);
      index.mendIfPacksAreGone();
      index.observe();
      return new Done(new Work(0, expired.packs(), 0, expired.bytes()), expired.detail());
    } catch (StepFailure e) {
      index.mendIfPacksAreGone();
      throw e;
    }
  }

  /**
   * Repacks a batch. Beside it, what comes meanwhile is bundled: from the moment when it is settled what the repack reads, until
   * it has ended.
   */
  private void repack(Batch batch) throws StepFailure {
    List<AggregateLoop.Beside> loops = new ArrayList<>();
    try {
      steps.run(
          Step.REPACK,
          () -> {
            try {
              RepackStep.Repacked repacked = repackStep.run(batch, loops::add);
              return new Done(repacked.work(), repacked.detail());
            } finally {
              loops.forEach(AggregateLoop.Beside::close);
            }
          });
    } finally {
      loops.forEach(loop -> steps.tell(loop.stop()));
    }
  }
}
