package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.maintenance.StepRun.Done;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The multi-pack-index of one cycle: it is written, verified, and written again when packs have come or gone. What one step has found
 * out of it is known to the next.
 */
final class CycleIndex {
  private static final Logger log = LoggerFactory.getLogger(CycleIndex.class);

  /** How often a step begins again because somebody changed the packs meanwhile. */
  private static final int MAX_TRIES = 3;

  private static final Duration A_MOMENT = Duration.ofMillis(500);

  private final ObjectDirectory directory;
  private final Aggregation aggregation;
  private final Clock clock;
  private final UnreferencedLedger ledger;
  private final DamagedPacks damagedPacks;
  private final VerifiedIndexes verifiedIndexes;
  private final IndexProof proof;
  private final SafetyWindow window;
  private final RepackStep repackStep;
  private final StepRun steps;
  private final Cancellation cancellation;

  private List<String> damage = List.of();
  private Optional<FileStamp> verified = Optional.empty();
  private boolean written;

  /**
   * An index that nothing is known of yet.
   *
   * @param aggregation knows packs that are damaged
   * @param repackStep knows packs that are not to be listed, because it takes them
   */
  CycleIndex(
      ObjectDirectory directory,
      Aggregation aggregation,
      Clock clock,
      UnreferencedLedger ledger,
      DamagedPacks damagedPacks,
      VerifiedIndexes verifiedIndexes,
      IndexProof proof,
      SafetyWindow window,
      RepackStep repackStep,
      StepRun steps,
      Cancellation cancellation) {
    this.directory = directory;
    this.aggregation = aggregation;
    this.clock = clock;
    this.ledger = ledger;
    this.damagedPacks = damagedPacks;
    this.verifiedIndexes = verifiedIndexes;
    this.proof = proof;
    this.window = window;
    this.repackStep = repackStep;
    this.steps = steps;
    this.cancellation = cancellation;
  }

  /** Whether there was an index after the last writing: not if there is no object in packs. */
  boolean isThere() {
    return written;
  }

  /** One line for each pack that the last writing left out because it is damaged. */
  List<String> damage() {
    return damage;
  }

  /** The index that was found sound last. */
  Optional<FileStamp> verified() {
    return verified;
  }

  /** The names of packs that a step or a round of aggregation has found damaged. */
  Set<String> damagedAmong(List<StoredPack> packs) {
    Set<String> damaged = new HashSet<>(damagedPacks.names());
    damaged.addAll(aggregation.damagedAmong(packs));
    return damaged;
  }

  /** The names of the indexes of packs that are not listed yet. */
  private Set<String> left(PackDirectoryListing listing) {
    Set<String> left = new HashSet<>(Pushed.indexNamesAmong(listing, clock.instant()));
    repackStep.left().forEach(pack -> left.add(pack.indexName()));
    return left;
  }

  /**
   * What others have brought, of packs that are to be listed: instead of what the repack has written, which nobody has listed yet, those
   * packs of which it has been made that no index lists, as long as they are there. What it has of others was listed before.
   */
  private List<StoredPack> brought(List<StoredPack> fresh, PackDirectoryListing listing) {
    List<StoredPack> unlisted = repackStep.unlisted();
    if (!unlisted.stream().allMatch(pack -> Files.exists(pack.index().path()))) {
      return fresh;
    }
    return Stream.concat(fresh.stream().filter(pack -> !isOurs(pack, listing)), unlisted.stream())
        .toList();
  }

  private static boolean isOurs(StoredPack pack, PackDirectoryListing listing) {
    return listing.keepFiles().get(pack.name()) == KeepOwner.REPACKD;
  }

  private PackRanks ranks(PackDirectoryListing listing, Base base) {
    Set<String> repacked = new HashSet<>(repackStep.repacked());
    if (base == Base.REPACKED) {
      repacked.addAll(repackStep.repackedInVain());
    }
    return PackRanks.of(
        listing, directory, Pushed.indexNamesAmong(listing, clock.instant()), repacked);
  }

  /** The packs that the next index will list and the installed one does not. */
  Expiry.Fresh fresh() throws IOException {
    PackDirectoryListing listing = directory.listPacks();
    List<StoredPack> packs = listing.packs();
    Set<String> others = new HashSet<>(Supersession.indexNamesAmong(packs));
    others.addAll(left(listing));
    others.addAll(listed());
    Set<String> damaged = damagedAmong(packs);
    List<StoredPack> fresh =
        packs.stream()
            .filter(pack -> !others.contains(pack.indexName()) && !damaged.contains(pack.name()))
            .toList();
    return new Expiry.Fresh(fresh, brought(fresh, listing), ranks(listing, Base.INSTALLED));
  }

  /**
   * Whether packs are there that were unreferenced and are listed no more: somebody was killed who had begun to delete them. Whatever
   * comes first of all else would take them for new: the next index of somebody else gives them all their objects, to which older
   * indexes lead elsewhere, and a bundle of them would undo what was repacked. (§4.6 R4.2)
   */
  boolean lacksUnreferenced() throws IOException {
    List<String> listed;
    try {
      listed = listed();
    } catch (IOException e) {
      return false; // whoever writes it finds out
    }
    Set<String> names = new HashSet<>(listed);
    List<StoredPack> packs = directory.listPacks().packs();
    Set<StoredPack> repacked = RepackedPacks.among(packs);
    return packs.stream()
        .anyMatch(pack ->
            ledger.since(pack).isPresent()
                && !names.contains(pack.indexName())
                && !repacked.contains(pack));
  }

  /** Whether the installed index lists packs that the next one will not, because they were repacked. */
  boolean listsRepacked() throws IOException {
    Set<String> listed = Set.copyOf(listed());
    return RepackedPacks.among(directory.listPacks().packs()).stream()
        .anyMatch(pack -> listed.contains(pack.indexName()));
  }

  /**
   * A step that writes the index, if it is not as it should be.
   *
   * @throws StepFailure also if somebody else maintains the repository by now: see {@link #requireNobodyElse}
   */
  void writeStep(Base base) throws StepFailure {
    steps.run(Step.WRITE, () -> write(base, false));
  }

  /** The same where the installed index does harm, so that the next one is better whatever others are at. */
  void mendStep(Base base) throws StepFailure {
    steps.run(Step.WRITE, () -> write(base, true));
  }

  /**
   * Which packs own nothing, by the memory of now: it is forgotten when an index is built anew, and that may have to be tried again. What
   * a repack has made owned nothing because of how it was listed.
   */
  private UnreferencedSince unreferenced(Base base, PackDirectoryListing listing) {
    Set<String> results = base == Base.REPACKED ? repackStep.listedInVain() : Set.of();
    Map<String, Instant> known = new HashMap<>();
    for (StoredPack pack : listing.packs()) {
      if (!results.contains(pack.name())) {
        ledger.since(pack).ifPresent(since -> known.put(pack.name(), since));
      }
    }
    return pack -> Optional.ofNullable(known.get(pack.name()));
  }

  private Done write(Base base, boolean mends) throws IOException, StepFailure {
    if (base == Base.INSTALLED) {
      OptionalInt packs = verifiedIndexes.upToDate(directory);
      if (packs.isPresent()) {
        damage = List.of();
        written = true;
        return unchanged(packs.getAsInt());
      }
    }
    Base wanted = base;
    Optional<UnreferencedSince> unreferenced = Optional.empty();
    List<String> hidden = new ArrayList<>();
    Set<String> hiding = new HashSet<>();
    for (int attempt = 1; attempt <= MAX_TRIES; attempt++) {
      PackDirectoryListing listing = directory.listPacks();
      Conditions.checkIndex(listing); // a bitmap may have come since the cycle began
      UnreferencedSince known = unreferenced.orElseGet(() -> unreferenced(base, listing));
      unreferenced = Optional.of(known);
      try (IndexDraft draft = draft(wanted, listing, hiding, known)) {
        damage = Stream.concat(draft.damage().stream(), hidden.stream()).toList();
        written = draft.kind() != IndexDraft.Kind.NOTHING;
        switch (draft.kind()) {
          case NOTHING -> {
            return new Done(Work.NONE, nothing(listing));
          }
          case UNCHANGED -> {
            return unchanged(draft.listed().size());
          }
          case EXTENDED, REBUILT -> {
            if (!soundOrDamagedAlready(draft)) {
              continue;
            }
            boolean urgent = isUrgent(draft, wanted);
            if (!urgent && leavesOut(damagedCopies(draft, draft.file()), draft, hiding, hidden)) {
              continue;
            }
            if (!mends && isSomebodyElse(attempt < MAX_TRIES)) {
              continue;
            }
            if (!install(draft)) {
              continue;
            }
            if (urgent
                && leavesOut(damagedCopies(draft, directory.indexFile()), draft, hiding, hidden)) {
              wanted = Base.SOUND_PACKS;
              continue;
            }
            return written(draft);
          }
        }
      }
    }
    throw new StepFailure(
        Result.SKIPPED,
        "packs-changed",
        "the packs changed while the multi-pack-index was written");
  }

  private IndexDraft draft(
      Base base, PackDirectoryListing listing, Set<String> hiding, UnreferencedSince unreferenced)
      throws IOException {
    Set<String> left = left(listing);
    left.addAll(hiding);
    return RepackedPacks.draft(
        directory,
        listing,
        new Wanted(
            baseOf(listing, base), damagedAmong(listing.packs()), left, ranks(listing, base)),
        unreferenced,
        directory.publisher(),
        cancellation);
  }

  /**
   * Whether an index is better installed at once than when all is known that it leads to: the one before leads to packs that have gone,
   * or is wrong in another way.
   */
  private static boolean isUrgent(IndexDraft draft, Base base) {
    return draft.kind() == IndexDraft.Kind.REBUILT
        && draft.listing().index().isPresent()
        && base != Base.REPACKED;
  }

  /**
   * Notes damaged copies to which an index leads though other packs have such objects.
   *
   * @return whether the next attempt leaves something out for that
   */
  private boolean leavesOut(
      List<CorruptFileException> damagedCopies,
      IndexDraft draft,
      Set<String> hiding,
      List<String> hidden)
      throws IOException {
    for (CorruptFileException fault : damagedCopies) {
      damagedPacks.note(fault.file());
    }
    if (!damagedCopies.isEmpty() && draft.kind() == IndexDraft.Kind.EXTENDED) {
      fresh(draft).forEach(pack -> hiding.add(pack.indexName()));
      damagedCopies.forEach(fault -> hidden.add(String.valueOf(fault.getMessage())));
    }
    return !damagedCopies.isEmpty();
  }

  /**
   * Whoever repacks adds a pack, and then deletes those that it was made of. An index that was listed in between may lead to one of
   * these; and when it has gone, who reads that index does not look into the new one, because it is listed, too. So nobody may be at
   * it after the packs were listed; who begins later adds what this index does not list, and that is looked into.
   */
  private void requireNobodyElse() throws IOException, StepFailure {
    OtherMaintenance.requireNobody(directory, clock.instant());
  }

  /**
   * Whether somebody else maintains the repository. Whoever finds nothing to do, as {@code git maintenance run --auto} mostly does, is
   * gone in a moment, and a repack may have taken hours.
   *
   * @param waits whether to wait for so long, and no longer
   * @throws StepFailure if somebody is there and that is not wanted
   */
  private boolean isSomebodyElse(boolean waits) throws IOException, StepFailure {
    try {
      requireNobodyElse();
      return false;
    } catch (StepFailure e) {
      if (!waits || cancellation.await(A_MOMENT)) {
        throw e;
      }
      return true;
    }
  }

  private String nothing(PackDirectoryListing listing) {
    if (!damage.isEmpty()) {
      return "no sound packs";
    }
    if (!repackStep.left().isEmpty()) {
      return "none yet: the repack takes all packs";
    }
    int pushed = Pushed.indexNamesAmong(listing, clock.instant()).size();
    return pushed > 0 && pushed == listing.packs().size()
        ? "none yet: all packs are being pushed"
        : "no objects in packs";
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

  /** What an index lists that the installed one does not; all if it is built anew. */
  private List<StoredPack> fresh(IndexDraft draft) throws IOException {
    if (draft.kind() != IndexDraft.Kind.EXTENDED) {
      return draft.listed();
    }
    Set<String> before = Set.copyOf(listed());
    return draft.listed().stream().filter(pack -> !before.contains(pack.indexName())).toList();
  }

  /**
   * Looks for damaged copies to which an index leads though a pack that it lists for the first time has others. Such packs are not
   * listed then. If it is built anew, none is known to have been listed, and it is the damaged ones that are left out.
   *
   * @param file where it lies by now
   */
  private List<CorruptFileException> damagedCopies(IndexDraft draft, Path file) throws IOException {
    List<StoredPack> fresh = fresh(draft);
    return fresh.isEmpty()
        ? List.of()
        : new RetainedCopies(directory, cancellation)
            .damaged(file, brought(fresh, draft.listing()), draft.listed());
  }

  private boolean install(IndexDraft draft) throws IOException {
    if (draft.kind() == IndexDraft.Kind.REBUILT) {
      // Before and not after, so that a crash in between cannot leave the windows open.
      ledger.restart();
      ledger.save();
    } else if (!draft.spared().isEmpty()) {
      ledger.forget(draft.spared());
      ledger.save();
    }
    return draft.install(window, ledger.windows(), clock);
  }

  private static Done written(IndexDraft draft) throws IOException {
    String how = draft.reason().isEmpty() ? "" : ", written anew because " + draft.reason();
    return new Done(
        new Work(0, 0, 0, draft.bytes()), "%d packs%s".formatted(draft.listed().size(), how));
  }

  /** Notes which packs own nothing, now that the index is known to be sound. */
  void observe() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      List<StoredPack> packs = directory.listPacks().packs();
      ledger.observe(packs, index.countOwners(), RepackedPacks.among(packs), clock.instant());
    }
    ledger.save();
  }

  /**
   * Verifies the installed index, in full if that was not done when it was written. One that is wrong is built anew, and the cycle
   * ends there; if packs have gone meanwhile, and that is all, the index is written and verified once more, unless whoever deletes them
   * is still at it. When it is sound, it is noted which packs own nothing.
   */
  void verify() throws StepFailure, IOException {
    List<Fault> faults = inspect();
    if (!faults.isEmpty()) {
      boolean wrong = StepErrors.first(faults, Fault.Kind.INDEX_WRONG).isPresent();
      if (wrong) {
        mendStep(Base.PACKS_INSTEAD);
      } else {
        writeStep(Base.INSTALLED);
      }
      List<Fault> still = inspect();
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
  private List<Fault> inspect() throws StepFailure {
    List<Fault> faults = new ArrayList<>();
    steps.run(
        Step.VERIFY,
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

  private List<String> listed() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames();
    }
  }

  /**
   * Git cannot do without a pack that the index names, so it is not left to the next cycle; but for as long as somebody else may be about
   * to delete more packs, it has to be: see {@link #requireNobodyElse}.
   */
  void mendIfPacksAreGone() throws IOException, StepFailure {
    Set<String> there = directory.packIndexNames();
    List<String> listed;
    try {
      listed = listed();
    } catch (IOException e) {
      return; // whoever verifies it finds out
    }
    Optional<String> gone = listed.stream().filter(name -> !there.contains(name)).findFirst();
    if (gone.isPresent()) {
      log.warn(
          "{}: somebody else deleted {} meanwhile, writing the multi-pack-index again",
          directory.path(),
          gone.get());
      try {
        write(Base.INSTALLED, false);
      } catch (StepFailure e) {
        if (e.result() != Result.SKIPPED) {
          throw e;
        }
        log.warn("{}: the multi-pack-index is not written yet: {}", directory.path(), e.detail());
      }
    }
  }
}
