package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Kind;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.maintenance.RequestedMaintenance.Selection;
import io.repackd.midx.Fault;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes the multi-pack-index by hand, as {@code git multi-pack-index write} does: byte for byte, where there is nothing amiss.
 *
 * <p>Where it differs. A pack that is listed and gone is listed no more (git 2.39 lists it for ever, and later ones refuse to
 * write). An installed index that cannot be read is replaced. If no pack has an object, nothing is written: git writes an
 * index of nothing, which its own {@code verify} and {@code fsck} then call wrong. If the packs are those that are listed, a
 * bitmap of the installed index stays, which git deletes.
 */
final class RequestedWrite {
  /** Whether the index is verified before it is installed. */
  enum Care {
    /** No: it would take twice as long. {@code verify} does it. */
    NONE,
    /** Yes: beside what was done before, it takes no time. */
    VERIFIED
  }

  private final Care care;
  private final ObjectDirectory directory;
  private final Cancellation cancellation;
  private final RequestListener listener;

  RequestedWrite(
      Care care, ObjectDirectory directory, Cancellation cancellation, RequestListener listener) {
    this.care = care;
    this.directory = directory;
    this.cancellation = cancellation;
    this.listener = listener;
  }

  void run(Selection selection) throws IOException, StepFailure, RequestFailedException {
    PackDirectoryListing all = directory.listPacks();
    PackDirectoryListing listing = selection.only().map(names -> only(all, names)).orElse(all);
    Optional<StoredPack> preferred = selection.preferred().flatMap(name -> find(listing, name));
    Base base = selection.only().isEmpty() ? Base.INSTALLED_AND_INTACT : Base.PACKS;
    listener.begin("Writing the multi-pack-index of %d packs".formatted(listing.packs().size()));
    try (IndexDraft draft =
        IndexDraft.write(
            directory,
            listing,
            new Wanted(base, preferred),
            UnreferencedSince.UNKNOWN,
            directory.publisher(),
            cancellation)) {
      if (draft.listed().isEmpty()) {
        draft.damage().forEach(listener::warn);
        throw new RequestFailedException(
            "no pack files to index in %s".formatted(directory.packDirectory()));
      }
      if (draft.kind() == Kind.EXTENDED || draft.kind() == Kind.REBUILT) {
        checkPreferred(selection, preferred.filter(draft.listed()::contains));
        verify(draft);
        install(draft);
      }
      report(draft);
    }
  }

  private static PackDirectoryListing only(PackDirectoryListing all, Set<String> names) {
    Set<String> stems = names.stream().map(RequestedWrite::stem).collect(Collectors.toSet());
    List<StoredPack> packs =
        all.packs().stream().filter(pack -> stems.contains(pack.name())).toList();
    return new PackDirectoryListing(
        packs, all.index(), all.indexChain(), all.indexSidecars(), all.keepFiles(), all.garbage());
  }

  private static Optional<StoredPack> find(PackDirectoryListing listing, String name) {
    String stem = stem(name);
    return listing.packs().stream().filter(pack -> pack.name().equals(stem)).findFirst();
  }

  /** A pack is named by its index, its data, or what both have in common. */
  private static String stem(String name) {
    return name.endsWith(".idx") || name.endsWith(".pack")
        ? name.substring(0, name.lastIndexOf('.'))
        : name;
  }

  private void checkPreferred(Selection selection, Optional<StoredPack> found)
      throws IOException, RequestFailedException {
    if (selection.preferred().isPresent() && found.isEmpty()) {
      listener.warn("unknown preferred pack: '%s'".formatted(selection.preferred().get()));
    }
    if (found.isPresent()) {
      try (Arena arena = Arena.ofConfined()) {
        if (PackIndex.open(found.get().index().path(), directory.hash(), arena).count() == 0) {
          throw new RequestFailedException(
              "cannot prefer pack %s: it has no objects".formatted(found.get().name()));
        }
      }
    }
  }

  private void verify(IndexDraft draft) throws IOException, StepFailure {
    if (care == Care.VERIFIED) {
      List<Fault> faults =
          new VerifiedIndexes().proof(directory, cancellation).verify(draft.file());
      if (!faults.isEmpty()) {
        throw StepErrors.of(faults);
      }
    }
  }

  private void install(IndexDraft draft) throws IOException, StepFailure {
    Optional<FileStamp> bitmap =
        new IndexSidecars(draft.listing()).bitmapOf(directory.indexFile(), directory.hash());
    if (!draft.install()) {
      throw new StepFailure(
          Result.SKIPPED,
          "packs-changed",
          "the packs in %s changed while the multi-pack-index was written"
              .formatted(directory.packDirectory()));
    }
    if (bitmap.isPresent() && !Files.exists(bitmap.get().path())) {
      listener.warn(bitmapLost(bitmap.get()));
    }
  }

  static String bitmapLost(FileStamp bitmap) {
    return "%s went with the index that it was for; git multi-pack-index write --bitmap makes one"
        .formatted(bitmap.path());
  }

  private void report(IndexDraft draft) throws IOException {
    draft.damage().forEach(damage -> listener.warn("not listing a pack: " + damage));
    if (!draft.reason().isEmpty()) {
      listener.warn("the multi-pack-index was written from the packs alone: " + draft.reason());
    }
    switch (draft.kind()) {
      case NOTHING ->
          listener.warn(
              "none of %d packs has an object, so there is nothing to write an index of"
                  .formatted(draft.listed().size()));
      case UNCHANGED -> removeStrangers(draft.listing());
      case EXTENDED, REBUILT -> {}
    }
  }

  /** What belongs to the index that is about to be installed may be there before it; so this is done under its lock. */
  private void removeStrangers(PackDirectoryListing listing) throws IOException {
    IndexSidecars sidecars = new IndexSidecars(listing);
    if (sidecars.hasStrangers(directory.indexFile(), directory.hash())) {
      try (LockFile _ = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX)) {
        sidecars.removeStrangers(directory.indexFile(), directory.hash());
      } catch (LockedException e) {
        // Whoever replaces the index clears them away.
      }
    }
  }
}
