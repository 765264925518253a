package io.repackd.maintenance;

import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether an object of a pack that is repacked may be left to another pack, which has it, too, and is not: when the repacked one goes,
 * that one has to cover it ({@link Coverage}). May be asked by several threads.
 */
final class StandIns {
  /** What is known of an answer: it is found once for each two packs that share an object, at most. */
  private static final byte UNKNOWN = 0;

  private static final byte LEFT = 1;
  private static final byte TAKEN = 2;

  private final int mostReaders;
  private final List<StoredPack> repacked;

  /** By number in the index; null if it has gone. */
  private final @Nullable StoredPack[] others;

  /** For each of the repacked that was asked for: the answers, by the other's number. Whoever finds one again writes the same. */
  private final AtomicReferenceArray<byte[]> answers;

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
    this.answers = new AtomicReferenceArray<>(repacked.size());
    Map<String, StoredPack> there =
        directory.listPacks().packs().stream()
            .collect(Collectors.toMap(StoredPack::indexName, Function.identity()));
    others = new StoredPack[indexNames.size()];
    Arrays.setAll(others, i -> there.get(indexNames.get(i)));
  }

  /**
   * Answers.
   *
   * @param number of the other pack in the index
   * @param pack which of the repacked
   */
  boolean isLeft(int number, int pack) throws IOException {
    byte[] known = answers.get(pack);
    if (known == null) {
      answers.compareAndSet(pack, null, new byte[others.length]);
      known = answers.get(pack);
    }
    if (known[number] == UNKNOWN) {
      known[number] = mayStandIn(others[number], repacked.get(pack)) ? LEFT : TAKEN;
    }
    return known[number] == LEFT;
  }

  private boolean mayStandIn(@Nullable StoredPack other, StoredPack one) throws IOException {
    return other != null
        && !other.equals(one)
        && other.data().modifiedSeconds() >= one.data().modifiedSeconds()
        && !other.has(Sidecar.MTIMES)
        && CoverSort.of(other).covers(CoverSort.of(one).limitedTo(mostReaders));
  }
}
