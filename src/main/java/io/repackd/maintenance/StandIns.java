package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether an object of a pack that is repacked may be left to another pack, which has it, too, and is not: when the repacked one goes,
 * that one has to cover it ({@link Coverage}). May be asked by several threads.
 */
final class StandIns {
  private final int mostReaders;
  private final List<StoredPack> repacked;

  /** By number in the index; null if it has gone. */
  private final List<@Nullable StoredPack> others = new ArrayList<>();

  private final Map<StoredPack, CoverSort> sorts = new ConcurrentHashMap<>();

  /**
   * Nothing is known yet.
   *
   * @param indexNames the packs of an index, by number
   * @param repacked the packs that are repacked
   */
  StandIns(ObjectDirectory directory, List<String> indexNames, List<StoredPack> repacked)
      throws IOException {
    this.mostReaders = directory.traits().permissions().mostReaders();
    this.repacked = List.copyOf(repacked);
    Map<String, StoredPack> there =
        directory.listPacks().packs().stream()
            .collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    indexNames.forEach(name -> others.add(there.get(name)));
  }

  /**
   * Answers.
   *
   * @param number of the other pack in the index
   * @param pack which of the repacked
   */
  boolean mayStandIn(int number, int pack) throws IOException {
    StoredPack other = others.get(number);
    StoredPack one = repacked.get(pack);
    return other != null
        && other.data().modifiedSeconds() >= one.data().modifiedSeconds()
        && !other.has(Sidecar.MTIMES)
        && sort(other).covers(sort(one).limitedTo(mostReaders));
  }

  /** That takes a look at the files, and only few are asked for. */
  private CoverSort sort(StoredPack pack) throws IOException {
    CoverSort known = sorts.get(pack);
    if (known == null) {
      known = CoverSort.of(pack);
      sorts.put(pack, known);
    }
    return known;
  }
}
