package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.StoredPack;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Years of pushes, without a repository. */
class GrowthRuleTest {
  private static final long MAX_BYTES = 512L << 20;
  private static final int PUSHES = 20_000;

  /** A pack, and how often its bytes were copied: the most of any. */
  private record Copied(StoredPack pack, Map<Long, Integer> copiesByFirstSize) {}

  private int number;

  private StoredPack pack(long bytes) {
    String name = "p" + number++;
    FileStamp stamp = new FileStamp(Path.of(name), 1, number, bytes, Instant.EPOCH);
    return new StoredPack(name, stamp, stamp, Map.of());
  }

  @Test
  void noByteIsCopiedMoreOftenThanItsPackCanDouble() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Copied> packs = new ArrayList<>();
    GrowthRule rule = new GrowthRule(2 + random.nextInt(20), 1000, Long.MAX_VALUE, MAX_BYTES);
    int most = 0;
    for (int push = 0; push < PUSHES; push++) {
      long bytes = 1000L << random.nextInt(15);
      bytes += random.nextLong(bytes);
      packs.add(new Copied(pack(bytes), new HashMap<>(Map.of(bytes, 0))));
      packs.removeIf(copied -> copied.pack().data().bytes() > MAX_BYTES / 2);
      most = Math.max(most, packs.size());
      bundle(packs, rule, seed);
    }
    // What is left doubles from one to the next, but for those that are too few.
    assertThat(most).as("seed %d", seed).isLessThan(rule.least() + 2 * Long.SIZE);
  }

  private void bundle(List<Copied> packs, GrowthRule rule, long seed) {
    packs.sort(Comparator.comparingLong(copied -> copied.pack().data().bytes()));
    List<StoredPack> ascending = packs.stream().map(Copied::pack).toList();
    int take = rule.choose(ascending, HashAlgorithm.SHA1).take();
    if (take == 0) {
      return;
    }
    List<Copied> taken = packs.subList(0, take);
    long bytes = taken.stream().mapToLong(copied -> copied.pack().data().bytes()).sum();
    Map<Long, Integer> copies = new HashMap<>();
    for (Copied copied : taken) {
      assertThat(2 * copied.pack().data().bytes()).as("seed %d", seed).isLessThanOrEqualTo(bytes);
      copied
          .copiesByFirstSize()
          .forEach((first, count) -> copies.merge(first, count + 1, Math::max));
    }
    copies.forEach((first, count) ->
        assertThat(count)
            .as("seed %d", seed)
            .isLessThanOrEqualTo((int) (Math.log((double) bytes / first) / Math.log(2)) + 1));
    taken.clear();
    packs.add(new Copied(pack(bytes), copies));
  }

  @Test
  void asManyAsDoNotFitAreLeftForAnotherRound() {
    List<StoredPack> packs = List.of(pack(1), pack(1), pack(1), pack(1));
    assertThat(new GrowthRule(2, 3, 100, 100).choose(packs, HashAlgorithm.SHA1))
        .isEqualTo(new GrowthRule.Choice(3, 3));
    assertThat(new GrowthRule(2, 9, 100, 2).choose(packs, HashAlgorithm.SHA1))
        .isEqualTo(new GrowthRule.Choice(2, 2));
  }

  @Test
  void oneIsNoBundle() {
    GrowthRule rule = new GrowthRule(0, 100, 100, 100);
    assertThat(rule.choose(List.of(pack(0)), HashAlgorithm.SHA1).take()).isZero();
    assertThat(rule.choose(List.of(), HashAlgorithm.SHA1).take()).isZero();
  }
}
