package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.maintenance.StepRun.Done;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The multi-pack-index of one cycle: it is written ({@link IndexWriting}), verified, and written again when packs have come or gone. What one
 * step has found out of it is known to the next.
 */
final class CycleIndex {
  private static final Logger log = LoggerFactory.getLogger(CycleIndex.class);

  private final ObjectDirectory directory;
  private final Clock clock;
  private final UnreferencedLedger ledger;
  private final DamagedPacks damagedPacks;
  private final VerifiedIndexes verifiedIndexes;
  private final IndexProof proof;
  private final IndexWriting writing;
  private final StepRun steps;
  private final Cancellation cancellation;

  private Optional<FileStamp> verified = Optional.empty();

  /** An index that nothing is known of yet. */
  CycleIndex(
      ObjectDirectory directory,
      Clock clock,
      UnreferencedLedger ledger,
      DamagedPacks damagedPacks,
      VerifiedIndexes verifiedIndexes,
      IndexProof proof,
      IndexWriting writing,
      StepRun steps,
      Cancellation cancellation) {
    this.directory = directory;
    this.clock = clock;
    this.ledger = ledger;
    this.damagedPacks = damagedPacks;
    this.verifiedIndexes = verifiedIndexes;
    this.proof = proof;
    this.writing = writing;
    this.steps = steps;
    this.cancellation = cancellation;
  }

  /** Whether there was an index after the last writing: not if there is no object in packs. */
  boolean isThere() {
    return writing.isThere();
  }

  /** The index that was found sound last. */
  Optional<FileStamp> verified() {
    return verified;
  }

  /**
   * Whether packs are there that were unreferenced and are listed no more: somebody was killed who had begun to delete them. Whatever
   * comes first of all else would take them for new: the next index of somebody else gives them all their objects, to which older
   * indexes lead elsewhere, and a bundle of them would undo what was repacked. (§4.6 R4.2)
   */
  boolean lacksUnreferenced() throws IOException {
    List<String> listed;
    try {
      listed = writing.listed();
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
    Set<String> listed = Set.copyOf(writing.listed());
    return RepackedPacks.among(directory.listPacks().packs()).stream()
        .anyMatch(pack -> listed.contains(pack.indexName()));
  }

  /**
   * A step that writes the index, if it is not as it should be.
   *
   * @throws StepFailure also if somebody else maintains the repository by now: see {@link IndexWriting#write}
   */
  void writeStep(Base base) throws StepFailure {
    steps.run(Step.WRITE, () -> writing.write(base, false));
  }

  /** The same where the installed index does harm, so that the next one is better whatever others are at. */
  void mendStep(Base base) throws StepFailure {
    steps.run(Step.WRITE, () -> writing.write(base, true));
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

  /**
   * Git cannot do without a pack that the index names, so it is not left to the next cycle; but for as long as somebody else may be about
   * to delete more packs, it has to be: see {@link IndexWriting#write}.
   */
  void mendIfPacksAreGone() throws IOException, StepFailure {
    Set<String> there = directory.packIndexNames();
    List<String> listed;
    try {
      listed = writing.listed();
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
        writing.write(Base.INSTALLED, false);
      } catch (StepFailure e) {
        if (e.result() != Result.SKIPPED) {
          throw e;
        }
        log.warn("{}: the multi-pack-index is not written yet: {}", directory.path(), e.detail());
      }
    }
  }
}
