package io.repackd.maintenance;

import io.repackd.maintenance.IndexDraft.Base;
import io.repackd.maintenance.IndexDraft.Kind;
import io.repackd.maintenance.IndexDraft.Wanted;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Packs that were repacked, and of which what was written of them says so: the multi-pack-index of a cycle lists them no more, as soon
 * as it takes nothing from them.
 *
 * <p>Most of what was repacked stays listed until it is deleted. But git's repack may leave a pack that is much larger than what was written of it, and delete that, without those
 * objects that the larger one has. Whoever has read an index that leads to the deleted one looks for them in packs which that index
 * does not list; so it must not list the larger one. That waits for its deletion all the same, and whoever has read an older index
 * finds it.
 *
 * <p>It is left alone by everybody who goes by {@link Supersession}. If it turns out that it has an object without which it cannot go,
 * it is listed again, like any other pack. If somebody else's index lists it, and takes objects from it, {@linkplain #withdraw nothing is said}
 * of it any more.
 */
final class RepackedPacks {
  private final ObjectDirectory directory;
  private final PackDirectoryListing listing;
  private final FilePublisher publisher;
  private final Cancellation cancellation;

  private RepackedPacks(
      ObjectDirectory directory,
      PackDirectoryListing listing,
      FilePublisher publisher,
      Cancellation cancellation) {
    this.directory = directory;
    this.listing = listing;
    this.publisher = publisher;
    this.cancellation = cancellation;
  }

  /** Those among packs that were listed together. */
  static Set<StoredPack> among(List<StoredPack> packs) throws IOException {
    Map<String, Supersession> superseded = Supersession.among(packs);
    return packs.stream()
        .filter(pack -> {
          Supersession by = superseded.get(pack.name());
          return by != null && !by.whole();
        })
        .collect(Collectors.toSet());
  }

  /**
   * Takes back what packs say that they have repacked, of those to which the installed index leads: somebody who has read it may go there, and
   * they are repacked once more. If that was said of them again and again, somebody who writes indexes each day would keep them for ever.
   *
   * <p>It stands for as long as the index does not list who says it: that has just been written.
   *
   * @return whether anything was taken back
   */
  static boolean withdraw(ObjectDirectory directory, PackDirectoryListing listing)
      throws IOException {
    Set<StoredPack> repacked = among(listing.packs());
    if (repacked.isEmpty() || listing.index().isEmpty()) {
      return false;
    }
    OwnerCounts owners;
    try (Arena arena = Arena.ofConfined()) {
      owners = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).countOwners();
    } catch (CorruptFileException e) {
      return false; // whoever writes it finds out
    }
    Set<String> owning =
        repacked.stream()
            .filter(pack -> owners.of(pack.indexName()) > 0)
            .map(StoredPack::name)
            .collect(Collectors.toSet());
    boolean withdrawn = false;
    for (StoredPack by : listing.packs()) {
      if (owners.lists(by.indexName())) {
        withdrawn |= withdraw(directory, by, owning);
      }
    }
    return withdrawn;
  }

  /** Takes back whatever is said of packs, by their names: that they have been repacked. */
  static void withdraw(ObjectDirectory directory, Set<String> names) throws IOException {
    for (StoredPack by : directory.listPacks().packs()) {
      withdraw(directory, by, names);
    }
  }

  private static boolean withdraw(ObjectDirectory directory, StoredPack by, Set<String> names)
      throws IOException {
    FileStamp file = by.sidecars().get(Sidecar.SUPERSEDES);
    Optional<SupersededPacks> said = file == null ? Optional.empty() : SupersededPacks.read(file);
    if (file == null
        || said.isEmpty()
        || said.get().repacked().stream().noneMatch(names::contains)) {
      return false;
    }
    SupersededPacks rest = said.get().withoutRepacked(names);
    if (rest.all().isEmpty()) {
      Files.deleteIfExists(file.path());
      return true;
    }
    try (Unpublished replacement = directory.publisher().create(Sidecar.SUPERSEDES.extension())) {
      replacement.write(rest.render());
      replacement.sync();
      replacement.grant(() -> ReadAccess.of(by));
      replacement.publishReadOnly(file.name());
    }
    return true;
  }

  /**
   * Writes a draft that lists none of them without need: see {@link IndexDraft#write}.
   *
   * <p>Where the installed index is wrong, or leads to what is damaged, all are listed: they may be needed.
   */
  static IndexDraft draft(
      ObjectDirectory directory,
      PackDirectoryListing listing,
      Wanted wanted,
      UnreferencedSince unreferenced,
      FilePublisher publisher,
      Cancellation cancellation)
      throws IOException {
    Set<StoredPack> repacked = among(listing.packs());
    if (repacked.isEmpty() || !(wanted.base().installed() || wanted.base() == Base.REPACKED)) {
      return IndexDraft.write(directory, listing, wanted, unreferenced, publisher, cancellation);
    }
    return new RepackedPacks(directory, listing, publisher, cancellation)
        .draft(wanted, unreferenced, repacked);
  }

  private IndexDraft draft(Wanted wanted, UnreferencedSince unreferenced, Set<StoredPack> all)
      throws IOException {
    Set<StoredPack> repacked = new HashSet<>();
    Set<StoredPack> damaged = new HashSet<>();
    for (StoredPack pack : all) {
      (isReadable(directory, pack) ? repacked : damaged).add(pack);
    }
    // Whoever lists a damaged pack says what is wrong with it, and leaves it out.
    IndexDraft draft = write(wanted, unreferenced, repacked, damaged);
    try {
      if (draft.kind() == Kind.NOTHING) {
        return draft;
      }
      Set<StoredPack> needed = new HashSet<>(uncovered(draft, repacked));
      Set<StoredPack> spared = new HashSet<>(repacked);
      spared.removeAll(needed);
      needed.removeAll(draft.listed());
      if (!needed.isEmpty()) {
        draft.close();
        needed.addAll(damaged);
        draft = write(wanted, unreferenced, spared, needed);
      }
      spared.retainAll(owningNothing(draft));
      return spared.isEmpty() ? draft : without(draft, spared);
    } catch (IOException | RuntimeException | Error e) {
      draft.close();
      throw e;
    }
  }

  /** Whether a pack and its index fit each other, by their heads and trailing hashes. */
  static boolean isReadable(ObjectDirectory directory, StoredPack pack) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      PackFile.check(
          pack.data().path(), PackIndex.open(pack.index().path(), directory.hash(), arena));
      return true;
    } catch (CorruptFileException e) {
      return false;
    }
  }

  private IndexDraft write(
      Wanted wanted,
      UnreferencedSince unreferenced,
      Set<StoredPack> givingUp,
      Set<StoredPack> needed)
      throws IOException {
    return IndexDraft.write(
        directory,
        listing,
        wanted.with(
            wanted
                .ranks()
                .givingUp(givingUp.stream().map(StoredPack::name).collect(Collectors.toSet())),
            needed.stream().map(StoredPack::indexName).collect(Collectors.toSet())),
        unreferenced,
        publisher,
        cancellation);
  }

  private IndexDraft without(IndexDraft draft, Set<StoredPack> spared) throws IOException {
    try (draft) {
      return draft.without(spared, publisher, cancellation);
    }
  }

  /** The packs that a draft lists and takes nothing from. */
  private Set<StoredPack> owningNothing(IndexDraft draft) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      OwnerCounts owners = MultiPackIndex.open(draft.file(), directory.hash(), arena).countOwners();
      return draft.listed().stream()
          .filter(pack -> owners.of(pack.indexName()) == 0)
          .collect(Collectors.toSet());
    }
  }

  /** Those that have an object which nobody could cover whom the draft lists besides. */
  private Set<StoredPack> uncovered(IndexDraft draft, Set<StoredPack> repacked) throws IOException {
    List<PackView> asked = views(repacked);
    try (Arena arena = Arena.ofShared()) {
      Coverage coverage =
          new Coverage(
              MultiPackIndex.open(draft.file(), directory.hash(), arena),
              views(draft.listed()),
              asked,
              directory.traits().permissions().mostReaders(),
              arena,
              cancellation);
      return coverage.uncovered(asked).keySet().stream()
          .map(PackView::pack)
          .collect(Collectors.toSet());
    }
  }

  private static List<PackView> views(Iterable<StoredPack> packs) {
    List<PackView> views = new ArrayList<>();
    packs.forEach(pack -> views.add(new PackView(pack, 0, 0, Optional.empty())));
    return views;
  }
}
