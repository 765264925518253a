package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.RepackStrategy;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.CyclePlan.LeftAlone;
import io.repackd.maintenance.CyclePlan.Taken;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RepackStrategyTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path PACKS = Path.of("/r/objects/pack");
  private static final long KIB = 1 << 10;
  private static final Duration HOUR = Duration.ofHours(1);

  /** How often each byte of a year of fetches may be copied, on the average, with the strategy batch. */
  private static final int MAX_COPIES = 16;

  /** What is copied lies in a pack with at least so many times as many objects, with the strategy batch. */
  private static final double BATCH_GROWTH = 4.0 / 3;

  /** With the strategy geometric. */
  private static final double GEOMETRIC_GROWTH = 1.5;

  /**
   * A pack with an hour for each of those which stand after it.
   *
   * @param text its name and its objects, of a kibibyte each or of as many as is said, and what lies beside it: {@code a:100*3
   *     baddeltas}
   */
  private static PackView pack(String text, int hours) {
    String[] words = text.split("[: ]");
    Map<Sidecar, FileStamp> sidecars = new EnumMap<>(Sidecar.class);
    for (String extension : Arrays.asList(words).subList(2, words.length)) {
      Sidecar sidecar =
          Stream.of(Sidecar.values())
              .filter(each -> each.extension().equals(extension))
              .findFirst()
              .orElseThrow();
      sidecars.put(sidecar, stamp(words[0] + "." + extension, 0, hours));
    }
    String[] size = words[1].split("\\*");
    long objects = Long.parseLong(size[0]);
    long kibibytes = size.length == 1 ? 1 : Long.parseLong(size[1]);
    return view(words[0], objects, objects * kibibytes * KIB, hours, sidecars);
  }

  private static PackView view(
      String name, long objects, long bytes, int hours, Map<Sidecar, FileStamp> sidecars) {
    StoredPack pack =
        new StoredPack(
            name, stamp(name + ".pack", bytes, hours), stamp(name + ".idx", 1000, hours), sidecars);
    return new PackView(pack, objects, objects, Optional.empty());
  }

  private static FileStamp stamp(String name, long bytes, int hours) {
    return new FileStamp(
        PACKS.resolve(name), 1, name.hashCode(), bytes, NOW.minus(HOUR.multipliedBy(hours)));
  }

  private static CyclePlan plan(RepackSettings settings, List<PackView> packs) {
    Snapshot snapshot =
        new Snapshot(
            NOW,
            TestTraits.DEFAULT,
            packs,
            PACKS.resolve("multi-pack-index"),
            77,
            Census.NOBODY,
            Evidence.NONE);
    return CyclePlanner.plan(snapshot, new ExpireSettings(true, HOUR), settings, false);
  }

  private static RepackSettings geometric(boolean search) {
    return new RepackSettings(
        true, RepackStrategy.GEOMETRIC, new BatchSize.Auto(), Duration.ofSeconds(5), search);
  }

  private static RepackSettings batch(BatchSize size, boolean search) {
    return new RepackSettings(true, RepackStrategy.BATCH, size, Duration.ofSeconds(5), search);
  }

  /** What is put together, by name, each batch after a dash. */
  private static String taken(RepackSettings settings, String packs) {
    List<String> texts = List.of(packs.split(", "));
    List<PackView> views = new ArrayList<>();
    for (String text : texts) {
      views.add(pack(text, texts.size() - views.size()));
    }
    List<String> batches = new ArrayList<>();
    for (Batch batch : plan(settings, views).batches()) {
      batches.add(
          String.join(" ", batch.packs().stream().map(view -> view.pack().name()).toList()));
    }
    return String.join(" - ", batches);
  }

  private static Arguments strategyCase(String sentence, String packs, String taken) {
    return arguments(named(sentence, packs), taken);
  }

  static Stream<Arguments> geometricCases() {
    return Stream.of(
        strategyCase("no pack is no batch of any kind", "a:0", ""),
        strategyCase("one pack is a progression", "a:100", ""),
        strategyCase(
            "packs of which each is twice the next smaller stay", "a:1, b:2, c:4, d:8", ""),
        strategyCase("two equal packs become one", "a:100, b:100", "a b"),
        strategyCase(
            "what stands well above is not touched", "clone:10000, a:100, b:150, c:500", "a b"),
        strategyCase(
            "a pack that is too close to the sum joins",
            "clone:10000, a:100, b:150, c:450",
            "a b c"),
        strategyCase(
            "one pack may join after the other", "a:100, b:100, c:300, d:900, e:3000", "a b c d"),
        strategyCase(
            "a break high up takes all that is smaller",
            "a:1, b:10, c:100, d:1000, e:1500",
            "a b c d e"),
        strategyCase("exactly twice as many are enough", "a:100, b:200, c:400", ""),
        strategyCase("one less than twice is not", "a:100, b:199, c:1000", "a b"),
        strategyCase("the oldest comes first in a batch", "b:150, a:100", "b a"),
        strategyCase(
            "a marked pack is taken from above the split",
            "clone:100000, big:5000 baddeltas, a:100, b:100",
            "big a b"),
        strategyCase(
            "what a marked pack comes close to joins, too",
            "clone:9000, big:5000 baddeltas, a:100, b:100",
            "clone big a b"),
        strategyCase(
            "marked packs are put together though the progression holds",
            "a:100 baddeltas, b:1000 baddeltas, c:10000",
            "a b"),
        strategyCase("a marked pack waits for company", "a:100 baddeltas, b:1000", ""),
        strategyCase("it does not wait if it is the largest", "a:100 baddeltas", "a"),
        strategyCase(
            "a kept pack does not count, however small it is", "k:100 keep, a:100, b:300", ""),
        strategyCase(
            "a kept pack that is marked stays",
            "k:100 keep baddeltas, a:100 baddeltas, b:90",
            "a b"),
        strategyCase("a cruft pack does not count", "c:100 mtimes, a:100, b:300", ""),
        strategyCase("a pack with a bitmap does not count", "m:100 bitmap, a:100, b:300", ""),
        strategyCase(
            "promisor packs have a progression of their own",
            "p:100 promisor, a:100, q:120 promisor, b:300, r:1000 promisor",
            "p q"),
        strategyCase(
            "both progressions may break",
            "p:100 promisor, a:100, q:120 promisor, b:150, r:1000 promisor",
            "a b - p q"));
  }

  @ParameterizedTest
  @MethodSource("geometricCases")
  void geometric(String packs, String taken) {
    assertThat(taken(geometric(true), packs)).isEqualTo(taken);
  }

  static Stream<Arguments> batchCases() {
    return Stream.of(
        strategyCase("small packs become one", "clone:9000, a:100, b:50, c:60", "a b c"),
        strategyCase(
            "a marked pack is taken though it is the largest",
            "a:9000 baddeltas, b:50, c:60",
            "a b c"),
        strategyCase("a marked pack waits for company", "clone:9000, a:10 baddeltas", ""),
        strategyCase("it does not wait if it is the largest", "a:9000 baddeltas", "a"),
        strategyCase(
            "a promisor pack does not wait for others", "a:10, p:9 promisor baddeltas", "p"),
        strategyCase("a pack that is three times as large joins", "clone:9000, a:30, b:10", "a b"),
        strategyCase("one that is larger does not", "clone:9000, a:31, b:10", ""),
        strategyCase(
            "one that has more than three times as many objects does not, however small they are",
            "clone:9000, a:31, b:10*3",
            ""),
        strategyCase(
            "one of few objects does not, if they are large",
            "clone:9000, a:5*20, b:20, c:10",
            "b c"),
        strategyCase(
            "what fetches take before they are searched does not bring the weeks before them",
            "clone:9000, weeks:700, day:100, a:50*10 baddeltas, b:60*10 baddeltas",
            "day a b"),
        strategyCase(
            "what is left for its bytes counts for no other",
            "clone:9000, a:46, b:15*70, c:10*2, d:5*2",
            "c d"),
        strategyCase(
            "what joins may bring another", "clone:9000, a:400, b:100, c:20, d:15", "a b c d"),
        strategyCase(
            "the small ones become one without what is out of proportion",
            "clone:9000, a:2000, b:100, c:20, d:15",
            "b c d"),
        strategyCase(
            "a marked pack counts for those which it joins",
            "clone:9000, a:700, b:250 baddeltas",
            "a b"),
        strategyCase(
            "it is taken though it is out of proportion",
            "clone:9000, a:2000 baddeltas, b:20, c:15",
            "a b c"),
        strategyCase(
            "a marked pack of two gibibytes is large",
            "a:2097152 baddeltas, b:50, c:60, d:50",
            "b c d"),
        strategyCase(
            "marked packs come first where there is not room for all",
            "old:1500000, a:1500000, new:1500000 baddeltas, mark:100 baddeltas",
            "old new mark"),
        strategyCase(
            "a kept, a cruft and a bitmapped pack stay, marked or not",
            "k:10 keep baddeltas, c:11 mtimes baddeltas, m:12 bitmap, a:13, b:13, d:12",
            "a b d"),
        strategyCase("promisor packs are no part of it", "p:10 promisor, a:100, b:100", "a b"));
  }

  @ParameterizedTest
  @MethodSource("batchCases")
  void batch(String packs, String taken) {
    assertThat(taken(batch(new BatchSize.Auto(), true), packs)).isEqualTo(taken);
  }

  @Test
  void aNumberTakesMarkedPacksFirstAndNoneThatIsLarge() {
    String packs = "a:30, b:30, c:30, d:30 baddeltas, e:80 baddeltas";
    BatchSize size = new BatchSize.Bytes(70 * KIB);
    assertThat(taken(batch(size, true), packs)).isEqualTo("a b d");
    assertThat(taken(batch(size, false), packs)).isEqualTo("a b c");
  }

  @Test
  void whereNoDeltasAreSearchedAMarkChangesNothing() {
    assertThat(taken(geometric(false), "clone:9000, big:3000 baddeltas, a:100, b:100"))
        .isEqualTo("a b");
    assertThat(taken(batch(new BatchSize.Auto(), false), "a:9000 baddeltas, b:50, c:60"))
        .isEqualTo("b c");
  }

  @Test
  void whatArrivedJustNowIsNoPartOfTheProgression() {
    assertThat(plan(geometric(true), List.of(pack("a:100", 0), pack("b:100", 2))).batches())
        .isEmpty();
  }

  /** What lies beside it was there before it, and the cycle that bundles packs is to repack the bundle. */
  @Test
  void whatWasBundledJustNowIsTaken() {
    List<PackView> packs = List.of(pack("bundle:100 baddeltas", 0), pack("b:100", 2));
    for (RepackSettings settings :
        List.of(geometric(true), batch(new BatchSize.Auto(), true), geometric(false))) {
      assertThat(plan(settings, packs).batches()).as(settings.toString()).hasSize(1);
    }
  }

  @Test
  void whereNoDeltasAreSearchedAMarkedPackAloneStays() {
    assertThat(taken(geometric(false), "a:100 baddeltas")).isEmpty();
    assertThat(taken(batch(new BatchSize.Auto(), false), "a:100 baddeltas")).isEmpty();
  }

  @Test
  void aPackCountsAsLargeAsTheIndexMakesIt() {
    PackView whole = pack("a:1000", 3);
    PackView mostlyElsewhere = new PackView(pack("b:1000", 2).pack(), 1000, 3, Optional.empty());
    assertThat(plan(geometric(true), List.of(whole, mostlyElsewhere)).batches()).isEmpty();
  }

  /** What the last cycle has put together, and mostly of objects that an older pack owns: to copy it costs as much as it has. */
  @Test
  void whereAPackIsToBeTakenWithMoreThanItOwnsThatCounts() {
    PackView last = new PackView(pack("last:5000", 2).pack(), 5000, 100, Optional.empty());
    List<PackView> packs =
        List.of(pack("clone:1000000", 1), last.withTaken(5000), pack("push:150", 3));
    assertThat(plan(geometric(true), packs).batches()).isEmpty();
  }

  @Test
  void eachPackHasItsReason() {
    CyclePlan plan =
        plan(
            geometric(true),
            List.of(
                pack("clone:90000", 7),
                pack("mark:5000 baddeltas", 6),
                pack("close:10200", 5),
                pack("a:100", 4),
                pack("b:150", 3),
                pack("k:10 keep", 2)));
    assertThat(plan.batches().getFirst().taken())
        .extracting(Taken::reason)
        .containsExactly(
            "it was bundled without a search for deltas",
            "what is taken has more than half as many objects",
            "the progression breaks at it or above it",
            "the progression breaks at it or above it");
    assertThat(plan.leftAlone())
        .extracting(LeftAlone::reason)
        .containsExactly(
            "it has a .keep file", "it has at least twice as many objects as the next smaller one");
  }

  /**
   * A pack of the simulation.
   *
   * @param copies how often the objects of one arrival were copied, by the number of objects of that arrival: the most of any
   */
  private record Simulated(PackView view, Map<Long, Integer> copies) {}

  /** A year of fetches, now and then bundled without a search, and cycles at any time in between. */
  @Test
  void overManyDaysTheProgressionHoldsAndNoObjectIsCopiedOften() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Simulated> packs = new ArrayList<>();
    int number = 0;
    long arrived = 0;
    long written = 0;
    for (int hour = 0; hour < 365 * 24; hour++) {
      long objects = 1 + (long) Math.exp(random.nextDouble() * 9);
      arrived += objects;
      boolean marked = random.nextInt(10) == 0;
      packs.add(
          new Simulated(
              pack("p%d:%d%s".formatted(number++, objects, marked ? " baddeltas" : ""), 1),
              Map.of(objects, marked ? 1 : 0)));
      if (random.nextInt(6) > 0) {
        continue;
      }
      List<PackView> views = packs.stream().map(Simulated::view).toList();
      for (Batch batch : plan(geometric(true), views).batches()) {
        written += batch.objects();
        Simulated put = putTogether(packs, batch, "p" + number++, GEOMETRIC_GROWTH, seed);
        packs.removeIf(simulated -> batch.packs().contains(simulated.view()));
        packs.add(put);
      }
      assertProgression(packs, seed);
    }
    String also = "seed %d, %d objects arrived".formatted(seed, arrived);
    assertThat(written).as(also).isLessThan(arrived * steps(arrived, 1, GEOMETRIC_GROWTH));
  }

  private static Simulated putTogether(
      List<Simulated> packs, Batch batch, String name, double growth, long seed) {
    Map<Long, Integer> copies = new HashMap<>();
    packs.stream()
        .filter(simulated -> batch.packs().contains(simulated.view()))
        .forEach(simulated ->
            simulated
                .copies()
                .forEach((first, count) -> copies.merge(first, count + 1, Math::max)));
    batch.packs().stream()
        .filter(view -> !RepackChoice.marked(view))
        .forEach(view ->
            assertThat(view.owned() * growth)
                .as("seed %d, %d of %d objects", seed, view.owned(), batch.objects())
                .isLessThan(batch.objects() + 1));
    // Each copy lies in a pack that is so much larger, save for the one in a bundle, and for one
    // for the mark of that.
    copies.forEach((first, count) ->
        assertThat(count)
            .as("seed %d, %d objects of %d", seed, first, batch.objects())
            .isLessThanOrEqualTo(steps(batch.objects(), first, growth) + 2));
    // What was not searched for deltas takes less once it is.
    long bytes =
        batch.packs().stream()
            .mapToLong(
                view -> Math.ceilDiv(view.expectedBytes(), RepackChoice.marked(view) ? 3 : 1))
            .sum();
    return new Simulated(view(name, batch.objects(), bytes, 1, Map.of()), copies);
  }

  /** A year of fetches every hour, and cycles as often, or once a day. */
  @ParameterizedTest
  @ValueSource(ints = {1, 24})
  void overAYearOfCyclesNoByteIsCopiedOftenAndFewPacksAreThere(int hoursBetween) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long clone = 2 << 20;
    List<PackView> packs = new ArrayList<>(List.of(pack("clone:" + clone, 1)));
    long arrived = 0;
    long written = 0;
    int most = 0;
    for (int hour = 0; hour < 365 * 24; hour++) {
      long objects = 1 + random.nextInt(200);
      arrived += objects;
      packs.add(pack("p%d:%d".formatted(hour, objects), 1));
      if (hour % hoursBetween > 0) {
        continue;
      }
      for (Batch batch : plan(batch(new BatchSize.Auto(), true), packs).batches()) {
        written += batch.objects();
        packs.removeIf(batch.packs()::contains);
        packs.add(view("r" + hour, batch.objects(), batch.expectedBytes(), 1, Map.of()));
      }
      most = Math.max(most, packs.size());
    }
    String also = "seed %d: %d objects arrived, %d written".formatted(seed, arrived, written);
    assertThat(packs).as(also).anyMatch(view -> view.pack().name().equals("clone"));
    assertThat(written).as(also).isLessThan(arrived * MAX_COPIES);
    assertThat(most).as(also).isLessThanOrEqualTo(12);
  }

  /**
   * Pushes of every size, of objects of every size, now and then bundled without a search, and cycles at any time in between: the
   * number of packs grows with the logarithm of what there is, and so does the number of copies of each object.
   */
  @Test
  void whateverIsPushedNoObjectIsCopiedOftenAndFewPacksAreThere() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Simulated> packs = new ArrayList<>();
    long arrived = 0;
    long written = 0;
    for (int push = 0; push < 10_000; push++) {
      long objects = 1 + (long) Math.exp(random.nextDouble() * 8);
      long bytes = objects * (30 + (long) Math.exp(random.nextDouble() * 6));
      arrived += objects;
      boolean marked = random.nextInt(10) == 0;
      Map<Sidecar, FileStamp> mark =
          marked ? Map.of(Sidecar.BAD_DELTAS, stamp("mark", 0, 1)) : Map.of();
      packs.add(
          new Simulated(
              view("p" + push, objects, bytes, 1, mark), Map.of(objects, marked ? 1 : 0)));
      if (random.nextInt(6) > 0) {
        continue;
      }
      List<PackView> views = packs.stream().map(Simulated::view).toList();
      for (Batch batch : plan(batch(new BatchSize.Auto(), true), views).batches()) {
        written += batch.objects();
        Simulated put = putTogether(packs, batch, "r" + push, BATCH_GROWTH, seed);
        packs.removeIf(simulated -> batch.packs().contains(simulated.view()));
        packs.add(put);
      }
      long bytesThere =
          packs.stream().mapToLong(simulated -> simulated.view().expectedBytes()).sum();
      // The largest, what was put together, and what each makes fourfold of: bytes, or objects.
      assertThat(packs.size())
          .as("seed %d: %d objects, %d bytes", seed, arrived, bytesThere)
          .isLessThanOrEqualTo(2 + steps(arrived, 1, 4) + steps(bytesThere, 1, 4));
    }
    assertThat(written).as("seed %d", seed).isLessThan(arrived * steps(arrived, 1, BATCH_GROWTH));
  }

  /** How often a number has to grow by a factor to become another, rounded up. */
  private static int steps(long to, long from, double factor) {
    return (int) Math.ceil(Math.log((double) to / from) / Math.log(factor));
  }

  private static void assertProgression(List<Simulated> packs, long seed) {
    List<Long> ascending =
        packs.stream().map(simulated -> simulated.view().owned()).sorted().toList();
    for (int i = 1; i < ascending.size(); i++) {
      assertThat(ascending.get(i))
          .as("seed %d: %s", seed, ascending)
          .isGreaterThanOrEqualTo(2 * ascending.get(i - 1));
    }
    double doublings = Math.log(ascending.getLast()) / Math.log(2);
    assertThat(ascending.size())
        .as(String.format(Locale.ROOT, "seed %d", seed))
        .isLessThanOrEqualTo((int) doublings + 1);
  }
}
