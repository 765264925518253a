package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.RepackStrategy;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SizeLimitRuleTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path PACKS = Path.of("/r/objects/pack");
  private static final long KIB = 1 << 10;
  private static final long LIMIT = 1000 * KIB;

  /** What a pack of the simulation has besides its entries. */
  private static final long HEAD_AND_HASH_BYTES = 32;

  private static final RepackSettings EVERYTHING = settings(RepackStrategy.BATCH, true);

  private static RepackSettings settings(RepackStrategy strategy, boolean search) {
    return settings(strategy, new BatchSize.Everything(), search);
  }

  private static RepackSettings settings(RepackStrategy strategy, BatchSize size, boolean search) {
    return new RepackSettings(true, strategy, size, Duration.ofSeconds(5), search);
  }

  private static FileStamp stamp(String name, long bytes, int age) {
    return new FileStamp(
        PACKS.resolve(name), 1, name.hashCode(), bytes, NOW.minus(Duration.ofHours(age)));
  }

  private static PackView view(
      String name, long bytes, long objects, long owned, int age, boolean marked) {
    Map<Sidecar, FileStamp> sidecars = new EnumMap<>(Sidecar.class);
    if (marked) {
      sidecars.put(Sidecar.BAD_DELTAS, stamp(name + ".baddeltas", 0, age));
    }
    StoredPack pack =
        new StoredPack(
            name, stamp(name + ".pack", bytes, age), stamp(name + ".idx", 1000, age), sidecars);
    return new PackView(pack, objects, owned, Optional.empty());
  }

  /**
   * A pack.
   *
   * @param text its name, its KiB, its objects and how many of them it owns, and a mark: {@code a:600/10/10*}
   */
  private static PackView view(String text, int age) {
    String[] parts = text.replace("*", "").split("[:/]");
    return view(
        parts[0],
        Long.parseLong(parts[1]) * KIB,
        Long.parseLong(parts[2]),
        Long.parseLong(parts[3]),
        age,
        text.endsWith("*"));
  }

  private static CyclePlan plan(List<PackView> packs, RepackSettings settings, long packBytes) {
    Snapshot snapshot =
        new Snapshot(
                NOW,
                TestTraits.DEFAULT,
                packs,
                PACKS.resolve("multi-pack-index"),
                77,
                Census.NOBODY,
                Evidence.NONE)
            .limited(packBytes);
    return CyclePlanner.plan(
        snapshot, new ExpireSettings(true, Duration.ofHours(1)), settings, false);
  }

  private static CyclePlan plan(String packs, RepackSettings settings, long packBytes) {
    List<PackView> views = new ArrayList<>();
    for (String text : packs.split(", ")) {
      views.add(view(text, 100 - views.size()));
    }
    return plan(views, settings, packBytes);
  }

  private static String taken(CyclePlan plan) {
    return String.join(
        " ",
        plan.batches().stream()
            .flatMap(batch -> batch.packs().stream())
            .map(view -> view.pack().name())
            .toList());
  }

  private static Arguments example(String sentence, String packs, String taken) {
    return arguments(named(sentence, packs), taken);
  }

  static Stream<Arguments> examples() {
    return Stream.of(
        example("packs of half the limit stay", "a:500/10/10, b:600/10/10, c:1000/10/10", ""),
        example("smaller ones become one", "a:499/10/10, b:900/10/10, c:10/1/1", "a c"),
        example("one that is smaller waits for company", "a:400/10/10, b:900/10/10", ""),
        example(
            "with short distances a little less than half is half",
            "a:499/1024/1024, b:490/1024/1024, c:10/1/1",
            "b c"),
        example(
            "a pack whose objects lie elsewhere counts as what is left of it",
            "a:900/10/2, b:900/10/10, c:10/1/1",
            "a c"),
        example("a larger pack of somebody else is divided", "a:5000/10/10, b:10/1/1", "a b"),
        example("one object cannot be divided", "a:5000/1/1, b:10/1/1, c:10/1/1", "b c"),
        example(
            "a pack that was bundled without a search is taken at any size",
            "a:700/10/10*, b:700/10/10*, c:700/10/10",
            "a b"));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void withALimitOfAThousandKib(String packs, String taken) {
    assertThat(taken(plan(packs, EVERYTHING, LIMIT))).isEqualTo(taken);
  }

  @Test
  void withoutALimitNoPackIsTooLarge() {
    assertThat(taken(plan("a:5000/1/1, b:900/10/10", EVERYTHING, Snapshot.ANY_SIZE)))
        .isEqualTo("a b");
  }

  @Test
  void whereNoDeltasAreSearchedAMarkedPackIsLikeAnyOther() {
    assertThat(
            taken(
                plan("a:700/9/9*, b:5/1/1, c:6/1/1", settings(RepackStrategy.BATCH, false), LIMIT)))
        .isEqualTo("b c");
  }

  @Test
  void theProgressionIsOneOfThePacksThatAreNotLargeEnough() {
    String packs = "a:900/100/100, b:900/100/100, c:5/10/10, d:6/10/10, e:400/300/300";
    assertThat(taken(plan(packs, settings(RepackStrategy.GEOMETRIC, true), LIMIT)))
        .isEqualTo("c d");
  }

  @Test
  void thePlanSaysWhyAndHowManyItWillBe() {
    CyclePlan plan = plan("a:500/9/9, b:1001/1/1, c:4000/9/9, d:499/9/9", EVERYTHING, LIMIT);
    assertThat(plan.leftAlone())
        .extracting(left -> left.pack().pack().name() + ": " + left.reason())
        .containsExactly(
            "a: it has at least half of pack.packSizeLimit",
            "b: its one object is larger than pack.packSizeLimit");
    Batch batch = plan.batches().getFirst();
    assertThat(batch.limited()).isTrue();
    assertThat(batch.packBytes()).isEqualTo(LIMIT);
    assertThat(batch.expectedPacks()).isEqualTo(5);
    assertThat(plan("a:5/1/1, b:6/1/1", EVERYTHING, Snapshot.ANY_SIZE).batches().getFirst())
        .satisfies(unlimited -> assertThat(unlimited.limited()).isFalse())
        .satisfies(unlimited -> assertThat(unlimited.expectedPacks()).isEqualTo(1));
  }

  /**
   * Cycles over packs of any sizes, by either strategy, in which a writer of the worst kind divides at random what it is given,
   * as far as its promise lets it: they end, and long before there are as many as there were packs.
   */
  @Test
  void cyclesWithNothingNewComeToAnEnd() {
    for (int round = 0; round < 500; round++) {
      long seed = System.nanoTime();
      Random random = new Random(seed);
      RepackSettings settings = randomSettings(random);
      Map<PackView, List<Long>> packs = new HashMap<>();
      for (int i = 1 + random.nextInt(40); i > 0; i--) {
        List<Long> families =
            LongStream.generate(() -> family(random))
                .limit(1 + random.nextInt(20))
                .boxed()
                .toList();
        packs.put(simulated("p" + packs.size(), families, 2 * i, random.nextInt(5) == 0), families);
      }
      int most = packs.size() + 1;
      int cycles = 0;
      for (CyclePlan plan = plan(List.copyOf(packs.keySet()), settings, LIMIT);
          !plan.batches().isEmpty();
          plan = plan(List.copyOf(packs.keySet()), settings, LIMIT)) {
        assertThat(cycles).as("cycles, seed %d", seed).isLessThan(most);
        repack(packs, plan.batches().getFirst(), "c" + cycles + "-", random);
        cycles++;
      }
    }
  }

  private static RepackSettings randomSettings(Random random) {
    RepackStrategy strategy =
        random.nextBoolean() ? RepackStrategy.GEOMETRIC : RepackStrategy.BATCH;
    BatchSize size =
        switch (random.nextInt(3)) {
          case 0 -> new BatchSize.Everything();
          case 1 -> new BatchSize.Auto();
          default -> new BatchSize.Bytes(1 + random.nextLong(3 * LIMIT));
        };
    return settings(strategy, size, random.nextBoolean());
  }

  /** Some of about half a pack, and a few that have no room in any. */
  private static long family(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> LIMIT / 2 + random.nextLong(-100, 100);
      case 1 -> random.nextLong(LIMIT, 2 * LIMIT);
      case 2, 3 -> random.nextLong(LIMIT);
      default -> random.nextLong(20, LIMIT / 10);
    };
  }

  /** Each family is an object whose pack may turn out up to eight bytes smaller than was reckoned. */
  private static PackView simulated(String name, List<Long> families, int age, boolean marked) {
    long bytes = HEAD_AND_HASH_BYTES + families.stream().mapToLong(Long::longValue).sum();
    long shorter = name.startsWith("c") && families.size() > 1 ? 8L * families.size() : 0;
    return view(name, bytes - shorter, families.size(), families.size(), age, marked);
  }

  private static void repack(
      Map<PackView, List<Long>> packs, Batch batch, String name, Random random) {
    List<Long> families = new ArrayList<>();
    batch.packs().forEach(view -> families.addAll(packs.remove(view)));
    Collections.shuffle(families, random);
    long room = LIMIT - HEAD_AND_HASH_BYTES;
    List<List<Long>> parts = new ArrayList<>();
    List<Long> atHand = new ArrayList<>();
    long filled = 0;
    for (long family : families) {
      if (family > room / 2) {
        parts.add(List.of(family));
      } else {
        if (filled + family > room) {
          parts.add(atHand);
          atHand = new ArrayList<>();
          filled = 0;
        }
        atHand.add(family);
        filled += family;
      }
    }
    if (!atHand.isEmpty()) {
      parts.add(atHand);
    }
    for (List<Long> part : parts) {
      packs.put(simulated(name + packs.size(), part, 1, false), part);
    }
  }
}
