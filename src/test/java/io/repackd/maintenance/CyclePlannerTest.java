package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.maintenance.CyclePlan.ExpireDecision;
import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Hidden;
import io.repackd.platform.ProcessTable.Reader;
import io.repackd.platform.ProcessTable.UsedFile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CyclePlannerTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
  private static final Path PACKS = Path.of("/r/objects/pack");
  private static final Path INDEX = PACKS.resolve("multi-pack-index");
  private static final long INDEX_INODE = 77;
  private static final long MIB = 1 << 20;

  private static PackView owner(String name, int ageMinutes, long bytes, Sidecar... sidecars) {
    return view(name, ageMinutes, bytes, 100, Optional.empty(), sidecars);
  }

  private static PackView unreferenced(String name, Duration since, Sidecar... sidecars) {
    return view(name, 600, MIB, 0, Optional.of(NOW.minus(since)), sidecars);
  }

  private static PackView view(
      String name,
      int ageMinutes,
      long bytes,
      long owned,
      Optional<Instant> since,
      Sidecar... sidecars) {
    Instant modified = NOW.minus(Duration.ofMinutes(ageMinutes));
    Map<Sidecar, FileStamp> files = new HashMap<>();
    for (Sidecar sidecar : sidecars) {
      files.put(sidecar, stamp(name + "." + sidecar.extension(), 0, modified));
    }
    StoredPack pack =
        new StoredPack(
            name,
            stamp(name + ".pack", bytes, modified),
            stamp(name + ".idx", 1000, modified),
            files);
    return new PackView(pack, 100, owned, since);
  }

  private static FileStamp stamp(String name, long bytes, Instant modified) {
    return new FileStamp(PACKS.resolve(name), 1, name.hashCode(), bytes, modified);
  }

  private static MaintenanceSettings settings(BatchSize batchSize) {
    return new MaintenanceSettings(
        true,
        new Schedule.Every(Duration.ofHours(1)),
        Duration.ZERO,
        new MultiPackIndexSettings(true),
        TestRegistrations.AGGREGATE,
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, batchSize, Duration.ofSeconds(5)),
        new SafetySettings(false, 0));
  }

  private static Snapshot snapshot(boolean precious, Census census, PackView... packs) {
    return new Snapshot(
        NOW,
        precious ? TestTraits.PRECIOUS : TestTraits.DEFAULT,
        List.of(packs),
        INDEX,
        INDEX_INODE,
        census,
        Evidence.NONE);
  }

  private static CyclePlan plan(BatchSize batchSize, PackView... packs) {
    Snapshot snapshot = snapshot(false, Census.NOBODY, packs);
    return CyclePlanner.plan(snapshot, settings(batchSize), false);
  }

  private static List<String> batch(CyclePlan plan) {
    assertThat(plan.batches()).hasSizeLessThan(2);
    return plan.batches().stream()
        .flatMap(batch -> batch.packs().stream())
        .map(view -> view.pack().name())
        .toList();
  }

  private static String reason(CyclePlan plan, String pack) {
    return plan.leftAlone().stream()
        .filter(left -> left.pack().pack().name().equals(pack))
        .map(CyclePlan.LeftAlone::reason)
        .findFirst()
        .orElse("it is not left alone");
  }

  private static ExpireDecision expire(PackView pack, Census census, boolean immediately) {
    return CyclePlanner.plan(
            snapshot(false, census, pack, owner("owner", 5, MIB)),
            settings(new BatchSize.Auto()),
            immediately)
        .expire()
        .getFirst();
  }

  private static Census running(String command, Duration ago, UsedFile... files) {
    return new Census(
        List.of(new Reader(42, command, command + " log", NOW.minus(ago), true, Set.of(files))));
  }

  @Test
  void autoTakesAllSmallPacksAndLeavesTheLargest() {
    CyclePlan plan =
        plan(
            new BatchSize.Auto(),
            owner("clone", 9000, 400 * MIB),
            owner("b", 60, MIB),
            owner("a", 120, 8 * MIB),
            owner("c", 30, 2 * MIB));
    assertThat(batch(plan)).containsExactly("a", "b", "c");
    assertThat(reason(plan, "clone")).isEqualTo("it is large");
  }

  @Test
  void autoLeavesWhatIsOutOfProportionToAllThatIsSmaller() {
    CyclePlan plan =
        plan(
            new BatchSize.Auto(),
            owner("clone", 9000, 400 * MIB),
            owner("a", 120, 60 * MIB),
            owner("b", 60, MIB),
            owner("c", 30, 2 * MIB));
    assertThat(batch(plan)).containsExactly("b", "c");
    assertThat(reason(plan, "a"))
        .isEqualTo("it is more than 3 times as large as all smaller ones together");
  }

  @Test
  void autoLeavesWhatHasObjectsOutOfProportionToAllThatIsSmaller() {
    CyclePlan plan =
        plan(
            new BatchSize.Auto(),
            owner("clone", 9000, 400 * MIB),
            owner("a", 120, 6 * MIB),
            view("b", 60, 16 * MIB, 17, Optional.empty()),
            view("c", 30, 16 * MIB, 16, Optional.empty()));
    assertThat(batch(plan)).containsExactly("b", "c");
    assertThat(reason(plan, "a"))
        .isEqualTo("it has more than 3 times as many objects as all smaller ones together");
  }

  @Test
  void autoTakesPacksOfOneSizeAllTogether() {
    PackView[] packs =
        IntStream.range(0, 60)
            .mapToObj(i -> owner("p%02d".formatted(i), i + 1, MIB))
            .toArray(PackView[]::new);
    assertThat(batch(plan(new BatchSize.Auto(), packs))).hasSize(60);
  }

  @Test
  void autoStopsAtTwoGibibytesWithTheOldestFirst() {
    PackView[] packs =
        IntStream.range(0, 30)
            .mapToObj(i -> owner("p%02d".formatted(i), 100 - i, 100 * MIB))
            .toArray(PackView[]::new);
    CyclePlan plan = plan(new BatchSize.Auto(), packs);
    assertThat(batch(plan)).hasSize(21).startsWith("p00").endsWith("p20");
    assertThat(reason(plan, "p21")).isEqualTo("the batch is full");
  }

  @Test
  void aNumberIsGitsRuleForTheBatchSize() {
    CyclePlan plan =
        plan(
            new BatchSize.Bytes(3 * MIB),
            owner("old", 100, 2 * MIB),
            owner("large", 90, 3 * MIB),
            owner("middle", 80, 2 * MIB),
            owner("new", 70, MIB));
    assertThat(batch(plan)).containsExactly("old", "middle");
    assertThat(reason(plan, "large")).isEqualTo("it is large");
    assertThat(reason(plan, "new")).isEqualTo("the batch is full");
  }

  @Test
  void zeroTakesEverything() {
    assertThat(
            batch(
                plan(
                    new BatchSize.Everything(),
                    owner("a", 2, 5000 * MIB),
                    owner("b", 1, 5000 * MIB))))
        .containsExactly("a", "b");
  }

  @Test
  void onePackAloneIsNoBatch() {
    CyclePlan plan = plan(new BatchSize.Auto(), owner("a", 10, MIB), owner("clone", 9, 9 * MIB));
    assertThat(plan.batches()).isEmpty();
    assertThat(reason(plan, "a")).isEqualTo("there is nothing to put it with");
  }

  @Test
  void packsOfOneSecondAreTakenByName() {
    assertThat(
            batch(
                plan(
                    new BatchSize.Everything(),
                    owner("c", 5, MIB),
                    owner("a", 5, MIB),
                    owner("b", 5, MIB))))
        .containsExactly("a", "b", "c");
  }

  @Test
  void whatSomebodyWantsToStayIsNotTaken() {
    CyclePlan plan =
        plan(
            new BatchSize.Everything(),
            owner("kept", 9, MIB, Sidecar.KEEP),
            owner("cruft", 8, MIB, Sidecar.MTIMES),
            owner("bitmap", 7, MIB, Sidecar.BITMAP),
            owner("fresh", 0, MIB),
            owner("a", 6, MIB),
            owner("b", 5, MIB));
    assertThat(batch(plan)).containsExactly("a", "b");
    assertThat(reason(plan, "kept")).isEqualTo("it has a .keep file");
    assertThat(reason(plan, "cruft")).isEqualTo("it is a cruft pack");
    assertThat(reason(plan, "bitmap")).isEqualTo("it has a bitmap");
    assertThat(reason(plan, "fresh")).isEqualTo("it is younger than 5 s");
  }

  @Test
  void promisorPacksHaveABatchOfTheirOwn() {
    CyclePlan plan =
        plan(
            new BatchSize.Everything(),
            owner("a", 4, MIB),
            owner("p", 3, MIB, Sidecar.PROMISOR),
            owner("b", 2, MIB),
            owner("q", 1, MIB, Sidecar.PROMISOR));
    assertThat(plan.batches())
        .extracting(CyclePlan.Batch::kind)
        .containsExactly(PackKind.ORDINARY, PackKind.PROMISOR);
    assertThat(plan.batches().getLast().packs())
        .extracting(view -> view.pack().name())
        .containsExactly("p", "q");
  }

  @Test
  void anUnreferencedPackGoesWhenItsWindowHasPassed() {
    Census nobody = Census.NOBODY;
    assertThat(expire(unreferenced("p", Duration.ofMinutes(61)), nobody, false).delete()).isTrue();
    ExpireDecision young = expire(unreferenced("p", Duration.ofMinutes(15)), nobody, false);
    assertThat(young.delete()).isFalse();
    assertThat(young.reason()).isEqualTo("its safety window lasts another 45 min");
    assertThat(expire(unreferenced("p", Duration.ofMinutes(15)), nobody, true).delete()).isTrue();
  }

  @Test
  void nothingLiftsTheProtectionOfASidecar() {
    Census nobody = Census.NOBODY;
    for (Sidecar sidecar : List.of(Sidecar.KEEP, Sidecar.MTIMES, Sidecar.BITMAP)) {
      PackView pack = unreferenced("p", Duration.ofDays(30), sidecar);
      assertThat(expire(pack, nobody, true).delete()).as(sidecar.toString()).isFalse();
    }
  }

  @Test
  void whoHasThePackOpenKeepsIt() {
    PackView pack = unreferenced("p", Duration.ofDays(1));
    for (String extension : List.of(".pack", ".idx")) {
      UsedFile used = new UsedFile(PACKS.resolve("p" + extension), 5, false);
      ExpireDecision decision = expire(pack, running("cat", Duration.ZERO, used), true);
      assertThat(decision.delete()).isFalse();
      assertThat(decision.reason())
          .isEqualTo("cat log (pid 42) has %s open".formatted(PACKS.resolve("p" + extension)));
    }
  }

  @Test
  void whoReadsASupersededIndexKeepsEverything() {
    PackView pack = unreferenced("p", Duration.ofDays(1));
    UsedFile current = new UsedFile(INDEX, INDEX_INODE, false);
    UsedFile replaced = new UsedFile(INDEX, INDEX_INODE + 1, true);
    assertThat(expire(pack, running("git", Duration.ZERO, current), true).delete()).isTrue();
    assertThat(expire(pack, running("git", Duration.ZERO, replaced), true).reason())
        .isEqualTo("git log (pid 42) reads a superseded multi-pack-index");
  }

  @Test
  void aGitProcessFromBeforeKeepsIt() {
    PackView pack = unreferenced("p", Duration.ofHours(2));
    assertThat(expire(pack, running("git", Duration.ofHours(3)), true).reason())
        .isEqualTo("git log (pid 42) works here since before");
    assertThat(expire(pack, running("git", Duration.ofHours(1)), true).delete()).isTrue();
    assertThat(expire(pack, running("java", Duration.ofHours(3)), true).delete()).isFalse();
    assertThat(expire(pack, running("bash", Duration.ofHours(3)), true).delete()).isTrue();
  }

  @Test
  void aStartThatIsNotKnownToASecondCountsAsBefore() {
    PackView pack = unreferenced("p", Duration.ofHours(2));
    Duration soonAfter = Duration.ofHours(2).minusSeconds(10);
    assertThat(expire(pack, running("git", soonAfter), true).delete()).isFalse();
  }

  private static ExpireDecision expire(PackView pack, Census census, Evidence evidence) {
    Snapshot snapshot = snapshot(false, census, pack, owner("owner", 5, MIB));
    return CyclePlanner.plan(
            snapshot.with(census, evidence),
            new ExpireSettings(true, Duration.ofHours(1), Duration.ofDays(1)),
            settings(new BatchSize.Auto()).repack(),
            false)
        .expire()
        .getFirst();
  }

  private static Evidence evidence(boolean exact, Duration watched, SupersededIndex... indexes) {
    return new Evidence(
        Map.of(), List.of(indexes), exact, Optional.of(NOW.minus(watched)), Optional.empty());
  }

  @Test
  void whereNotEverybodyCanBeSeenTimeAloneDecides() {
    Census closed = Census.none("there is no process table");
    PackView young = unreferenced("p", Duration.ofHours(23));
    assertThat(expire(young, closed, Evidence.NONE).reason())
        .isEqualTo("its safety window lasts another 1 h, because there is no process table");
    assertThat(expire(young, Census.NOBODY, Evidence.NONE).delete()).isTrue();
    PackView old = unreferenced("p", Duration.ofHours(25));
    assertThat(expire(old, closed, Evidence.NONE).delete()).isTrue();
  }

  @Test
  void leasesDoInsteadOfTheProcessTableOnceTheyHaveWatchedAllIndexesForLongEnough() {
    Census closed = Census.none("there is no process table");
    PackView pack = unreferenced("p", Duration.ofHours(2));
    assertThat(expire(pack, closed, evidence(true, Duration.ofHours(25))).delete()).isTrue();
    assertThat(expire(pack, closed, evidence(true, Duration.ofHours(23))).delete()).isFalse();
    assertThat(expire(pack, closed, evidence(false, Duration.ofHours(25))).delete()).isFalse();
  }

  @Test
  void ofTheProcessesOfOthersOnlyThoseThatReadRepositoriesMatterWhereLeasesAreGranted() {
    PackView pack = unreferenced("p", Duration.ofHours(2));
    Census git = new Census(List.of(), List.of(new Hidden(7, "git")), Optional.empty());
    Census other = new Census(List.of(), List.of(new Hidden(8, "sshd")), Optional.empty());
    Duration justNow = Duration.ZERO;
    assertThat(expire(pack, git, evidence(true, justNow)).reason())
        .endsWith("because git (pid 7) cannot be looked into");
    assertThat(expire(pack, other, evidence(true, justNow)).delete()).isTrue();
    assertThat(expire(pack, other, evidence(false, justNow)).reason())
        .endsWith("because sshd (pid 8) cannot be looked into");
  }

  @Test
  void onANetworkFileSystemNothingButTimeDoes() {
    Evidence remote =
        new Evidence(
            Map.of(),
            List.of(),
            true,
            Optional.of(NOW.minus(Duration.ofDays(9))),
            Optional.of("other machines may read it (nfs4)"));
    PackView pack = unreferenced("p", Duration.ofHours(2));
    assertThat(expire(pack, Census.NOBODY, remote).reason()).endsWith("may read it (nfs4)");
    PackView old = unreferenced("p", Duration.ofHours(25));
    assertThat(expire(old, Census.NOBODY, remote).delete()).isTrue();
  }

  @Test
  void whoIsNotSeenKeepsThePackAndIsNamedAsFarAsPossible() {
    Evidence used =
        new Evidence(
            Map.of("p", "somebody who is not seen"),
            List.of(),
            true,
            Optional.of(NOW),
            Optional.empty());
    ExpireDecision decision = expire(unreferenced("p", Duration.ofDays(9)), Census.NOBODY, used);
    assertThat(decision)
        .returns(false, ExpireDecision::delete)
        .returns(true, ExpireDecision::awaitsReader)
        .returns("somebody who is not seen has it open", ExpireDecision::reason);
  }

  @Test
  void theReadersOfASupersededIndexKeepOnlyWhatItLeadsTo() {
    Duration since = Duration.ofHours(2);
    PackView pack = unreferenced("p", since);
    SupersededIndex before = new SupersededIndex(5, "git (pid 7)", Map.of());
    SupersededIndex after =
        new SupersededIndex(6, "git (pid 8)", Map.of("p.idx", NOW.minus(since)));
    SupersededIndex between =
        new SupersededIndex(7, "git (pid 9)", Map.of("p.idx", NOW.minus(Duration.ofHours(9))));
    Duration justNow = Duration.ZERO;
    assertThat(expire(pack, Census.NOBODY, evidence(true, justNow, before, after)).reason())
        .isEqualTo("git (pid 7) reads a superseded multi-pack-index");
    assertThat(expire(pack, Census.NOBODY, evidence(true, justNow, after)).delete()).isTrue();
    assertThat(expire(pack, Census.NOBODY, evidence(true, justNow, between)).delete()).isFalse();
    Census seen = running("git", Duration.ofMinutes(5), new UsedFile(INDEX, 6, true, true));
    assertThat(expire(pack, seen, evidence(true, justNow, after)).delete()).isTrue();
    assertThat(expire(pack, seen, evidence(true, justNow)).delete()).isFalse();
  }

  @Test
  void preciousObjectsAreNeverDeleted() {
    CyclePlan plan =
        CyclePlanner.plan(
            snapshot(true, Census.NOBODY, unreferenced("p", Duration.ofDays(9))),
            settings(new BatchSize.Auto()),
            true);
    assertThat(plan.deletions()).isEmpty();
  }

  @Test
  void aCommandThatMayDeletePacksIsRecognised() {
    for (String arguments :
        List.of("git gc", "git repack -d", "git maintenance run", "git multi-pack-index write")) {
      Census census = new Census(List.of(new Reader(7, "git", arguments, NOW, true, Set.of())));
      assertThat(ReaderRule.foreignMaintenance(census)).as(arguments).isPresent();
    }
    List<String> harmless = new ArrayList<>(Arrays.asList("git log", "git fetch origin", "git"));
    for (String arguments : harmless) {
      Census census = new Census(List.of(new Reader(7, "git", arguments, NOW, true, Set.of())));
      assertThat(ReaderRule.foreignMaintenance(census)).as(arguments).isEmpty();
    }
  }

  /** Only its own mark says what it supersedes: with it gone, that would be bundled once more, and again in each cycle. */
  @Test
  void whatWasBundledIntoAPackGoesBeforeIt() {
    PackView bundle = unreferenced("bundle", Duration.ofDays(1));
    PackView waiting =
        new PackView(bundle.pack(), bundle.objects(), 0, bundle.unreferencedSince(), 41);
    Snapshot snapshot = snapshot(false, Census.NOBODY, waiting);
    MaintenanceSettings settings = settings(new BatchSize.Auto());
    assertThat(CyclePlanner.plan(snapshot, settings, true).expire())
        .extracting(ExpireDecision::reason)
        .containsExactly("41 packs that were bundled into it go first, which only it says");
    assertThat(CyclePlanner.plan(snapshot, settings, true).deletions()).isEmpty();
    // Where no round of aggregation deletes them, they have to become ordinary packs again.
    assertThat(CyclePlanner.plan(snapshot, settings.expire(), settings.repack(), true).deletions())
        .hasSize(1);
  }
}
