package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackSource;
import io.repackd.pack.PackWriter;
import io.repackd.pack.PositionSet;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Puts a batch into one new pack: the objects which the multi-pack-index takes from the batch's packs, and no others. Of several
 * copies in the batch any will do, whichever of them the index means.
 *
 * <p>The new pack has a {@linkplain io.repackd.objectdir.TemporaryKeep temporary keep}, so that nobody bundles it before an index
 * refers to it. It is at least a second younger than the youngest of the batch, so that git would choose it, too, if it built the
 * index anew.
 */
final class BatchRepack {
  private final ObjectDirectory directory;
  private final Instant now;
  private final String cycle;
  private final Cancellation cancellation;

  /**
   * A repack.
   *
   * @param cycle gives the new pack its temporary keep
   */
  BatchRepack(ObjectDirectory directory, Instant now, String cycle, Cancellation cancellation) {
    this.directory = directory;
    this.now = now;
    this.cycle = cycle;
    this.cancellation = cancellation;
  }

  /**
   * Writes the new pack and publishes it.
   *
   * @param committed run when it is settled what is read from then on: these packs, all of them mapped, and nothing else
   * @return what was published; its keep is to be removed once an index refers to it, or none will. Nothing if the pack that
   *     would result is there already
   * @throws CorruptFileException if a pack of the batch is damaged: nothing is published
   * @throws StepFailure if the index lists a pack of the batch no more
   */
  Optional<Published> run(Batch batch, Runnable committed) throws IOException, StepFailure {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      List<StoredPack> packs = batch.packs().stream().map(PackView::pack).toList();
      List<PackSource.Packed> sources =
          OpenPacks.open(directory, packs, arena).stream()
              .map(
                  pack -> new PackSource.Packed(pack, new PositionSet(arena, pack.index().count())))
              .toList();
      long objects = select(index, batch, sources);
      committed.run();
      try (PackWriter writer =
          new PackWriter(
              sources, directory.hash(), directory.traits().compressionLevel(), cancellation)) {
        requireAll(index, writer, objects);
        return new PackPublication(directory, cancellation)
            .publish(
                writer,
                new Beside(batch.kind(), Optional.empty(), Optional.of(cycle)),
                () ->
                    PackPublication.youngerThan(
                        batch.packs().stream().map(PackView::pack).toList(), now));
      }
    }
  }

  /**
   * Finds the objects that the index takes from any pack of the batch. Each pack of the batch that has one offers its copy, so
   * that the writer can choose.
   *
   * @return how many objects there are
   */
  private long select(MultiPackIndex index, Batch batch, List<PackSource.Packed> sources)
      throws IOException, StepFailure {
    boolean[] inBatch = new boolean[index.packNames().size()];
    for (PackView view : batch.packs()) {
      String name = view.pack().indexName();
      int number = index.packNames().indexOf(name);
      if (number < 0) {
        throw new StepFailure(
            Result.SKIPPED,
            "packs-changed",
            "%s does not list %s any more".formatted(index.path(), name));
      }
      inBatch[number] = true;
    }
    OwnerSearch.search(
        index,
        sources.stream().map(source -> source.pack().index()).toList(),
        (pack, position, owner) -> {
          if (owner >= 0 && inBatch[owner]) {
            PositionSet selected = sources.get(pack).selected();
            synchronized (selected) {
              selected.add(position);
            }
          }
        },
        cancellation);
    OwnerCounts owners = index.countOwners();
    return batch.packs().stream().mapToLong(view -> owners.of(view.pack().indexName())).sum();
  }

  /** What the index takes from the batch has to be in the new pack, all of it, or the batch would not be covered by it. */
  private static void requireAll(MultiPackIndex index, PackWriter writer, long objects)
      throws CorruptFileException {
    if (writer.objects() != objects) {
      throw new CorruptFileException(
          index.path(),
          "it takes %d objects from packs which have only %d of them"
              .formatted(objects, writer.objects()));
    }
  }
}
