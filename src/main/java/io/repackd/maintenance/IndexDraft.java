package io.repackd.maintenance;

import io.repackd.midx.IndexedPack;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexWriter;
import io.repackd.midx.MultiPackIndexWriter.Written;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A multi-pack-index that is written in full and not installed: the new one beside the old. A dry run reads it where it is and
 * throws it away; a cycle installs it, under the lock, if nothing has changed meanwhile.
 *
 * <p>It extends the installed index. It is built anew, from the packs alone, where there is none, where the installed one is
 * corrupt, where one of the packs that it takes objects from is gone, and where the installed one leads where nobody is to be led: see
 * {@link Base}.
 *
 * <p>A pack that is {@linkplain Supersession superseded} is left out, because it is about to be deleted. Not if the installed
 * index lists it, or nobody can tell: then there may be readers whom an index led to it. In the same way those are left out that
 * are {@linkplain LeftToRepack left to a repack}, because they will be superseded, and those that are being {@linkplain Pushed pushed}.
 */
final class IndexDraft implements AutoCloseable {
  /** How a draft came about. */
  enum Kind {
    /** There are no packs, or none that has an object. An index of nothing is wrong in the eyes of git. */
    NOTHING,
    /** The installed index lists exactly the packs that are there. */
    UNCHANGED,
    /** The installed index with packs added, or such dropped as own nothing. */
    EXTENDED,
    /** Written from the packs alone: owners may have changed among packs listed before. */
    REBUILT
  }

  private final ObjectDirectory directory;
  private final PackDirectoryListing listing;
  private final Kind kind;
  private final String reason;
  private final List<StoredPack> listed;
  private final List<StoredPack> spared;
  private final List<String> damage;
  private final @Nullable Unpublished unpublished;

  private IndexDraft(
      ObjectDirectory directory,
      PackDirectoryListing listing,
      Kind kind,
      String reason,
      List<StoredPack> listed,
      List<StoredPack> spared,
      List<String> damage,
      @Nullable Unpublished unpublished) {
    this.directory = directory;
    this.listing = listing;
    this.kind = kind;
    this.reason = reason;
    this.listed = List.copyOf(listed);
    this.spared = List.copyOf(spared);
    this.damage = List.copyOf(damage);
    this.unpublished = unpublished;
  }

  /** What a draft is made from. */
  enum Base {
    /** The installed index, if it is sound. If it needs no change, its checksum is left to whoever verifies it. */
    INSTALLED(""),
    /** The installed index, if it is sound; its checksum is checked whether it needs a change or not. */
    INSTALLED_AND_INTACT(""),
    /** The installed index, which is still the file that was verified, so that its checksum need not be computed again. */
    INSTALLED_AND_VERIFIED(""),
    /** The packs alone, because the installed index is not to be trusted. */
    PACKS_INSTEAD("the installed index is wrong"),
    /** The packs alone, without those that the installed index lists and that are known to be damaged. */
    SOUND_PACKS("a pack that the installed index lists is damaged"),
    /** The packs alone, because what a repack has written is listed, and does not own what it was written for. */
    REPACKED("what was repacked is listed, and its objects belong to what it was made of"),
    /** The packs alone, whatever is installed. */
    PACKS("");

    private final String reason;

    Base(String reason) {
      this.reason = reason;
    }

    boolean installed() {
      return this == INSTALLED || this == INSTALLED_AND_INTACT || this == INSTALLED_AND_VERIFIED;
    }

    /** Whether the installed index is not built upon, but says truly which packs it lists. */
    boolean isBesideSoundIndex() {
      return this == SOUND_PACKS || this == REPACKED;
    }
  }

  /**
   * What is wanted of a draft.
   *
   * @param base what it is made from
   * @param preferred the pack that is to own every object which it has, if the packs that are listed have to change at all
   * @param damaged names of packs that are known to be damaged: they are left out, where the installed index does not list them
   * @param left names of the indexes of packs that are not to be listed yet, because a repack takes them or a push is under way: they are
   *     left out in the same way
   * @param needed names of the indexes of packs that are to be listed though they are superseded
   * @param ranks which of two packs with the same object owns it
   */
  record Wanted(
      Base base,
      Optional<StoredPack> preferred,
      Set<String> damaged,
      Set<String> left,
      Set<String> needed,
      PackRanks ranks) {
    Wanted {
      damaged = Set.copyOf(damaged);
      left = Set.copyOf(left);
      needed = Set.copyOf(needed);
    }

    /** As a cycle wants it. */
    Wanted(Base base, Set<String> damaged, Set<String> left, PackRanks ranks) {
      this(base, Optional.empty(), damaged, left, Set.of(), ranks);
    }

    /** All packs, and who owns what as with git. */
    Wanted(Base base, Optional<StoredPack> preferred) {
      this(base, preferred, Set.of(), Set.of(), Set.of(), PackRanks.NONE);
    }

    /** All packs. */
    Wanted(Base base, PackRanks ranks) {
      this(base, Set.of(), Set.of(), ranks);
    }

    /** The same with other ranks, and other packs that are needed. */
    Wanted with(PackRanks otherRanks, Set<String> otherNeeded) {
      return new Wanted(base, preferred, damaged, left, otherNeeded, otherRanks);
    }
  }

  /**
   * Writes a draft.
   *
   * @param unreferenced which packs are known to own nothing
   * @param publisher where the file lies until it is installed
   * @throws io.repackd.midx.UnsupportedIndexException if the installed index is of a kind that is left alone
   */
  static IndexDraft write(
      ObjectDirectory directory,
      PackDirectoryListing listing,
      Wanted wanted,
      UnreferencedSince unreferenced,
      FilePublisher publisher,
      Cancellation cancellation)
      throws IOException {
    return new Writing(directory, listing, wanted, unreferenced, publisher, cancellation).write();
  }

  /**
   * Opens a pack that is to be listed.
   *
   * <p>One that was to be deleted when the machine stopped is not listed any more, but it is not new: it gets nothing that another
   * pack has. Older indexes list it too, so to give it objects back and delete their present owner would lead the readers of those
   * to nowhere.
   *
   * @param unreferenced which packs are known to own nothing
   * @param ranks which of two packs with the same object owns it
   * @param arena ends the mapping
   * @throws CorruptFileException if it is damaged
   */
  static IndexedPack fresh(
      StoredPack pack,
      HashAlgorithm hash,
      UnreferencedSince unreferenced,
      PackRanks ranks,
      Arena arena)
      throws IOException {
    PackIndex index = PackIndex.open(pack.index().path(), hash, arena);
    PackFile.check(pack.data().path(), index);
    IndexedPack fresh =
        new IndexedPack(pack.indexName(), index, pack.data().modifiedSeconds(), ranks.of(pack));
    return unreferenced.since(pack).isPresent() ? fresh.asLast() : fresh;
  }

  Kind kind() {
    return kind;
  }

  /** Why it was built anew; empty if it was not. */
  String reason() {
    return reason;
  }

  /** The packs that it lists. */
  List<StoredPack> listed() {
    return listed;
  }

  /** The packs that it lists no more though they are there. */
  List<StoredPack> spared() {
    return spared;
  }

  /**
   * Makes another that lists fewer packs. This one stays as it is.
   *
   * @param dropped packs that it lists, and from which it takes nothing
   * @param publisher where the file of the other lies until that is installed
   * @return this one if it is the installed index, and that is corrupt
   */
  IndexDraft without(Set<StoredPack> dropped, FilePublisher publisher, Cancellation cancellation)
      throws IOException {
    Unpublished file = publisher.create("midx");
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex base = MultiPackIndex.open(file(), directory.hash(), arena);
      if (unpublished == null && !base.checksumMatches(cancellation)) {
        file.close();
        return this;
      }
      new MultiPackIndexWriter(directory.hash(), cancellation)
          .write(
              file.channel(),
              Optional.of(base),
              dropped.stream().map(StoredPack::indexName).collect(Collectors.toSet()),
              List.of());
      file.sync();
      return new IndexDraft(
          directory,
          listing,
          kind == Kind.UNCHANGED ? Kind.EXTENDED : kind,
          reason,
          listed.stream().filter(pack -> !dropped.contains(pack)).toList(),
          List.copyOf(dropped),
          damage,
          file);
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** One line for each pack that was left out because it is damaged. */
  List<String> damage() {
    return damage;
  }

  PackDirectoryListing listing() {
    return listing;
  }

  /** Where the index can be read: the draft, or the installed one if it needs no change. */
  Path file() {
    return unpublished == null ? directory.indexFile() : unpublished.file();
  }

  /** How many bytes were written for it. */
  long bytes() throws IOException {
    return unpublished == null ? 0 : unpublished.channel().size();
  }

  /**
   * Makes the draft the installed index, under the lock of the multi-pack-index. The directory is synchronised when that is free again.
   *
   * @param window watches those who read the index that is replaced
   * @param unreferenced the packs that that one takes nothing from, by the names of their indexes: since when they are unreferenced
   * @return false if another index has been installed since, or a listed pack has changed: then nothing was done
   * @throws io.repackd.objectdir.LockedException if somebody else holds the lock
   */
  boolean install(SafetyWindow window, Map<String, Instant> unreferenced, Clock clock)
      throws IOException {
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX);
        SafetyWindow.Replacement replaced = window.replacing(directory, unreferenced)) {
      if (!install(lock)) {
        return false;
      }
      replaced.done(clock.instant());
    }
    directory.publisher().syncDirectory();
    return true;
  }

  /** The same where nobody waits for readers. */
  boolean install() throws IOException {
    return install(SafetyWindow.withoutLeases(), Map.of(), Clock.systemUTC());
  }

  private boolean install(LockFile lock) throws IOException {
    if (unpublished == null) {
      return true;
    }
    if (!lock.stillHeld() || !FileStamp.find(directory.indexFile()).equals(listing.index())) {
      return false;
    }
    if (!allUnchanged()) {
      return false;
    }
    unpublished.publishWritable(String.valueOf(directory.indexFile().getFileName()));
    new IndexSidecars(listing).removeStrangers(directory.indexFile(), directory.hash());
    return true;
  }

  /** Asked under the lock, and there may be thousands: so on all cores. */
  private boolean allUnchanged() throws IOException {
    try {
      return listed.parallelStream().allMatch(IndexDraft::unchanged);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static boolean unchanged(StoredPack pack) {
    try {
      return pack.data().unchanged() && pack.index().unchanged();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (unpublished != null) {
      unpublished.close();
    }
  }

  /** The making of a draft. */
  private static final class Writing {
    private final ObjectDirectory directory;
    private final PackDirectoryListing listing;
    private final Wanted wanted;
    private final UnreferencedSince unreferenced;
    private final FilePublisher publisher;
    private final Cancellation cancellation;
    private final Map<String, StoredPack> packs = new HashMap<>();
    private final List<String> damage = Collections.synchronizedList(new ArrayList<>());

    Writing(
        ObjectDirectory directory,
        PackDirectoryListing listing,
        Wanted wanted,
        UnreferencedSince unreferenced,
        FilePublisher publisher,
        Cancellation cancellation) {
      this.directory = directory;
      this.listing = listing;
      this.wanted = wanted;
      this.unreferenced = unreferenced;
      this.publisher = publisher;
      this.cancellation = cancellation;
      listing.packs().forEach(pack -> packs.put(pack.indexName(), pack));
    }

    IndexDraft write() throws IOException {
      if (listing.index().isEmpty() && wanted.base() != Base.PACKS) {
        leaveOut(notListed(List.of()));
      }
      if (wanted.base().isBesideSoundIndex() && listing.index().isPresent()) {
        leaveOutBeside();
      }
      if (!wanted.base().installed() || listing.index().isEmpty()) {
        return rebuild(wanted.base().reason);
      }
      try (Arena arena = Arena.ofShared()) {
        MultiPackIndex installed =
            MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
        return extend(installed, arena);
      } catch (CorruptFileException e) {
        if (!e.file().equals(directory.indexFile())) {
          throw e;
        }
        listing.packs().forEach(pack -> packs.put(pack.indexName(), pack));
        return rebuild(e.getMessage());
      }
    }

    /** The indexes of packs that are not to be listed as long as they are not among those. */
    private Set<String> notListed(List<String> listed) throws IOException {
      Set<String> unwanted = new HashSet<>(Supersession.indexNamesAmong(listing.packs()));
      unwanted.addAll(wanted.left());
      unwanted.removeAll(Set.copyOf(listed));
      unwanted.removeAll(wanted.needed());
      return unwanted;
    }

    /** Where a pack is known to be damaged, those that it supersedes may be needed: they are listed, and so they are not deleted. */
    private void leaveOutBeside() throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        List<String> listed =
            MultiPackIndex.open(directory.indexFile(), directory.hash(), arena).packNames();
        Set<String> unwanted =
            wanted.base() == Base.REPACKED ? notListed(listed) : new HashSet<>(wanted.left());
        unwanted.removeAll(Set.copyOf(listed));
        leaveOut(unwanted);
      }
    }

    private void leaveOut(Set<String> indexNames) {
      packs.keySet().removeAll(indexNames);
    }

    private IndexDraft extend(MultiPackIndex installed, Arena arena) throws IOException {
      leaveOut(notListed(installed.packNames()));
      Set<String> missing = new HashSet<>(installed.packNames());
      missing.removeAll(packs.keySet());
      Set<String> fresh = new HashSet<>(packs.keySet());
      fresh.removeAll(Set.copyOf(installed.packNames()));
      boolean same = missing.isEmpty() && fresh.isEmpty();
      if (same && wanted.base() != Base.INSTALLED_AND_INTACT) {
        return unchanged(installed, installed.packNames());
      }
      if (wanted.base() != Base.INSTALLED_AND_VERIFIED
          && !installed.checksumMatches(cancellation)) {
        throw new CorruptFileException(
            installed.path(), "its trailing checksum does not match its content");
      }
      if (same) {
        return unchanged(installed, installed.packNames());
      }
      OwnerCounts owners = installed.countOwners();
      for (String name : missing) {
        if (owners.of(name) > 0) {
          return rebuild("pack %s, which the installed index refers to, is gone".formatted(name));
        }
      }
      List<IndexedPack> added = open(fresh, arena);
      List<String> names = new ArrayList<>(installed.packNames());
      names.removeAll(missing);
      added.forEach(pack -> names.add(pack.indexName()));
      if (names.isEmpty()) {
        return draft(Kind.NOTHING, "", names, null);
      }
      if (missing.isEmpty() && added.isEmpty()) {
        return unchanged(installed, names);
      }
      return writeFile(
          Kind.EXTENDED, "", Optional.of(installed), missing, prefer(added, names, arena), names);
    }

    private IndexDraft unchanged(MultiPackIndex installed, List<String> names) {
      Kind kind = installed.objects() == 0 ? Kind.NOTHING : Kind.UNCHANGED;
      return draft(kind, "", names, null);
    }

    private IndexDraft rebuild(String reason) throws IOException {
      try (Arena arena = Arena.ofShared()) {
        List<IndexedPack> added = open(packs.keySet(), arena);
        List<String> names = added.stream().map(IndexedPack::indexName).toList();
        if (names.isEmpty()) {
          return draft(Kind.NOTHING, reason, names, null);
        }
        return writeFile(
            Kind.REBUILT, reason, Optional.empty(), Set.of(), prefer(added, names, arena), names);
      }
    }

    /** Opens packs; what is damaged is left out and noted. */
    private List<IndexedPack> open(Set<String> names, Arena arena) throws IOException {
      Queue<IndexedPack> opened = new ConcurrentLinkedQueue<>();
      try {
        names.parallelStream().forEach(name -> open(required(name), arena, opened));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
      return List.copyOf(opened);
    }

    private void open(StoredPack pack, Arena arena, Queue<IndexedPack> opened) {
      cancellation.check();
      if (wanted.damaged().contains(pack.name())) {
        damage.add("%s is damaged".formatted(pack.data().path()));
        return;
      }
      try {
        opened.add(fresh(pack, directory.hash(), unreferenced, wanted.ranks(), arena));
      } catch (CorruptFileException e) {
        damage.add(e.getMessage());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Marks the preferred pack; one that the installed index lists comes in addition. */
    private List<IndexedPack> prefer(List<IndexedPack> added, List<String> names, Arena arena)
        throws IOException {
      Optional<StoredPack> preferred =
          wanted.preferred().filter(pack -> names.contains(pack.indexName()));
      if (preferred.isEmpty()) {
        return added;
      }
      String name = preferred.get().indexName();
      List<IndexedPack> marked = new ArrayList<>();
      boolean isAdded = false;
      for (IndexedPack pack : added) {
        boolean meant = pack.indexName().equals(name);
        marked.add(meant ? pack.asPreferred() : pack);
        isAdded |= meant;
      }
      if (!isAdded) {
        for (IndexedPack pack : open(Set.of(name), arena)) {
          marked.add(pack.asPreferred());
        }
      }
      return marked;
    }

    private IndexDraft writeFile(
        Kind kind,
        String reason,
        Optional<MultiPackIndex> installed,
        Set<String> dropped,
        List<IndexedPack> added,
        List<String> names)
        throws IOException {
      Unpublished file = publisher.create("midx");
      try {
        Written written =
            new MultiPackIndexWriter(directory.hash(), cancellation)
                .write(
                    file.channel(),
                    installed,
                    dropped,
                    added,
                    wanted.ranks().among(listing.packs()));
        if (written.objects() == 0) {
          file.close();
          return draft(Kind.NOTHING, reason, names, null);
        }
        file.sync();
        return draft(kind, reason, names, file);
      } catch (IOException | RuntimeException | Error e) {
        file.close();
        throw e;
      }
    }

    private IndexDraft draft(
        Kind kind, String reason, List<String> names, @Nullable Unpublished file) {
      List<StoredPack> listed = names.stream().map(this::required).toList();
      return new IndexDraft(directory, listing, kind, reason, listed, List.of(), damage, file);
    }

    private StoredPack required(String indexName) {
      StoredPack pack = packs.get(indexName);
      if (pack == null) {
        throw new IllegalStateException("not in the listing: " + indexName);
      }
      return pack;
    }
  }
}
