package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.TestRegistrations;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.metrics.Exposition;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.registry.Registration;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Repacks every hour, and what they leave may go after an hour. */
class ExpiryWatchTest {
  private static final Instant START = Instant.parse("2026-11-20T03:00:00Z");
  private static final Registration LINUX =
      TestRegistrations.registration("linux", TestRegistrations.EVERY_DAY);

  private final Exposition exposition = new Exposition();
  private final RepositoryMetrics metrics = new RepositoryMetrics(exposition.meters());
  private final FakeCycles cycles = new FakeCycles();
  private ExpiryWatch watch = new ExpiryWatch(cycles, metrics);

  @BeforeEach
  void register() {
    metrics.update(List.of(LINUX));
  }

  private void cycle(int hour, long repacked, long expired) {
    watch.cycleFinished(
        LINUX,
        new CycleOutcome(
            "linux",
            LINUX.location().objectDirectory(),
            START.plus(Duration.ofHours(hour)),
            Duration.ZERO,
            Result.OK,
            CycleOutcome.NO_REASON,
            "",
            List.of(step(Step.EXPIRE, 0, expired), step(Step.REPACK, repacked, 0)),
            Optional.empty(),
            Optional.empty()));
  }

  private static StepOutcome step(Step step, long written, long deleted) {
    return new StepOutcome(
        step, Result.OK, Duration.ZERO, new StepOutcome.Work(written, deleted, 0, 0), "");
  }

  private void assertCount(int count) {
    assertThat(exposition.text())
        .contains("repackd_repacks_without_expiry{repository=\"linux\",} " + count + ".0");
  }

  @Test
  void inTheUsualCourseOfThingsNothingIsCounted() {
    cycle(0, 1, 0);
    assertCount(0);
    for (int hour = 1; hour < 30; hour++) {
      cycle(hour, 1, 3);
      assertCount(0);
    }
  }

  @Test
  void thatNothingIsEverDeletedIsSaidOnceAndSoIsItsEnd() {
    try (LogLines log = new LogLines()) {
      IntStream.range(0, 30).forEach(hour -> cycle(hour, 1, 0));
      assertCount(29);
      assertThat(log.take())
          .singleElement()
          .asString()
          .startsWith("WARN linux was repacked 11 times and no pack was deleted since 2026-11-20");
      cycle(30, 1, 3);
      assertCount(0);
      assertThat(log.take()).containsExactly("INFO packs of linux are deleted again");
    }
  }

  @Test
  void cyclesThatFindNothingToRepackDoNotCount() {
    cycle(0, 1, 0);
    IntStream.range(1, 30).forEach(hour -> cycle(hour, 0, 0));
    assertCount(0);
  }

  @Test
  void whatWasBeforeARestartCounts() {
    FakeCycles remembering =
        new FakeCycles() {
          @Override
          public List<Instant> repacksWithoutExpiry(Path objectDirectory) {
            return IntStream.range(0, 10).mapToObj(h -> START.plus(Duration.ofHours(h))).toList();
          }
        };
    watch = new ExpiryWatch(remembering, metrics);
    try (LogLines log = new LogLines()) {
      cycle(10, 1, 0);
      assertCount(10);
      assertThat(log.take()).hasSize(1);
    }
  }
}
