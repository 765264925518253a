package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.AggregateSettings;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.AggregatePlan.Decision;
import io.repackd.maintenance.AggregatePlan.LeftAlone;
import io.repackd.maintenance.AggregatePlan.Reason;
import io.repackd.maintenance.AggregateSnapshot.Listed;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock.Moment;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import io.repackd.platform.ProcessTable.UsedFile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AggregatePlannerTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Moment MOMENT = new Moment("this-boot", Duration.ofHours(5));
  private static final Path PACKS = Path.of("/r/objects/pack");
  private static final Path INDEX = PACKS.resolve("multi-pack-index");
  private static final long INDEX_INODE = 77;
  private static final long KIB = 1 << 10;
  private static final long BYTES_FOR_EACH_OBJECT = 28;
  private static final long INDEX_BYTES_OF_NONE = 8 + 1024 + 40;

  private static StoredPack pack(String name, long bytes, Sidecar... sidecars) {
    return pack(name, bytes, 100, Duration.ofHours(1), sidecars);
  }

  private static StoredPack pack(
      String name, long bytes, long objects, Duration age, Sidecar... sidecars) {
    Map<Sidecar, FileStamp> files = new EnumMap<>(Sidecar.class);
    for (Sidecar sidecar : sidecars) {
      files.put(sidecar, stamp(name + "." + sidecar.extension(), 0, age));
    }
    long indexBytes = INDEX_BYTES_OF_NONE + objects * BYTES_FOR_EACH_OBJECT;
    return new StoredPack(
        name, stamp(name + ".pack", bytes, age), stamp(name + ".idx", indexBytes, age), files);
  }

  private static FileStamp stamp(String name, long bytes, Duration age) {
    return new FileStamp(PACKS.resolve(name), 1, name.hashCode(), bytes, NOW.minus(age));
  }

  private static AggregateSettings settings() {
    return settings(3, 50, 1_000_000, 1 << 30, false);
  }

  private static AggregateSettings settings(
      int minPacks, int maxPacks, long maxObjects, long maxBytes, boolean promisor) {
    return new AggregateSettings(
        true,
        Duration.ofSeconds(10),
        minPacks,
        100,
        Duration.ofMinutes(1),
        maxPacks,
        10_000,
        maxObjects,
        maxBytes,
        promisor);
  }

  /** What a plan is made from, to be changed a little. */
  private static final class Scene {
    private final List<StoredPack> packs = new ArrayList<>();
    private final Set<String> listed = new HashSet<>();
    private final Map<String, Supersession> superseded = new HashMap<>();
    private final Set<String> damaged = new HashSet<>();
    private final Set<String> own = new HashSet<>();
    private Optional<String> untold = Optional.empty();
    private Optional<String> foreign = Optional.empty();
    private Census census = Census.NOBODY;

    Scene with(StoredPack... more) {
      packs.addAll(List.of(more));
      return this;
    }

    /** Three packs of a kibibyte, and one that has all of them. */
    static Scene supersededFor(Duration age) {
      Scene scene = new Scene().with(pack("q", 3 * KIB, 300, age, Sidecar.BAD_DELTAS));
      StoredPack by = scene.packs.getFirst();
      for (String name : List.of("a", "b", "c")) {
        scene.with(pack(name, KIB));
        scene.superseded.put(
            name,
            new Supersession(
                by, new Moment(MOMENT.bootId(), MOMENT.sinceBoot().minus(age)), NOW.minus(age)));
      }
      return scene;
    }

    AggregatePlan plan() {
      return plan(settings(), AggregateRequest.SCHEDULED);
    }

    AggregatePlan plan(AggregateSettings settings, AggregateRequest request) {
      return AggregatePlanner.plan(
          new AggregateSnapshot(
              NOW,
              MOMENT,
              HashAlgorithm.SHA1,
              packs,
              new Listed(listed, untold, INDEX, INDEX_INODE),
              superseded,
              damaged,
              own,
              foreign,
              census,
              Evidence.NONE,
              Duration.ofHours(1)),
          settings,
          request);
    }
  }

  private static Scene packsOf(long... kibibytes) {
    Scene scene = new Scene();
    for (int i = 0; i < kibibytes.length; i++) {
      scene.with(pack("p%02d".formatted(i), kibibytes[i] * KIB));
    }
    return scene;
  }

  private static List<String> bundled(AggregatePlan plan) {
    return plan.bundles().stream()
        .flatMap(bundle -> bundle.packs().stream())
        .map(StoredPack::name)
        .sorted()
        .toList();
  }

  private static Reason reason(AggregatePlan plan, String pack) {
    return plan.leftAlone().stream()
        .filter(left -> left.pack().name().equals(pack))
        .map(LeftAlone::reason)
        .findFirst()
        .orElseThrow();
  }

  private static Arguments sentence(String sentence, Scene scene, String... bundled) {
    return Arguments.of(Named.of(sentence, scene), List.of(bundled));
  }

  static Stream<Arguments> growth() {
    return Stream.of(
        sentence("packs of one size are all bundled", packsOf(4, 4, 4), "p00", "p01", "p02"),
        sentence("two packs are fewer than the three that are asked for", packsOf(4, 4)),
        sentence(
            "a pack larger than all the others together is left",
            packsOf(1, 1, 1, 4),
            "p00",
            "p01",
            "p02"),
        sentence(
            "a pack as large as all the others together is taken",
            packsOf(1, 1, 1, 3),
            "p00",
            "p01",
            "p02",
            "p03"),
        sentence("packs each larger than all before it are left", packsOf(1, 2, 4, 8, 16)),
        sentence(
            "two large packs go with the small ones, because together they are worth it",
            packsOf(1, 1, 100, 100),
            "p00",
            "p01",
            "p02",
            "p03"));
  }

  @ParameterizedTest
  @MethodSource("growth")
  void whatIsBundledIsSettledBySizes(Scene scene, List<String> bundled) {
    assertThat(bundled(scene.plan())).isEqualTo(bundled);
  }

  @Test
  void aPackOfTheMultiPackIndexIsLeftToTheRepack() {
    Scene scene = packsOf(1, 1, 1, 1);
    scene.listed.add("p00.idx");
    assertThat(bundled(scene.plan())).containsExactly("p01", "p02", "p03");
    assertThat(reason(scene.plan(), "p00")).isEqualTo(Reason.LISTED);
  }

  static Stream<Arguments> sidecars() {
    return Stream.of(
        Arguments.of(Sidecar.KEEP, Reason.KEPT),
        Arguments.of(Sidecar.MTIMES, Reason.CRUFT),
        Arguments.of(Sidecar.BITMAP, Reason.BITMAP),
        Arguments.of(Sidecar.PROMISOR, Reason.PROMISOR));
  }

  @ParameterizedTest
  @MethodSource("sidecars")
  void aPackWithSuchASidecarIsLeft(Sidecar sidecar, Reason reason) {
    Scene scene = packsOf(1, 1, 1).with(pack("x", KIB, sidecar));
    assertThat(bundled(scene.plan())).containsExactly("p00", "p01", "p02");
    assertThat(reason(scene.plan(), "x")).isEqualTo(reason);
  }

  @Test
  void promisorPacksAreBundledAmongThemselvesIfThatIsWanted() {
    Scene scene = packsOf(1, 1, 1);
    for (String name : List.of("x", "y", "z")) {
      scene.with(pack(name, KIB, Sidecar.PROMISOR));
    }
    AggregatePlan plan =
        scene.plan(settings(3, 50, 1_000_000, 1 << 30, true), AggregateRequest.SCHEDULED);
    assertThat(plan.bundles())
        .extracting(Bundle::kind)
        .containsExactly(PackKind.ORDINARY, PackKind.PROMISOR);
    assertThat(plan.bundles().getLast().packs())
        .extracting(StoredPack::name)
        .containsExactly("x", "y", "z");
  }

  @Test
  void bothKindsTogetherKeepWithinTheLimits() {
    Scene scene = packsOf(1, 1, 1);
    for (String name : List.of("x", "y", "z")) {
      scene.with(pack(name, KIB, Sidecar.PROMISOR));
    }
    AggregatePlan plan =
        scene.plan(settings(3, 5, 1_000_000, 1 << 30, true), AggregateRequest.SCHEDULED);
    assertThat(bundled(plan)).containsExactly("p00", "p01", "p02");
  }

  @Test
  void whatHasJustArrivedWaitsForItsSidecars() {
    Scene scene = packsOf(1, 1, 1).with(pack("x", KIB, 1, Duration.ofSeconds(4)));
    assertThat(reason(scene.plan(), "x")).isEqualTo(Reason.YOUNG);
    scene.own.add("x");
    assertThat(bundled(scene.plan())).contains("x");
  }

  @Test
  void whatARepackUsesIsLeftToIt() {
    Scene scene = packsOf(1, 1, 1, 1);
    AggregateRequest request = new AggregateRequest(false, Optional.of(Set.of("p03")), Set.of());
    assertThat(bundled(scene.plan(settings(), request))).containsExactly("p00", "p01", "p02");
    assertThat(reason(scene.plan(settings(), request), "p03")).isEqualTo(Reason.EXCLUDED);
  }

  @Test
  void aDamagedPackIsLeft() {
    Scene scene = packsOf(1, 1, 1, 1);
    scene.damaged.add("p01");
    assertThat(bundled(scene.plan())).containsExactly("p00", "p02", "p03");
  }

  @Test
  void noRoundTakesMoreThanItMay() {
    Scene scene = packsOf(IntStream.range(0, 60).mapToLong(i -> 1).toArray());
    AggregateRequest request = AggregateRequest.SCHEDULED;
    assertThat(bundled(scene.plan(settings(3, 20, 1_000_000, 1 << 30, false), request)))
        .hasSize(20);
    assertThat(bundled(scene.plan(settings(3, 50, 1000, 1 << 30, false), request))).hasSize(10);
    assertThat(bundled(scene.plan(settings(3, 50, 1_000_000, 7 * KIB, false), request))).hasSize(7);
    assertThat(reason(scene.plan(settings(3, 20, 1_000_000, 1 << 30, false), request), "p59"))
        .isEqualTo(Reason.FULL);
  }

  @Test
  void aPackOfTheLargestSizeIsLarge() {
    Scene scene = packsOf(1, 1, 1, 64);
    AggregatePlan plan =
        scene.plan(settings(3, 50, 1_000_000, 64 * KIB, false), AggregateRequest.SCHEDULED);
    assertThat(reason(plan, "p03")).isEqualTo(Reason.LARGE);
  }

  @Test
  void nothingIsDoneIfItCannotBeToldWhatTheIndexLists() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    scene.with(pack("x", KIB), pack("y", KIB), pack("z", KIB));
    scene.untold = Optional.of("it is a chain");
    assertThat(scene.plan().obstacle()).contains("it is a chain");
    assertThat(scene.plan().bundles()).isEmpty();
    assertThat(scene.plan().due()).isEmpty();
  }

  @Test
  void besideAForeignRepackNothingIsDoneUnlessItIsKnownWhatItUses() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    scene.with(pack("x", KIB), pack("y", KIB), pack("z", KIB));
    scene.foreign = Optional.of("git (pid 1): git repack");
    scene.census = running("git repack -d", Duration.ofHours(2));
    assertThat(scene.plan().obstacle()).contains("git (pid 1): git repack is running");
    assertThat(scene.plan().bundles()).isEmpty();
    assertThat(scene.plan().due()).isEmpty();
    AggregatePlan known =
        scene.plan(settings(), new AggregateRequest(false, Optional.of(Set.of("a")), Set.of()));
    assertThat(bundled(known)).containsExactly("q", "x", "y", "z");
    assertThat(known.due()).extracting(d -> d.pack().name()).containsExactly("b", "c");
  }

  @Test
  void aBundleSupersedesAlsoWhatItsPacksSupersede() {
    Scene scene = Scene.supersededFor(Duration.ofSeconds(10));
    scene.with(pack("x", KIB), pack("y", KIB), pack("z", KIB));
    assertThat(bundled(scene.plan())).containsExactly("q", "x", "y", "z");
    assertThat(scene.plan().bundles().getFirst().supersedes())
        .containsExactlyInAnyOrder("q", "x", "y", "z", "a", "b", "c");
  }

  private static Census running(String arguments, Duration ago, UsedFile... files) {
    return new Census(
        List.of(new Reader(42, "git", arguments, NOW.minus(ago), true, Set.of(files))));
  }

  private static String whyNot(Scene scene) {
    return scene.plan().superseded().stream()
        .filter(decision -> decision.pack().name().equals("a"))
        .map(Decision::reason)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aSupersededPackGoesWhenItsTimeHasCome() {
    assertThat(whyNot(Scene.supersededFor(Duration.ofSeconds(59))))
        .isEqualTo("it stays for another 1 s");
    assertThat(Scene.supersededFor(Duration.ofSeconds(60)).plan().due()).hasSize(3);
    AggregateRequest immediately = new AggregateRequest(true, Optional.empty(), Set.of());
    assertThat(Scene.supersededFor(Duration.ZERO).plan(settings(), immediately).due()).hasSize(3);
  }

  @Test
  void neitherOfTheTwoClocksAloneMakesAPackOld() {
    Scene scene = Scene.supersededFor(Duration.ZERO);
    StoredPack by = scene.packs.getFirst();
    Moment longAgo = new Moment(MOMENT.bootId(), Duration.ofHours(1));
    scene.superseded.put("a", new Supersession(by, longAgo, NOW));
    scene.superseded.put("b", new Supersession(by, MOMENT, NOW.minus(Duration.ofDays(1))));
    Moment before = new Moment("another-boot", Duration.ofHours(900));
    scene.superseded.put("c", new Supersession(by, before, NOW.minus(Duration.ofDays(1))));
    assertThat(scene.plan().due()).extracting(d -> d.pack().name()).containsExactly("c");
  }

  @Test
  void aMomentToComeWasToldByAnotherClock() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    StoredPack by = scene.packs.getFirst();
    Moment toCome = new Moment(MOMENT.bootId(), Duration.ofHours(900));
    scene.superseded.put("a", new Supersession(by, toCome, NOW.minus(Duration.ofMinutes(2))));
    scene.superseded.put("b", new Supersession(by, toCome, NOW.minus(Duration.ofSeconds(2))));
    assertThat(scene.plan().due()).extracting(d -> d.pack().name()).containsExactly("a", "c");
  }

  @Test
  void aSupersededPackThatTheIndexListsStays() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    scene.listed.add("a.idx");
    assertThat(whyNot(scene)).isEqualTo("the multi-pack-index lists it");
  }

  @Test
  void aPackStaysWhileWhatSupersedesItIsSupersededItself() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    StoredPack last = pack("r", 9 * KIB, Sidecar.BAD_DELTAS);
    scene.with(last).superseded.put("q", new Supersession(last, MOMENT, NOW));
    assertThat(whyNot(scene)).isEqualTo("q is superseded itself");
  }

  /** What was repacked is the cycle's, and what was written of it says so. */
  @Test
  void whatWasRepackedIsNeitherBundledNorDeleted() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    StoredPack by = scene.packs.getFirst();
    for (String name : List.of("a", "b", "c")) {
      Supersession whole =
          new Supersession(
              by, new Moment("another-boot", Duration.ZERO), NOW.minus(Duration.ofDays(1)));
      scene.superseded.put(name, new Supersession(by, whole.claims(), false));
    }
    AggregatePlan plan = scene.plan();
    assertThat(plan.superseded()).isEmpty();
    assertThat(plan.bundles()).isEmpty();
    assertThat(plan.leftAlone())
        .extracting(left -> left.pack().name() + " " + left.reason())
        .containsExactlyInAnyOrder("q REPACKED", "a SUPERSEDED", "b SUPERSEDED", "c SUPERSEDED");
  }

  @Test
  void aPackIsNotDeletedIfEitherIsDamaged() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    scene.damaged.add("q");
    assertThat(scene.plan().due()).isEmpty();
  }

  @Test
  void whoeverHasItOpenKeepsIt() {
    for (String file : List.of("a.pack", "a.idx", "tmp_hidden_a")) {
      Scene scene = Scene.supersededFor(Duration.ofHours(1));
      UsedFile used = new UsedFile(PACKS.resolve(file), 5, false);
      scene.census = running("git log", Duration.ofMinutes(1), used);
      assertThat(whyNot(scene))
          .isEqualTo("git log (pid 42) has %s open".formatted(PACKS.resolve(file)));
      assertThat(scene.plan().due()).hasSize(2);
    }
  }

  @Test
  void whoeverReadsAnOlderIndexKeepsAll() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    UsedFile old = new UsedFile(INDEX, INDEX_INODE + 1, true);
    scene.census = running("git log", Duration.ofMinutes(1), old);
    assertThat(scene.plan().due()).isEmpty();
  }

  @Test
  void whoeverMayHaveListedThePacksBeforeKeepsAll() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    scene.census = running("git log", Duration.ofMinutes(61));
    assertThat(whyNot(scene)).isEqualTo("git log (pid 42) works here since before");
    scene.census = running("git log", Duration.ofMinutes(59));
    assertThat(scene.plan().due()).hasSize(3);
  }

  @Test
  void aRepackThatIsKnownKeepsOnlyWhatItHasOpen() {
    Scene scene = Scene.supersededFor(Duration.ofHours(1));
    UsedFile used = new UsedFile(PACKS.resolve("b.pack"), 5, false);
    scene.census = running("git pack-objects --all", Duration.ofHours(2), used);
    AggregatePlan plan =
        scene.plan(settings(), new AggregateRequest(false, Optional.of(Set.of()), Set.of()));
    assertThat(plan.due()).extracting(d -> d.pack().name()).containsExactly("a", "c");
  }
}
