package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The steps of one cycle over one object directory, in their order. The caller holds the maintenance lock. */
final class CycleSteps {
  private static final Logger log = LoggerFactory.getLogger(CycleSteps.class);

  /** How often a step begins again because somebody changed the packs meanwhile. */
  private static final int MAX_TRIES = 3;

  private final Registration registration;
  private final ObjectDirectory directory;
  private final MaintenanceSettings settings;
  private final Request request;
  private final Aggregation aggregation;
  private final Clock clock;
  private final UnreferencedLedger ledger;
  private final DamagedPacks damagedPacks;
  private final VerifiedIndexes verifiedIndexes;
  private final IndexProof proof;
  private final SoundPacks soundPacks;
  private final SafetyWindow window;
  private final LockFile lock;
  private final Cancellation cancellation;

  private final RepackStep repackStep;
  private List<String> damage = List.of();
  private Optional<FileStamp> verified = Optional.empty();
  private boolean indexed;

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
      Cancellation cancellation) {
    this.registration = registration;
    this.directory = directory;
    this.settings = registration.settings();
    this.request = request;
    this.aggregation = aggregation;
    this.clock = clock;
    this.ledger = ledger;
    this.damagedPacks = damagedPacks;
    this.verifiedIndexes = verifiedIndexes;
    this.proof = verifiedIndexes.proof(directory, cancellation);
    this.soundPacks = soundPacks;
    this.window = window;
    this.lock = lock;
    this.cancellation = cancellation;
    this.repackStep =
        new RepackStep(registration, directory, request, aggregation, clock, cancellation);
  }

  /** What one step did. A verification that finds what can be mended has failed, and the cycle goes on. */
  private record Done(Result result, Work work, String detail) {
    Done(Work work, String detail) {
      this(Result.OK, work, detail);
    }
  }

  /** The doing of one step. */
  private interface Body {
    Done run() throws IOException, StepFailure;
  }

  void run(Consumer<StepOutcome> finished) throws StepFailure, IOException {
    Optional<IndexWatch.Memory> watched = ledger.watched();
    if (watched.isPresent()) {
      window.recall(directory, watched.get());
    }
    checkNobodyElseDeletes();
    step(Step.RECOVER, finished, this::recover);
    aggregate(finished, leftToRepack());
    Conditions.checkIndexUse(directory, settings);
    try {
      runByIndex(finished);
    } catch (StepFailure e) {
      StepFailure failure =
          e.reason().equals(StepErrors.PACK_DAMAGED) ? leadAroundDamage(e, finished) : e;
      if (failure.result() != Result.CANCELLED) {
        bundleWhatIsLeft(finished);
      }
      throw failure;
    }
  }

  private Optional<LeftToRepack> leftToRepack() throws IOException {
    boolean damaged = !damagedAmong(directory.listPacks().packs()).isEmpty();
    return LeftToRepack.of(directory, settings, request.immediately(), damaged);
  }

  /** The names of packs that a step or a round of aggregation has found damaged. */
  private Set<String> damagedAmong(List<StoredPack> packs) {
    Set<String> damaged = new HashSet<>(damagedPacks.names());
    damaged.addAll(aggregation.damagedAmong(packs));
    return damaged;
  }

  /** The repack was to take packs, and has not: without that they are one file more each for every reader. */
  private void bundleWhatIsLeft(Consumer<StepOutcome> finished) {
    if (!repackStep.left().isEmpty()) {
      aggregate(finished, Optional.empty());
    }
  }

  private void runByIndex(Consumer<StepOutcome> finished) throws StepFailure, IOException {
    Set<String> damaged = new LinkedHashSet<>(damagedPacks.confirm(cancellation));
    step(Step.WRITE, finished, () -> write(Base.INSTALLED));
    if (!indexed && repackStep.left().isEmpty()) {
      return;
    }
    if (indexed) {
      verify(finished);
    }
    damaged.addAll(damage);
    if (!damaged.isEmpty()) {
      throw new StepFailure(Result.DEGRADED, StepErrors.PACK_DAMAGED, String.join("; ", damaged));
    }
    CyclePlan plan = plan();
    boolean expireLate = isRoomBeforeExpiry(plan);
    if (!plan.deletions().isEmpty() && !expireLate) {
      step(Step.EXPIRE, finished, () -> expire(plan, List.of()));
      verify(finished);
    }
    if (!plan.batches().isEmpty()) {
      repackAndWrite(plan, expireLate, finished);
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
  private StepFailure leadAroundDamage(StepFailure failure, Consumer<StepOutcome> finished) {
    try {
      if (HiddenCopies.exist(directory, damagedPacks.names(), cancellation)) {
        step(Step.WRITE, finished, () -> write(Base.SOUND_PACKS));
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
  private void aggregate(Consumer<StepOutcome> finished, Optional<LeftToRepack> repack) {
    if (settings.aggregate().enabled()) {
      Aggregation.Round round =
          aggregation.round(
              registration, AggregateRequest.before(request.immediately(), repack), cancellation);
      repackStep.leave(round.toRepack());
      finished.accept(round.outcome());
    }
  }

  /** Once the index refers to the new packs, nobody bundles them any more; and if it comes to nothing, anybody may. */
  private void repackAndWrite(CyclePlan plan, boolean expireLate, Consumer<StepOutcome> finished)
      throws StepFailure, IOException {
    Optional<StepFailure> notExpired = Optional.empty();
    try {
      try {
        repackAll(plan, finished);
      } catch (StepFailure e) {
        if (expireLate && mayExpireAfter(e)) {
          expireAfterAll(e, plan, finished);
        }
        throw e;
      }
      bundleWhatIsLeft(finished);
      if (expireLate) {
        notExpired = expireAndList(plan, finished);
      }
      step(Step.WRITE, finished, () -> write(Base.INSTALLED));
    } finally {
      repackStep.removeKeeps();
    }
    verify(finished);
    if (notExpired.isPresent()) {
      throw notExpired.get();
    }
  }

  private void repackAll(CyclePlan plan, Consumer<StepOutcome> finished)
      throws StepFailure, IOException {
    for (Batch batch : plan.batches()) {
      checkNobodyElseDeletes(); // somebody may have begun since this cycle did
      FreeSpace.require(directory, settings.safety(), batch.expectedBytes(), "the repack");
      repack(batch, finished);
    }
  }

  private void expireAfterAll(StepFailure failure, CyclePlan plan, Consumer<StepOutcome> finished) {
    try {
      step(Step.EXPIRE, finished, () -> expire(plan, List.of()));
      verify(finished);
    } catch (StepFailure | IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** What the repack has written is listed in any case. */
  private Optional<StepFailure> expireAndList(CyclePlan plan, Consumer<StepOutcome> finished) {
    try {
      step(Step.EXPIRE, finished, () -> expire(plan, fresh()));
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

  /** The packs that the next index will list and the installed one does not. */
  private List<StoredPack> fresh() throws IOException {
    List<StoredPack> packs = directory.listPacks().packs();
    Set<String> others = new HashSet<>(Supersession.indexNamesAmong(packs));
    repackStep.left().forEach(pack -> others.add(pack.indexName()));
    others.addAll(listedByIndex());
    Set<String> damaged = damagedAmong(packs);
    return packs.stream()
        .filter(pack -> !others.contains(pack.indexName()) && !damaged.contains(pack.name()))
        .toList();
  }

  private void step(Step step, Consumer<StepOutcome> finished, Body body) throws StepFailure {
    long start = System.nanoTime();
    try {
      cancellation.check();
      Done done = body.run();
      finished.accept(
          new StepOutcome(step, done.result(), since(start), done.work(), done.detail()));
    } catch (IOException | StepFailure | RuntimeException | InternalError | OutOfMemoryError e) {
      StepFailure failure = StepErrors.classify(e);
      if (failure.reason().equals("internal")) {
        log.error("internal error in step {} of {}", step.label(), directory.path(), e);
      }
      finished.accept(
          new StepOutcome(step, failure.result(), since(start), Work.NONE, failure.detail()));
      if (e instanceof CorruptFileException corrupt) {
        remember(corrupt);
      }
      throw failure;
    }
  }

  private void remember(CorruptFileException corrupt) {
    try {
      damagedPacks.note(corrupt.file());
    } catch (IOException e) {
      log.error("cannot note that {} is damaged", corrupt.file(), e);
    }
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  /** While git repacks or collects garbage, it may delete what we would copy, and copy from what we would delete. */
  private void checkNobodyElseDeletes() throws IOException, StepFailure {
    Optional<String> foreign =
        OtherMaintenance.seen(directory, Readers.census(directory), clock.instant());
    if (foreign.isPresent()) {
      throw new StepFailure(Result.SKIPPED, "busy", foreign.get() + " is running");
    }
  }

  private Done recover() throws IOException {
    StaleLocks.breakForeign(
        directory, ObjectDirectory.Lock.MULTI_PACK_INDEX, settings, clock.instant());
    Leftovers.Recovered recovered = new Leftovers(directory, cancellation).recover(repackStep.id());
    ServerInfo.refresh(directory);
    String detail =
        recovered.equals(new Leftovers.Recovered(0, 0))
            ? "nothing to recover"
            : "removed %d files and %d keeps and restored %d packs of a dead process"
                .formatted(recovered.removed(), recovered.keeps(), recovered.restored());
    return new Done(Work.ofTemporaryKeeps(recovered.keeps()), detail);
  }

  private Done write(Base base) throws IOException, StepFailure {
    if (base == Base.INSTALLED) {
      OptionalInt packs = verifiedIndexes.upToDate(directory);
      if (packs.isPresent()) {
        damage = List.of();
        indexed = true;
        return unchanged(packs.getAsInt());
      }
    }
    for (int attempt = 1; attempt <= MAX_TRIES; attempt++) {
      PackDirectoryListing listing = directory.listPacks();
      Conditions.checkIndex(listing); // a bitmap may have come since the cycle began
      Set<String> damaged = damagedAmong(listing.packs());
      Set<String> left =
          repackStep.left().stream().map(StoredPack::indexName).collect(Collectors.toSet());
      Wanted wanted = new Wanted(baseOf(listing, base), Optional.empty(), damaged, left);
      try (IndexDraft draft =
          IndexDraft.write(
              directory, listing, wanted, ledger, directory.publisher(), cancellation)) {
        damage = draft.damage();
        indexed = draft.kind() != IndexDraft.Kind.NOTHING;
        switch (draft.kind()) {
          case NOTHING -> {
            return new Done(Work.NONE, nothing(!left.isEmpty()));
          }
          case UNCHANGED -> {
            return unchanged(draft.listed().size());
          }
          case EXTENDED, REBUILT -> {
            if (soundOrDamagedAlready(draft) && install(draft)) {
              return written(draft);
            }
          }
        }
      }
    }
    throw new StepFailure(
        Result.SKIPPED,
        "packs-changed",
        "the packs changed while the multi-pack-index was written");
  }

  private String nothing(boolean left) {
    if (!damage.isEmpty()) {
      return "no sound packs";
    }
    return left ? "none yet: the repack takes all packs" : "no objects in packs";
  }

  private static Done unchanged(int packs) {
    return new Done(Work.NONE, "%d packs, unchanged".formatted(packs));
  }

  private Base baseOf(PackDirectoryListing listing, Base wanted) {
    return wanted == Base.INSTALLED && verifiedIndexes.contains(directory, listing.index())
        ? Base.INSTALLED_AND_VERIFIED
        : wanted;
  }

  /**
   * Verifies a draft. That a pack turns out damaged which it lists keeps nobody from installing it: the verification of what is
   * installed finds the same, and says what follows.
   *
   * @return false if a pack has gone that it lists
   * @throws StepFailure if it was written wrong
   */
  private boolean soundOrDamagedAlready(IndexDraft draft) throws IOException, StepFailure {
    return StepErrors.first(proof.verify(draft.file()), Fault.Kind.PACK_GONE).isEmpty();
  }

  private boolean install(IndexDraft draft) throws IOException {
    if (draft.kind() == IndexDraft.Kind.REBUILT) {
      // Before and not after, so that a crash in between cannot leave the windows open.
      ledger.restart();
      ledger.save();
    }
    try (LockFile indexLock = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX);
        SafetyWindow.Replacement index = window.replacing(directory, ledger.windows())) {
      if (!draft.install(indexLock)) {
        return false;
      }
      index.done(clock.instant());
    }
    directory.publisher().syncDirectory();
    return true;
  }

  private static Done written(IndexDraft draft) throws IOException {
    String how = draft.reason().isEmpty() ? "" : ", written anew because " + draft.reason();
    return new Done(
        new Work(0, 0, 0, draft.bytes()), "%d packs%s".formatted(draft.listed().size(), how));
  }

  /** Notes which packs own nothing, now that the index is known to be sound. */
  private void observe() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      ledger.observe(directory.listPacks().packs(), index.countOwners(), clock.instant());
    }
    ledger.save();
  }

  /**
   * Verifies the installed index, in full if that was not done when it was written. One that is wrong is built anew, and the cycle
   * ends there; if packs have gone meanwhile, and that is all, the index is written and verified once more. When it is sound, it is
   * noted which packs own nothing.
   */
  private void verify(Consumer<StepOutcome> finished) throws StepFailure, IOException {
    List<Fault> faults = inspect(finished);
    if (!faults.isEmpty()) {
      boolean wrong = StepErrors.first(faults, Fault.Kind.INDEX_WRONG).isPresent();
      step(Step.WRITE, finished, () -> write(wrong ? Base.PACKS_INSTEAD : Base.INSTALLED));
      List<Fault> still = inspect(finished);
      if (!still.isEmpty()) {
        throw StepErrors.of(still);
      }
      if (wrong) {
        throw new StepFailure(
            Result.FAILED,
            StepErrors.INDEX_WRONG,
            "%s was wrong and was written anew".formatted(directory.indexFile()));
      }
    }
    verifiedIndexes.remember(directory, verified);
    observe();
  }

  /**
   * Looks for faults.
   *
   * @return those that writing the index again can mend
   * @throws StepFailure if there are others
   */
  private List<Fault> inspect(Consumer<StepOutcome> finished) throws StepFailure {
    List<Fault> faults = new ArrayList<>();
    step(
        Step.VERIFY,
        finished,
        () -> {
          faults.addAll(faults());
          if (faults.isEmpty()) {
            return new Done(Work.NONE, "sound");
          }
          faults.forEach(fault -> log.warn("{}", fault.message()));
          StepFailure failure = StepErrors.of(faults);
          if (!failure.reason().equals(StepErrors.PACK_DAMAGED)) {
            return new Done(failure.result(), Work.NONE, failure.detail());
          }
          for (Fault fault : faults) {
            if (fault.kind() == Fault.Kind.PACK_WRONG) {
              damagedPacks.note(fault.file());
            }
          }
          throw failure;
        });
    return faults;
  }

  private List<Fault> faults() throws IOException {
    verified = FileStamp.find(directory.indexFile());
    return proof.covers(verified)
        ? List.of()
        : MultiPackIndexVerifier.verify(
            directory.indexFile(), directory.hash(), Level.INDEXES, cancellation);
  }

  private CyclePlan plan() throws IOException {
    Snapshot snapshot =
        Snapshots.takeForRepack(
            directory,
            directory.listPacks().packs(),
            indexed ? Optional.of(directory.indexFile()) : Optional.empty(),
            ledger,
            Readers.census(directory),
            window,
            clock.instant());
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

  private Done expire(CyclePlan plan, List<StoredPack> fresh) throws IOException, StepFailure {
    Permission permission = new CyclePermission(directory, settings, request, clock, lock);
    Expiry expiry =
        new Expiry(directory, permission, ledger, window, proof, soundPacks, clock, cancellation);
    try {
      Expiry.Expired expired = expiry.run(plan, verified, fresh);
      mendIfPacksAreGone();
      observe();
      return new Done(new Work(0, expired.packs(), 0, expired.bytes()), expired.detail());
    } catch (StepFailure e) {
      mendIfPacksAreGone();
      throw e;
    }
  }

  private List<String> listedByIndex() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames();
    }
  }

  /** Git cannot do without a pack that the index names, so it is not left to the next cycle. */
  private void mendIfPacksAreGone() throws IOException, StepFailure {
    Set<String> there = directory.packIndexNames();
    List<String> listed;
    try {
      listed = listedByIndex();
    } catch (IOException e) {
      return; // whoever verifies it finds out
    }
    Optional<String> gone = listed.stream().filter(name -> !there.contains(name)).findFirst();
    if (gone.isPresent()) {
      log.warn(
          "{}: somebody else deleted {} meanwhile, writing the multi-pack-index again",
          directory.path(),
          gone.get());
      write(Base.INSTALLED);
    }
  }

  /**
   * Repacks a batch. Beside it, what comes meanwhile is bundled: from the moment when it is settled what the repack reads, until
   * it has ended.
   */
  private void repack(Batch batch, Consumer<StepOutcome> finished) throws StepFailure {
    List<AggregateLoop.Beside> loops = new ArrayList<>();
    try {
      step(
          Step.REPACK,
          finished,
          () -> {
            try {
              RepackStep.Repacked repacked = repackStep.run(batch, loops::add);
              return new Done(repacked.work(), repacked.detail());
            } finally {
              loops.forEach(AggregateLoop.Beside::close);
            }
          });
    } finally {
      loops.forEach(loop -> finished.accept(loop.stop()));
    }
  }
}
