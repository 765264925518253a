package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Packs that were to be deleted and stay after all. An index without them is installed by then, and unlisted they would be taken for
 * new: the next index that somebody else writes would give them all their objects, and what owns these now might be deleted, to which
 * older indexes lead. So they are listed again at once, with nothing that is theirs, as they were before. (§4.6 R4.2)
 */
final class ReturnedPacks {
  private static final int MAX_TRIES = 3;

  private final ObjectDirectory directory;
  private final Set<String> names;
  private final UnreferencedSince unreferenced;
  private final SafetyWindow window;
  private final IndexProof proof;
  private final Clock clock;

  /**
   * Packs, some of which may have been deleted.
   *
   * @param unreferenced what is known of all packs
   */
  ReturnedPacks(
      ObjectDirectory directory,
      List<StoredPack> packs,
      UnreferencedSince unreferenced,
      SafetyWindow window,
      IndexProof proof,
      Clock clock) {
    this.directory = directory;
    this.names = packs.stream().map(StoredPack::indexName).collect(Collectors.toSet());
    this.unreferenced = unreferenced;
    this.window = window;
    this.proof = proof;
    this.clock = clock;
  }

  /** The same after a failure, to which is added that this failed too. */
  void listAfter(Throwable failure) {
    try {
      list();
    } catch (IOException | StepFailure | RuntimeException | Error e) {
      failure.addSuppressed(e);
    }
  }

  /** Lists those that are there and in no index. Whoever is asked to stop does this first. */
  void list() throws IOException, StepFailure {
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Set<String> listed = listed();
      PackDirectoryListing listing = directory.listPacks();
      boolean missing =
          listing.packs().stream()
              .map(StoredPack::indexName)
              .anyMatch(name -> names.contains(name) && !listed.contains(name));
      if (!missing || list(with(listing, listed))) {
        return;
      }
    }
    throw new StepFailure(
        Result.SKIPPED, "packs-changed", "the packs changed while some were listed again");
  }

  private Set<String> listed() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return new HashSet<>(
          MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames());
    }
  }

  /** Whatever else is not listed is no matter of this. */
  private PackDirectoryListing with(PackDirectoryListing listing, Set<String> listed) {
    return new PackDirectoryListing(
        listing.packs().stream()
            .filter(pack -> listed.contains(pack.indexName()) || names.contains(pack.indexName()))
            .toList(),
        listing.index(),
        listing.indexChain(),
        listing.indexSidecars(),
        listing.keepFiles(),
        listing.garbage());
  }

  private boolean list(PackDirectoryListing listing) throws IOException, StepFailure {
    try (IndexDraft draft =
        IndexDraft.write(
            directory,
            listing,
            new Wanted(Base.INSTALLED, PackRanks.NONE),
            new OwningNothing(),
            directory.publisher(),
            new Cancellation())) {
      return draft.kind() == IndexDraft.Kind.EXTENDED
          && StepErrors.first(proof.verify(draft.file()), Fault.Kind.PACK_GONE).isEmpty()
          && draft.install(window, unreferenced.windows(), clock);
    }
  }

  /** Whatever is remembered, these are to get nothing. */
  private final class OwningNothing implements UnreferencedSince {
    @Override
    public Optional<Instant> since(StoredPack pack) {
      return names.contains(pack.indexName())
          ? Optional.of(clock.instant())
          : unreferenced.since(pack);
    }

    @Override
    public Map<String, Instant> windows() {
      return unreferenced.windows();
    }
  }
}
