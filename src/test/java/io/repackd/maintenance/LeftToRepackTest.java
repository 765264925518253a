package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.RepackStrategy;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LeftToRepackTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final long MIB = 1 << 20;
  private static final BatchSize AUTO = new BatchSize.Auto();
  private static final BatchSize ALL = new BatchSize.Everything();
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private static BatchSize bytes(long bytes) {
    return new BatchSize.Bytes(bytes);
  }

  private static StoredPack pack(long mebibytes, Duration age, Sidecar... sidecars) {
    String name = "p" + mebibytes + "-" + age;
    Map<Sidecar, FileStamp> files =
        Stream.of(sidecars)
            .collect(Collectors.toMap(each -> each, each -> stamp(each.extension(), 0, age)));
    return new StoredPack(
        name, stamp(name + ".pack", mebibytes * MIB, age), stamp(name + ".idx", 2000, age), files);
  }

  private static FileStamp stamp(String name, long bytes, Duration age) {
    return new FileStamp(Path.of("/p").resolve(name), 1, 1, bytes, NOW.minus(age));
  }

  private static Bundle bundle(StoredPack... packs) {
    return new Bundle(
        PackKind.ORDINARY, List.of(packs), Stream.of(packs).map(StoredPack::name).toList());
  }

  static Stream<Arguments> bundles() {
    StoredPack old = pack(1, Duration.ofDays(1));
    StoredPack aMinuteOld = pack(2, MINUTE);
    StoredPack young = pack(3, Duration.ofSeconds(59));
    StoredPack youngBundle = pack(4, Duration.ZERO, Sidecar.BAD_DELTAS);
    StoredPack huge = pack(2000, Duration.ofDays(2));
    StoredPack large = pack(50, Duration.ofDays(2));
    return Stream.of(
        Arguments.of("packs old enough are left", AUTO, false, bundle(old, aMinuteOld), true),
        Arguments.of(
            "one that is too young has all bundled", AUTO, false, bundle(old, young), false),
        Arguments.of("unless ages do not count", AUTO, true, bundle(old, young), true),
        Arguments.of(
            "a bundle that was written just now is taken",
            AUTO,
            false,
            bundle(old, youngBundle),
            true),
        Arguments.of(
            "more than a batch has room for", AUTO, false, bundle(huge, large, old), false),
        Arguments.of("everything is never too much", ALL, false, bundle(huge, large, old), true),
        Arguments.of(
            "a number is a limit for all", bytes(51 * MIB), false, bundle(large, old), false),
        Arguments.of("below the number", bytes(51 * MIB + 1), false, bundle(large, old), true));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("bundles")
  void whatIsLeftIsTaken(
      String name, BatchSize size, boolean immediately, Bundle bundle, boolean left) {
    RepackSettings settings = new RepackSettings(true, RepackStrategy.BATCH, size, MINUTE, true);
    assertThat(new LeftToRepack(settings, immediately).takes(bundle, NOW)).isEqualTo(left);
    if (left) {
      assertThat(takenBeside(bundle, settings, immediately)).containsAll(bundle.packs());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("bundles")
  void geometricAsksForNoRoom(
      String name, BatchSize size, boolean immediately, Bundle bundle, boolean left) {
    RepackSettings settings = new RepackSettings(true, RepackStrategy.GEOMETRIC, ALL, MINUTE, true);
    boolean young = !immediately && name.contains("too young");
    assertThat(new LeftToRepack(settings, immediately).takes(bundle, NOW)).isEqualTo(!young);
    if (!young) {
      assertThat(takenBeside(bundle, settings, immediately)).containsAll(bundle.packs());
    }
  }

  /** What the planner takes where there are other packs of every size, marked and not, that it could take instead. */
  private static List<StoredPack> takenBeside(
      Bundle bundle, RepackSettings settings, boolean immediately) {
    List<PackView> views = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      StoredPack listed = pack(7L << i, Duration.ofDays(9));
      StoredPack marked = pack(5L << i, Duration.ofDays(8), Sidecar.BAD_DELTAS);
      views.add(new PackView(listed, 1000L << i, 1000L << i, Optional.empty()));
      views.add(new PackView(marked, 1000L << i, 1000L << i, Optional.empty()));
    }
    bundle.packs().forEach(pack -> views.add(PackView.unlisted(pack, 100)));
    Snapshot snapshot =
        new Snapshot(
            NOW,
            TestTraits.DEFAULT,
            views,
            Path.of("/p/multi-pack-index"),
            77,
            Census.NOBODY,
            Evidence.NONE);
    ExpireSettings expire = new ExpireSettings(true, Duration.ofHours(1));
    return CyclePlanner.plan(snapshot, expire, settings, immediately).batches().stream()
        .flatMap(batch -> batch.packs().stream())
        .map(PackView::pack)
        .toList();
  }
}
