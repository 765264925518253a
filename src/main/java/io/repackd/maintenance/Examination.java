package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.FoundLock;
import io.repackd.objectdir.GarbageFile;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.GitKeep;
import io.repackd.objectdir.LockKind;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An examination of a repository by somebody who changes nothing: what keeps cycles from running, what is damaged, and what others
 * have left behind.
 */
public final class Examination {
  /** A lock of which nobody knows who holds it is no news before. Few repacks take longer. */
  private static final Duration LONG_HELD = Duration.ofHours(6);

  /** A file that is being written is written within a day. */
  private static final Duration LONG_UNTOUCHED = Duration.ofDays(1);

  private final RepositoryLocation location;
  private final MaintenanceSettings settings;
  private final Instant now;
  private final Cancellation cancellation;
  private final List<Finding> findings = new ArrayList<>();
  private List<FoundLock> locks = List.of();

  private Examination(
      RepositoryLocation location,
      MaintenanceSettings settings,
      Instant now,
      Cancellation cancellation) {
    this.location = location;
    this.settings = settings;
    this.now = now;
    this.cancellation = cancellation;
  }

  /** Examines a repository. That it cannot be examined is a finding too. */
  public static Examination of(
      RepositoryLocation location,
      MaintenanceSettings settings,
      Instant now,
      Cancellation cancellation) {
    Examination examination = new Examination(location, settings, now, cancellation);
    try {
      examination.run();
    } catch (IOException | InternalError e) {
      examination.fault("repository", StepErrors.classify(e).detail(), "");
    }
    return examination;
  }

  /** What was found, in the order in which it was looked for. */
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /** The locks that are there. */
  public List<FoundLock> locks() {
    return locks;
  }

  /** When it was made: what ages are measured against. */
  public Instant made() {
    return now;
  }

  private void fault(String subject, String text, String hint) {
    findings.add(new Finding(true, subject, text, hint));
  }

  private void note(String subject, String text, String hint) {
    findings.add(new Finding(false, subject, text, hint));
  }

  private void run() throws IOException {
    // First: they can be looked at whatever the repository is.
    locks = FoundLock.list(location);
    locks.forEach(this::lock);
    ObjectDirectory directory = ObjectDirectory.open(location);
    access(directory);
    traits(directory);
    Optional<String> other = OtherMaintenance.seen(directory, Readers.census(directory), now);
    other.ifPresent(who -> note("maintenance", who + " is running", ""));
    PackDirectoryListing listing = directory.listPacks();
    packs(directory, listing);
    index(directory, listing);
    keeps(listing);
    garbage(listing);
  }

  private void lock(FoundLock lock) {
    String text =
        "%s has been there for %s; %s, which made it, is %s"
            .formatted(
                lock.stamp().path(),
                Amounts.duration(lock.age(now).truncatedTo(ChronoUnit.SECONDS)),
                lock.owner(),
                switch (lock.liveness()) {
                  case ALIVE -> "alive";
                  case DEAD -> "dead";
                  case UNKNOWN -> "out of sight";
                });
    boolean taken = lock.kind() == LockKind.MAINTENANCE || lock.kind() == LockKind.MULTI_PACK_INDEX;
    if (lock.kind() == LockKind.GC) {
      note("locks", text, "");
    } else if (lock.stale(settings.safety().staleLocks(), now) && (lock.ours() || taken)) {
      note("locks", text, "the next cycle takes it away");
    } else {
      switch (lock.liveness()) {
        case ALIVE -> note("locks", text, "");
        case DEAD -> {
          if (taken) {
            Duration age = settings.safety().staleLocks().dead();
            note(
                "locks",
                text,
                "a cycle takes it away when it is older than " + Amounts.duration(age));
          } else {
            fault("locks", text, "remove it");
          }
        }
        case UNKNOWN -> {
          if (lock.age(now).compareTo(LONG_HELD) > 0) {
            fault(
                "locks",
                text,
                "if nobody works here, on this machine or another, remove it;"
                    + " safety.unknown-lock-age has repackd do so");
          } else {
            note("locks", text, "");
          }
        }
      }
    }
  }

  private void access(ObjectDirectory directory) throws IOException {
    try {
      Conditions.checkOwner(directory, settings);
    } catch (StepFailure e) {
      fault("owner", e.detail(), "run repackd as that user");
    }
    FileStore store = Files.getFileStore(directory.path());
    if (store.isReadOnly() || !Files.isWritable(directory.path())) {
      fault("access", "%s cannot be written to".formatted(directory.path()), "");
    } else if (store.getUsableSpace() < settings.safety().diskReserveBytes()) {
      fault(
          "disk",
          "there are %s free where %s is, and safety.disk-reserve is %s"
              .formatted(
                  Amounts.bytes(store.getUsableSpace()),
                  directory.path(),
                  Amounts.bytes(settings.safety().diskReserveBytes())),
          "nothing is repacked until there is room");
    }
  }

  private void traits(ObjectDirectory directory) {
    if (directory.traits().preciousObjects()) {
      note("repository", "it has extensions.preciousObjects, so nothing is deleted", "");
    }
    if (!directory.traits().multiPackIndex()) {
      note(
          "repository",
          "its git configuration has core.multiPackIndex=false",
          "small packs are bundled, and nothing is repacked or expired");
    }
  }

  private void packs(ObjectDirectory directory, PackDirectoryListing listing) throws IOException {
    for (StoredPack pack : listing.packs()) {
      cancellation.check();
      try (Arena arena = Arena.ofConfined()) {
        PackIndex index = PackIndex.open(pack.index().path(), directory.hash(), arena);
        PackFile.check(pack.data().path(), index);
        if (pack.has(Sidecar.KEEP)) {
          // No cycle puts it together with others or deletes it, so none comes to read it.
          PackVerification.verify(index, cancellation);
        }
      } catch (CorruptFileException e) {
        fault(
            "packs",
            e.getMessage(),
            "keep all files, run git fsck --full, and fetch what is missing from a clone");
      } catch (NoSuchFileException e) {
        // It has just been replaced.
      }
    }
  }

  private void index(ObjectDirectory directory, PackDirectoryListing listing) throws IOException {
    try {
      Conditions.checkIndex(listing);
      if (listing.index().isEmpty()) {
        return;
      }
      for (Fault found :
          MultiPackIndexVerifier.verify(
              directory.indexFile(), directory.hash(), Level.INDEXES, cancellation)) {
        boolean mended = found.kind() != Fault.Kind.PACK_WRONG;
        fault(
            "multi-pack-index",
            found.message(),
            mended ? "the next cycle writes it anew" : "keep all files, run git fsck --full");
      }
    } catch (StepFailure e) {
      note("multi-pack-index", e.detail(), "small packs are bundled all the same");
    } catch (UnsupportedIndexException e) {
      note("multi-pack-index", e.getMessage(), "it is left alone");
    } catch (NoSuchFileException e) {
      // It has just gone, or one of its packs has.
    }
  }

  private void keeps(PackDirectoryListing listing) {
    for (StoredPack pack : listing.packs()) {
      Optional.ofNullable(pack.sidecars().get(Sidecar.KEEP)).ifPresent(keep -> keep(keep.path()));
    }
  }

  private void keep(Path keep) {
    try {
      GitKeep.abandonedBy(keep)
          .ifPresent(who ->
              fault(
                  "keep files",
                  "%s was left by %s, which is dead".formatted(keep, who),
                  "remove it if that pack's push or fetch was made again; until then the pack is"
                      + " not maintained"));
    } catch (IOException e) {
      // Its push or fetch has just ended.
    }
  }

  private void garbage(PackDirectoryListing listing) {
    for (GarbageKind kind : List.of(GarbageKind.TEMPORARY, GarbageKind.ORPHAN)) {
      List<GarbageFile> old =
          listing.garbage().stream()
              .filter(file -> file.kind() == kind)
              .filter(file ->
                  Duration.between(file.stamp().modified(), now).compareTo(LONG_UNTOUCHED) > 0)
              .toList();
      if (!old.isEmpty()) {
        long bytes = old.stream().mapToLong(file -> file.stamp().bytes()).sum();
        note(
            "garbage",
            "%d %s files of %s that nobody has touched for a day, such as %s"
                .formatted(
                    old.size(), kind.label(), Amounts.bytes(bytes), old.getFirst().stamp().path()),
            "git count-objects -v lists them, and git gc removes temporary ones in time");
      }
    }
  }
}
