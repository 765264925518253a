package io.repackd.maintenance;

import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackSource;
import io.repackd.pack.PackWriter;
import io.repackd.pack.PositionSet;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Puts a batch into one new pack: the objects which the multi-pack-index takes from the batch's packs, and no others.
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
   * @return what was published; its keep is to be removed once an index refers to it, or none will. Nothing if the pack that
   *     would result is there already
   * @throws CorruptFileException if a pack of the batch is damaged: nothing is published
   * @throws StepFailure if the index lists a pack of the batch no more
   */
  Optional<Published> run(Batch batch) throws IOException, StepFailure {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      List<PackSource.Packed> sources = new ArrayList<>();
      for (PackView view : batch.packs()) {
        PackFile pack =
            PackFile.open(
                view.pack().data().path(), view.pack().index().path(), directory.hash(), arena);
        sources.add(new PackSource.Packed(pack, new PositionSet(arena, pack.index().count())));
      }
      select(index, batch, sources);
      try (PackWriter writer =
          new PackWriter(
              sources, directory.hash(), directory.traits().compressionLevel(), cancellation)) {
        return new PackPublication(directory, cancellation)
            .publish(
                writer,
                new Beside(batch.kind(), Optional.empty(), Optional.of(cycle)),
                () -> youngerThan(batch));
      }
    }
  }

  /** Finds the objects that the index assigns to the batch: both are in the order of ids, so one walk meets all of them. */
  private static void select(MultiPackIndex index, Batch batch, List<PackSource.Packed> sources)
      throws CorruptFileException, StepFailure {
    int[] sourceOfPack = new int[index.packNames().size()];
    Arrays.fill(sourceOfPack, -1);
    for (int i = 0; i < sources.size(); i++) {
      String name = batch.packs().get(i).pack().indexName();
      int number = index.packNames().indexOf(name);
      if (number < 0) {
        throw new StepFailure(
            Result.SKIPPED,
            "packs-changed",
            "%s does not list %s any more".formatted(index.path(), name));
      }
      sourceOfPack[number] = i;
    }
    long[] cursors = new long[sources.size()];
    for (long position = 0; position < index.objects(); position++) {
      int source = sourceOfPack[index.packOf(position)];
      if (source >= 0) {
        cursors[source] = select(index, position, sources.get(source), cursors[source]);
      }
    }
  }

  /** Selects one object; returns the place in its pack's index from where to look for the next. */
  private static long select(
      MultiPackIndex index, long position, PackSource.Packed source, long cursor)
      throws CorruptFileException {
    PackIndex pack = source.pack().index();
    long offset = index.packOffset(position);
    for (long i = cursor; i < pack.count(); i++) {
      int order =
          ObjectIds.compare(
              pack.file(),
              pack.idOffset(i),
              index.ids(),
              index.idOffset(position),
              index.hash().length());
      if (order > 0) {
        break;
      }
      // A pack may have an object twice; the index means the copy at its offset.
      if (order == 0 && pack.packOffset(i) == offset) {
        source.selected().add(i);
        return i + 1;
      }
    }
    throw new CorruptFileException(
        index.path(),
        "object %s is said to be in %s, and is not".formatted(index.idHex(position), pack.path()));
  }

  /** Reads the times again: git touches a pack when somebody writes an object that is in it, and that may be just now. */
  private Instant youngerThan(Batch batch) throws IOException {
    Instant time = now;
    for (PackView view : batch.packs()) {
      Instant after = FileStamp.of(view.pack().data().path()).modified().plusSeconds(1);
      time = after.isAfter(time) ? after : time;
    }
    return time;
  }
}
