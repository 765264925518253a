package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Claim;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.DeltaSettings;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.DeltaSearchSettings;
import io.repackd.pack.NewPack;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackSource;
import io.repackd.pack.PackWriter;
import io.repackd.pack.PositionSet;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * Puts a batch into a new pack: the objects which the multi-pack-index takes from the batch's packs, and those which it takes from
 * others that could not stand in for them: which are older, or of another class, or readable for fewer people. Of several copies in
 * the batch any will do, whichever of them the index means. If a pack may not be as large as that, it becomes several.
 *
 * <p>Of packs which no index lists, because they were {@linkplain LeftToRepack left to the repack}, it takes everything, as a bundle
 * would have done: the new pack supersedes them, and they can only go if it has all that they have.
 *
 * <p>Of packs that an index lists, the new one of a cycle says that it has repacked those which somebody else's repack might leave where
 * it does not leave the new one ({@link #outlasts}).
 *
 * <p>A new pack has a {@linkplain io.repackd.objectdir.TemporaryKeep temporary keep}, so that nobody bundles it before an index
 * refers to it. It is at least a second younger than the youngest of the batch, so that git would choose it, too, if it built the
 * index anew.
 */
final class BatchRepack {
  /** From so many objects on, a pack is one whose writer had enough to choose from. */
  private static final long SEARCHED_OBJECTS = 1 << 14;

  /** A delta search may use this part of what memory there is for us, within limits. */
  private static final int MEMORY_SHARE = 8;

  private static final long MIN_MEMORY_BYTES = 16L << 20;
  private static final long MAX_MEMORY_BYTES = 256L << 20;

  private final ObjectDirectory directory;
  private final Instant now;
  private final String cycle;
  private final boolean deltaSearch;
  private final List<String> supersedes;
  private final boolean ofCycle;
  private final Cancellation cancellation;

  /** A repack of packs that an index lists, and will list until they are deleted. */
  BatchRepack(
      ObjectDirectory directory,
      Instant now,
      String cycle,
      boolean deltaSearch,
      Cancellation cancellation) {
    this(directory, now, cycle, deltaSearch, List.of(), false, cancellation);
  }

  /**
   * A repack of a cycle.
   *
   * @param cycle gives the new pack its temporary keep
   * @param deltaSearch whether deltas are searched, or only those kept that there are
   * @param supersedes the names of the packs that the new one supersedes: those of the batch that no index lists, and what these
   *     supersede; empty where the new pack may become several
   */
  BatchRepack(
      ObjectDirectory directory,
      Instant now,
      String cycle,
      boolean deltaSearch,
      List<String> supersedes,
      Cancellation cancellation) {
    this(directory, now, cycle, deltaSearch, supersedes, true, cancellation);
  }

  private BatchRepack(
      ObjectDirectory directory,
      Instant now,
      String cycle,
      boolean deltaSearch,
      List<String> supersedes,
      boolean ofCycle,
      Cancellation cancellation) {
    this.ofCycle = ofCycle;
    this.supersedes = List.copyOf(supersedes);
    this.directory = directory;
    this.now = now;
    this.cycle = cycle;
    this.deltaSearch = deltaSearch;
    this.cancellation = cancellation;
  }

  /**
   * What was written.
   *
   * @param names the names of the packs that the batch came to, those among them that were there already
   * @param published the others; their keeps are to be removed once an index refers to them, or none will
   */
  record Written(List<String> names, List<Published> published) {}

  /**
   * Writes the new packs and publishes them.
   *
   * @param committed run when it is settled what is read from then on: these packs, all of them mapped, and nothing else
   * @throws CorruptFileException if a pack of the batch is damaged: nothing is published
   * @throws StepFailure if the index lists a pack of the batch no more
   */
  Written run(Batch batch, Runnable committed) throws IOException, StepFailure {
    try (Arena arena = Arena.ofShared()) {
      List<StoredPack> packs = batch.packs().stream().map(PackView::pack).toList();
      List<PackFile> files = OpenPacks.open(directory, packs, arena);
      List<PackSource.Packed> sources = new ArrayList<>();
      Map<PackView, PackSource.Packed> listed = new LinkedHashMap<>();
      for (int i = 0; i < packs.size(); i++) {
        PackView view = batch.packs().get(i);
        PackFile file = files.get(i);
        PositionSet selected =
            view.unlisted()
                ? PositionSet.all(arena, file.index().count())
                : new PositionSet(arena, file.index().count());
        sources.add(new PackSource.Packed(file, selected, searched(packs.get(i), file)));
        if (!view.unlisted()) {
          listed.put(view, sources.getLast());
        }
      }
      if (!listed.isEmpty()) {
        select(MultiPackIndex.open(directory.indexFile(), directory.hash(), arena), listed);
      }
      committed.run();
      try (Unpublished scratch = directory.publisher().create("deltas");
          PackWriter writer = writer(sources, scratch)) {
        List<NewPack> parts =
            batch.limited() ? writer.inPacksOf(batch.packBytes()) : List.of(writer.inOnePack());
        List<Published> published =
            new PackPublication(directory, cancellation)
                .publish(
                    parts,
                    writer::close,
                    () -> ReadAccess.of(packs),
                    new Beside(
                        batch.kind(),
                        stillBadDeltas(packs),
                        (objects, bytes) -> superseding(listed.keySet(), parts, objects, bytes),
                        Optional.of(cycle)),
                    () -> PackPublication.youngerThan(packs, now, parts.size()));
        return new Written(parts.stream().map(BatchRepack::name).toList(), published);
      }
    }
  }

  /** A clone, and what a repack wrote: their objects were compared with each other. A fetch brings too few for that to matter. */
  private static boolean searched(StoredPack pack, PackFile file) {
    return !pack.has(Sidecar.BAD_DELTAS) && file.index().count() >= SEARCHED_OBJECTS;
  }

  private PackWriter writer(List<PackSource.Packed> sources, Unpublished scratch)
      throws IOException {
    int level = directory.traits().compressionLevel();
    if (!deltaSearch) {
      return new PackWriter(sources, directory.hash(), level, cancellation);
    }
    DeltaSettings git = directory.deltaSettings();
    int cores = Runtime.getRuntime().availableProcessors();
    DeltaSearchSettings settings =
        new DeltaSearchSettings(
            git.window(),
            git.depth(),
            git.bigFileBytes(),
            git.threads() > 0 ? Math.min(git.threads(), cores) : cores,
            DeltaSearchSettings.memoryOf(
                Memory.share(MEMORY_SHARE, MIN_MEMORY_BYTES, MAX_MEMORY_BYTES)));
    return new PackWriter(
        sources,
        directory.hash(),
        level,
        new PackWriter.Search(settings, scratch.channel()),
        cancellation);
  }

  /** Without a search, what is bundled of packs that nobody searched is one more of them. */
  private Optional<Claim> stillBadDeltas(List<StoredPack> packs) {
    return deltaSearch || packs.stream().noneMatch(pack -> pack.has(Sidecar.BAD_DELTAS))
        ? Optional.empty()
        : Optional.of(() -> new SupersededPacks(BootClock.SYSTEM.now(), List.of()).render());
  }

  private Optional<String> superseding(
      Set<PackView> listed, List<NewPack> parts, long objects, long bytes) throws IOException {
    Set<String> written = parts.stream().map(BatchRepack::name).collect(Collectors.toSet());
    List<String> repacked =
        listed.stream()
            .filter(view -> ofCycle && outlasts(view, objects, bytes))
            .map(view -> view.pack().name())
            .filter(name -> !written.contains(name))
            .toList();
    return supersedes.isEmpty() && repacked.isEmpty()
        ? Optional.empty()
        : Optional.of(new SupersededPacks(BootClock.SYSTEM.now(), supersedes, repacked).render());
  }

  /**
   * Whether a repack of git's may leave a pack of the batch and take a new one, without what the other has. Git's geometric repack leaves a
   * pack with twice as many objects, and {@code git gc} one that is as large as {@code gc.bigPackThreshold} says.
   */
  private boolean outlasts(PackView view, long objects, long bytes) {
    long big = directory.traits().bigPackBytes();
    return view.objects() >= 2 * objects || (view.pack().data().bytes() >= big && bytes < big);
  }

  private static String name(NewPack pack) {
    return "pack-" + pack.hash();
  }

  /**
   * Finds the objects that the index takes from any pack of the batch that it lists, or from another which could not stand in for that.
   * Each of those that has one offers its copy, so that the writer can choose.
   */
  private void select(MultiPackIndex index, Map<PackView, PackSource.Packed> listed)
      throws IOException, StepFailure {
    boolean[] inBatch = new boolean[index.packNames().size()];
    List<PackSource.Packed> sources = List.copyOf(listed.values());
    int[] numbers = new int[sources.size()];
    int next = 0;
    for (PackView view : listed.keySet()) {
      String name = view.pack().indexName();
      int number = index.packNames().indexOf(name);
      if (number < 0) {
        throw new StepFailure(
            Result.SKIPPED,
            "packs-changed",
            "%s does not list %s any more".formatted(index.path(), name));
      }
      inBatch[number] = true;
      numbers[next++] = number;
    }
    LongAdder own = new LongAdder();
    List<PackView> views = List.copyOf(listed.keySet());
    try (Arena arena = Arena.ofShared()) {
      TakenObjects taken =
          new TakenObjects(directory, index, directory.listPacks().packs(), views, arena);
      OwnerSearch.search(
          index,
          sources.stream().map(source -> source.pack().index()).toList(),
          (pack, position, found) -> {
            int owner = found < 0 ? -1 : index.packOf(found);
            if (owner < 0) {
              return;
            }
            PackSource.Packed source = sources.get(pack);
            if (inBatch[owner] || taken.isTaken(pack, source.pack().index(), position, owner)) {
              PositionSet selected = source.selected();
              synchronized (selected) {
                selected.add(position);
              }
              if (owner == numbers[pack]) {
                own.increment();
              }
            }
          },
          cancellation);
      requireAll(
          index,
          views.stream().mapToLong(view -> taken.owners().of(view.pack().indexName())).sum(),
          own.sum());
    }
  }

  /** What the index takes from the batch has to be in the new pack, all of it, or the batch would not be covered by it. */
  private static void requireAll(MultiPackIndex index, long taken, long found)
      throws CorruptFileException {
    if (taken != found) {
      throw new CorruptFileException(
          index.path(),
          "it takes %d objects from packs which have only %d of them".formatted(taken, found));
    }
  }
}
