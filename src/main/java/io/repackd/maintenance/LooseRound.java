package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.objectdir.BadLooseObjectException;
import io.repackd.objectdir.LooseTable;
import io.repackd.objectdir.LooseWalk;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackVerification;
import io.repackd.pack.PackWriter;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ManyReaders;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/**
 * One round over the loose objects: drops those that are in packs, and packs others.
 *
 * <p><b>What is dropped.</b> An object that is in an ordinary pack here, kept or not: no promisor pack, which another repository
 * answers for; no cruft pack, which is there to be pruned; no pack of an alternate, which is not ours; and none that is about to be
 * deleted itself. The pack has been there for a while, so that whoever listed the packs before it came has ended; nobody else
 * maintains the repository; and {@link LooseDrop} has proven the copy.
 *
 * <p><b>What is packed.</b> What is in no such pack, if it is what its name says. It is dropped by a later round, when the new pack
 * is old enough. If an object turns out bad, or has gone, when the pack is half written, the others are looked at first, so that
 * the pack need not be begun again for each.
 *
 * <p><b>Memory.</b> Objects are looked at {@value #PIECE} at a time, and at most {@value #MAX_PACKED_AT_ONCE} are packed at a time:
 * 60 bytes for each, and 48 while they are packed.
 *
 * <p>The caller holds {@link ObjectDirectory.Lock#AGGREGATE}. For one run.
 */
final class LooseRound {
  private static final int PIECE = 1 << 18;
  private static final int MAX_PACKED_AT_ONCE = 1 << 20;

  /** How often a pack is begun again because objects had to be left out. */
  private static final int MAX_TRIES = 3;

  private final ObjectDirectory directory;
  private final AggregateSettings settings;
  private final SafetySettings safety;
  private final Clock clock;
  private final BootClock bootClock;
  private final BadLooseObjects badObjects;
  private final Cancellation cancellation;

  private final Set<String> left = new LinkedHashSet<>();
  private long packed;
  private long bad;
  private long vanished;
  private final List<String> packs = new ArrayList<>();
  private long bytes;
  private boolean obstructed;

  LooseRound(
      ObjectDirectory directory,
      AggregateSettings settings,
      SafetySettings safety,
      Clock clock,
      BootClock bootClock,
      BadLooseObjects badObjects,
      Cancellation cancellation) {
    this.directory = directory;
    this.settings = settings;
    this.safety = safety;
    this.clock = clock;
    this.bootClock = bootClock;
    this.badObjects = badObjects;
    this.cancellation = cancellation;
  }

  /**
   * Does it.
   *
   * @throws StepFailure if there is no room for the new pack
   * @throws IOException if a file cannot be used
   */
  LooseOutcome run(AggregateRequest request) throws IOException, StepFailure {
    if (directory.traits().preciousObjects()) {
      left.add("extensions.preciousObjects: what is packed could not be dropped");
      obstructed = true;
      return outcome(0, 0);
    }
    LooseWalk walk = new LooseWalk(directory, cancellation);
    try (LooseTable piece = new LooseTable(directory.path(), directory.hash())) {
      boolean more = next(walk, piece);
      return more || piece.count() > 0 ? run(request, walk, piece, more) : outcome(0, 0);
    }
  }

  private static boolean next(LooseWalk walk, LooseTable piece) throws IOException {
    boolean more = walk.next(piece, PIECE);
    bringBack(walk.takeHidden());
    return more;
  }

  /**
   * Goes on from the first piece.
   *
   * @param hasMore whether there are more
   */
  private LooseOutcome run(
      AggregateRequest request, LooseWalk walk, LooseTable piece, boolean hasMore)
      throws IOException, StepFailure {
    ServerInfo.refresh(directory); // before what it may not list yet is relied upon
    Reliable reliable = reliable(directory.listPacks(), request);
    LooseDrop drop =
        new LooseDrop(
            directory, reliable.packs(), () -> otherMaintenance(request), badObjects, cancellation);
    Optional<String> other = otherMaintenance(request);
    boolean dropping = other.isEmpty();
    obstructed = !dropping;
    other.ifPresent(who -> left.add("nothing is dropped: %s is running".formatted(who)));
    try (LooseTable chosen = new LooseTable(directory.path(), directory.hash())) {
      boolean last = !hasMore;
      for (boolean done = false; !done; ) {
        try (Arena arena = Arena.ofShared()) {
          LooseCopies copies = find(piece, reliable.packs(), arena);
          if (dropping) {
            drop.drop(piece, copies, longPacked(piece, copies, reliable, request, arena));
            dropping = drop.ended().isEmpty();
          }
          choose(piece, copies, request, chosen);
        }
        done = last || !(dropping || room(chosen) > 0);
        last = !done && !next(walk, piece);
      }
      pack(chosen);
    }
    obstructed |= drop.ended().isPresent();
    drop.ended().ifPresent(why -> left.add("nothing more is dropped: " + why));
    left.addAll(drop.left());
    return outcome(drop.dropped(), drop.damaged());
  }

  /**
   * Says what {@link #run} would do, and does nothing.
   *
   * @throws IOException if a file cannot be used
   */
  LooseForecast forecast(AggregateRequest request) throws IOException {
    Reliable reliable = reliable(directory.listPacks(), request);
    Optional<String> other = otherMaintenance(request);
    other.ifPresent(who -> left.add("nothing is dropped: %s is running".formatted(who)));
    long drop = 0;
    long pack = 0;
    LooseWalk walk = new LooseWalk(directory, cancellation);
    try (LooseTable piece = new LooseTable(directory.path(), directory.hash())) {
      boolean more = true;
      while (more) {
        more = walk.next(piece, PIECE);
        walk.takeHidden();
        try (Arena arena = Arena.ofShared()) {
          LooseCopies copies = find(piece, reliable.packs(), arena);
          drop +=
              other.isPresent() ? 0 : longPacked(piece, copies, reliable, request, arena).length;
          for (long i = 0; i < piece.count() && pack < settings.maxLoose(); i++) {
            if (wanting(piece, copies, i, request) && !knownToBeBad(piece, i)) {
              pack++;
              bytes += piece.bytes(i);
            }
          }
        }
      }
    }
    if (pack > 0 && pack < settings.minLoose()) {
      left.add(tooFew(pack));
      return new LooseForecast(drop, 0, 0, new ArrayList<>(left));
    }
    return new LooseForecast(drop, pack, bytes, new ArrayList<>(left));
  }

  /** Whether an object has to be packed, because it is in no pack. */
  private static boolean wanting(
      LooseTable piece, LooseCopies copies, long i, AggregateRequest request) {
    return copies.packOf(i) < 0 && !excluded(piece, i, request);
  }

  /** Found out in an earlier round. */
  private boolean knownToBeBad(LooseTable piece, long i) throws IOException {
    return !badObjects.isEmpty() && badObjects.contains(piece.file(i));
  }

  private String tooFew(long objects) {
    return "%d are too few for a pack of their own: aggregate.min-loose is %d"
        .formatted(objects, settings.minLoose());
  }

  private LooseOutcome outcome(long dropped, long damaged) {
    return new LooseOutcome(
        packed, dropped, bad, vanished, damaged, packs, bytes, obstructed, new ArrayList<>(left));
  }

  /**
   * The packs whose copy of an object makes the loose one needless.
   *
   * @param packs the old ones first, and last those that somebody else is about to delete: what these have need not be packed
   * @param old how many are old
   * @param lasting how many nobody is about to delete
   * @param superseded old ones that are superseded. Nobody relies upon them; but whoever reads the repository knows them, and so
   *     need not have heard of what supersedes them.
   */
  private record Reliable(
      List<StoredPack> packs, int old, int lasting, List<StoredPack> superseded) {}

  private Reliable reliable(PackDirectoryListing listing, AggregateRequest request)
      throws IOException {
    Set<String> superseded = Supersession.among(listing.packs()).keySet();
    Instant oldSince =
        request.immediately() ? Instant.MAX : clock.instant().minus(settings.minAge());
    // What somebody else repacks at the moment is about to be deleted, and so not relied upon.
    Set<String> excluded = request.excludedPacks().orElse(Set.of());
    Predicate<StoredPack> lasting = pack -> !excluded.contains(pack.name());
    Predicate<StoredPack> old = lasting.and(pack -> !pack.index().modified().isAfter(oldSince));
    List<StoredPack> reliable = new ArrayList<>();
    List<StoredPack> replaced = new ArrayList<>();
    for (StoredPack pack : listing.packs()) {
      if (!pack.has(Sidecar.MTIMES) && !pack.has(Sidecar.PROMISOR)) {
        (superseded.contains(pack.name()) ? replaced : reliable).add(pack);
      }
    }
    List<StoredPack> sorted = new ArrayList<>(reliable.stream().filter(old).toList());
    int oldOnes = sorted.size();
    reliable.stream().filter(lasting.and(old.negate())).forEach(sorted::add);
    int lastingOnes = sorted.size();
    reliable.stream().filter(lasting.negate()).forEach(sorted::add);
    return new Reliable(sorted, oldOnes, lastingOnes, replaced.stream().filter(old).toList());
  }

  /** If it is known which packs somebody else repacks, the others may be relied upon meanwhile. */
  private Optional<String> otherMaintenance(AggregateRequest request) throws IOException {
    if (request.excludedPacks().isPresent()) {
      return Optional.empty();
    }
    return OtherMaintenance.seen(directory, Readers.census(directory), clock.instant());
  }

  private static void bringBack(List<Path> hidden) throws IOException {
    for (Path file : hidden) {
      LooseDeletion.bringBack(file);
    }
  }

  private LooseCopies find(LooseTable piece, List<StoredPack> packs, Arena arena)
      throws IOException {
    return LooseCopies.find(piece, packs, clock.instant(), cancellation, arena);
  }

  /** The objects that are in a reliable pack, and have been in one that readers know for as long as it takes. */
  private long[] longPacked(
      LooseTable piece,
      LooseCopies copies,
      Reliable reliable,
      AggregateRequest request,
      Arena arena)
      throws IOException {
    // Nothing is looked up where there are no packs.
    LooseCopies earlier = find(piece, reliable.superseded(), arena);
    return LongStream.range(0, piece.count())
        .filter(i -> copies.packOf(i) >= 0)
        .filter(i ->
            copies.packOf(i) < reliable.old()
                || (copies.packOf(i) < reliable.lasting() && earlier.packOf(i) >= 0))
        .filter(i -> !excluded(piece, i, request))
        .toArray();
  }

  private static boolean excluded(LooseTable table, long i, AggregateRequest request) {
    return !request.excludedLoose().isEmpty() && request.excludedLoose().contains(table.idHex(i));
  }

  /** How many objects there is still room for. */
  private long room(LooseTable chosen) {
    return settings.maxLoose() - packed - chosen.count();
  }

  private void choose(
      LooseTable piece, LooseCopies copies, AggregateRequest request, LooseTable chosen)
      throws IOException, StepFailure {
    for (long i = 0; i < piece.count(); i++) {
      if (!wanting(piece, copies, i, request)) {
        continue;
      }
      if (knownToBeBad(piece, i)) {
        bad++;
      } else if (room(chosen) > 0) {
        chosen.append(piece, i);
        if (chosen.count() == MAX_PACKED_AT_ONCE) {
          pack(chosen);
          chosen.clear();
        }
      }
    }
  }

  private void pack(LooseTable chosen) throws IOException, StepFailure {
    for (int attempt = 1; chosen.count() > 0; attempt++) {
      if (packed == 0 && chosen.count() < settings.minLoose()) {
        left.add(tooFew(chosen.count()));
        return;
      }
      long files = LongStream.range(0, chosen.count()).map(chosen::bytes).sum();
      FreeSpace.require(directory, safety, files, "packing loose objects");
      if (FreeSpace.watched(directory, safety, cancellation, watched -> write(chosen, watched))) {
        return;
      }
      if (attempt == MAX_TRIES) {
        left.add("%d changed while they were packed".formatted(chosen.count()));
        return;
      }
    }
  }

  /** Writes a pack; returns whether that came to an end. If not, objects that are bad or have gone were taken out. */
  private boolean write(LooseTable chosen, Cancellation watched) throws IOException {
    try (LooseSource source = new LooseSource(chosen, directory.traits(), watched)) {
      if (write(chosen, source, watched)) {
        return true;
      }
      sortOut(chosen, source);
      return false;
    }
  }

  private boolean write(LooseTable chosen, LooseSource source, Cancellation watched)
      throws IOException {
    try (PackWriter writer =
        new PackWriter(
            List.of(source), directory.hash(), directory.traits().compressionLevel(), watched)) {
      Optional<Published> published =
          new PackPublication(directory, PackVerification::verifyEntries, watched)
              .publish(
                  writer,
                  () -> ReadAccess.of(chosen),
                  new Beside(PackKind.ORDINARY, Optional.of(this::marker), Optional.empty()),
                  clock::instant);
      published.ifPresentOrElse(
          pack -> {
            packs.add(pack.name());
            packed += pack.objects();
            bytes += pack.bytes();
          },
          () -> left.add("the pack that would result is there already, and not to be relied upon"));
      return true;
    } catch (BadLooseObjectException | NoSuchFileException e) {
      if (source.failed()) {
        return false;
      }
      throw e;
    }
  }

  /** Takes out what is bad or has gone. */
  private void sortOut(LooseTable chosen, LooseSource source) throws IOException {
    BitSet out = new BitSet();
    ManyReaders.forEach(
        chosen.count(),
        i -> {
          cancellation.check();
          try {
            source.check(i);
          } catch (BadLooseObjectException e) {
            badObjects.add(chosen.file(i), e.getMessage());
            synchronized (out) {
              out.set((int) i);
              bad++;
            }
          } catch (NoSuchFileException e) {
            synchronized (out) {
              out.set((int) i);
              vanished++;
            }
          }
        });
    chosen.remove(out);
  }

  /** It supersedes no pack, but nobody has searched it for deltas. */
  private String marker() throws IOException {
    return new SupersededPacks(bootClock.now(), List.of()).render();
  }
}
