package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.maintenance.StepRun.Done;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
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

/**
 * The writing of a cycle's multi-pack-index: which packs it lists, and that it is tried again when packs come or go meanwhile, or when it
 * would lead to a damaged copy.
 */
final class IndexWriting {
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
  private final Cancellation cancellation;

  private List<String> damage = List.of();
  private boolean written;

  /**
   * Nothing is written yet.
   *
   * @param aggregation knows packs that are damaged
   * @param repackStep knows packs that are not to be listed, because it takes them
   */
  IndexWriting(
      ObjectDirectory directory,
      Aggregation aggregation,
      Clock clock,
      UnreferencedLedger ledger,
      DamagedPacks damagedPacks,
      VerifiedIndexes verifiedIndexes,
      IndexProof proof,
      SafetyWindow window,
      RepackStep repackStep,
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
    return PackRanks.of(listing, directory, Pushed.indexNamesAmong(listing, clock.instant()))
        .givingUp(repacked);
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

  /**
   * Writes the index, if it is not as it should be.
   *
   * @param mends whether the installed index does harm, so that the next one is better whatever others are at
   * @throws StepFailure also if somebody else maintains the repository by now, and it does not mend: see {@link #requireNobodyElse}
   */
  Done write(Base base, boolean mends) throws IOException, StepFailure {
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
      PackDirectoryListing packs = directory.listPacks();
      Conditions.checkIndex(packs); // a bitmap may have come since the cycle began
      PackDirectoryListing listing =
          RepackedPacks.withdraw(directory, packs) ? directory.listPacks() : packs;
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

  /** Whoever has read the installed index was led to them until now, whatever is remembered. */
  private void forgetOwning(List<StoredPack> spared) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      OwnerCounts owners =
          MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).countOwners();
      ledger.forget(spared.stream().filter(pack -> owners.of(pack.indexName()) > 0).toList());
    }
    ledger.save();
  }

  private boolean install(IndexDraft draft) throws IOException {
    if (draft.kind() == IndexDraft.Kind.REBUILT) {
      // Before and not after, so that a crash in between cannot leave the windows open.
      ledger.restart();
      ledger.save();
    } else if (!draft.spared().isEmpty()) {
      forgetOwning(draft.spared());
    }
    return draft.install(window, ledger.windows(), clock);
  }

  private static Done written(IndexDraft draft) throws IOException {
    String how = draft.reason().isEmpty() ? "" : ", written anew because " + draft.reason();
    return new Done(
        new Work(0, 0, 0, draft.bytes()), "%d packs%s".formatted(draft.listed().size(), how));
  }

  /** The names of the indexes of the packs that the installed index lists. */
  List<String> listed() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames();
    }
  }
}
