package io.repackd.history;

import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.PackKind;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Cycles to write into histories. */
final class Cycles {
  static final Instant START = Instant.parse("2026-11-20T03:00:00Z");

  private Cycles() {}

  static Path objectDirectory(String repository) {
    return Path.of("/srv/git", repository + ".git", "objects");
  }

  /** A cycle that began so many seconds after {@link #START}. */
  static CycleOutcome cycle(String repository, int second, Result result) {
    return new CycleOutcome(
        repository,
        objectDirectory(repository),
        START.plusSeconds(second),
        Duration.ofMillis(1500),
        result,
        CycleOutcome.NO_REASON,
        "",
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  /** A good cycle with one step that wrote or deleted packs. */
  static CycleOutcome cycle(String repository, int second, Step step, long written, long deleted) {
    CycleOutcome cycle = cycle(repository, second, Result.OK);
    StepOutcome.Work work = new StepOutcome.Work(written, deleted, 0, 0);
    return new CycleOutcome(
        cycle.repository(),
        cycle.objectDirectory(),
        cycle.started(),
        cycle.duration(),
        cycle.result(),
        cycle.reason(),
        cycle.detail(),
        List.of(new StepOutcome(step, Result.OK, Duration.ZERO, work, "")),
        cycle.before(),
        cycle.after());
  }

  /** A cycle with something in every field. */
  static CycleOutcome full() {
    return new CycleOutcome(
        "a \"quoted\" name\nwith ü and \u2028",
        objectDirectory("a"),
        START,
        Duration.ofSeconds(90, 123_456_789),
        Result.DEGRADED,
        "pack",
        "pack-1.pack: \u0007 checksum\tmismatch",
        List.of(
            new StepOutcome(
                Step.REPACK,
                Result.OK,
                Duration.ofMillis(250),
                new StepOutcome.Work(1, 2, 3, Long.MAX_VALUE, 5),
                "2 packs"),
            new StepOutcome(
                Step.VERIFY, Result.FAILED, Duration.ZERO, StepOutcome.Work.NONE, "bad")),
        Optional.of(measurement(1)),
        Optional.of(measurement(100)));
  }

  private static Measurement measurement(long base) {
    return new Measurement(
        Map.of(PackKind.ORDINARY, base, PackKind.KEPT, base + 1),
        Map.of(PackKind.ORDINARY, base + 2),
        base + 3,
        base + 4,
        base + 5,
        base + 6,
        base + 7,
        base + 8,
        Map.of(KeepOwner.GIT, base + 9),
        Map.of(GarbageKind.TEMPORARY, base + 10),
        Map.of(GarbageKind.TEMPORARY, base + 11, GarbageKind.LOCK, 0L));
  }
}
