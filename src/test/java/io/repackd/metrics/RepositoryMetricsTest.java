package io.repackd.metrics;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.metrics.DaemonMetrics.RepositoryState;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.PackKind;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class RepositoryMetricsTest {
  private static final Path PROMTOOL = Path.of("/usr/bin/promtool");
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");
  private static final Registration LINUX = TestRegistrations.registration("linux", EVERY_DAY);
  private static final Registration GIT = TestRegistrations.registration("git", EVERY_DAY);

  private static final Measurement BEFORE =
      new Measurement(
          Map.of(PackKind.ORDINARY, 412L, PackKind.KEPT, 1L),
          Map.of(PackKind.ORDINARY, 1_288_490_188L, PackKind.KEPT, 4096L),
          37,
          151_552,
          400,
          10_000_000,
          13,
          0,
          Map.of(KeepOwner.OTHER, 1L),
          Map.of(GarbageKind.TEMPORARY, 2L),
          Map.of(GarbageKind.TEMPORARY, 8192L));

  private static final Measurement AFTER =
      new Measurement(
          Map.of(PackKind.ORDINARY, 2L, PackKind.KEPT, 1L),
          Map.of(PackKind.ORDINARY, 1_181_116_006L, PackKind.KEPT, 4096L),
          37,
          151_552,
          3,
          10_000_000,
          0,
          0,
          Map.of(KeepOwner.OTHER, 1L),
          Map.of(),
          Map.of());

  private final Exposition exposition = new Exposition();
  private final RepositoryMetrics metrics = new RepositoryMetrics(exposition.meters());

  @Test
  void aCycleIsPublishedAsDocumented() throws IOException {
    populate();

    assertThat(sorted(exposition.text())).isEqualTo(golden("exposition.txt"));
  }

  @Test
  void promtoolHasNothingToSay(@TempDir Path directory) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(PROMTOOL), PROMTOOL + " is not installed");
    populate();
    ProcessMetrics.register(exposition.meters());
    Path text = Files.writeString(directory.resolve("metrics"), exposition.text());

    Process promtool =
        new ProcessBuilder(PROMTOOL.toString(), "check", "metrics")
            .redirectInput(text.toFile())
            .redirectErrorStream(true)
            .start();

    assertThat(new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(promtool.waitFor()).isZero();
  }

  @Test
  void aDamagedPackIsCountedWhicheverStepFoundIt() {
    metrics.update(List.of(LINUX));
    metrics.measured(LINUX, BEFORE);
    assertThat(seriesOf("linux"))
        .contains("repackd_verify_failures_total{class=\"pack\",repository=\"linux\",} 0.0");

    metrics.stepFinished(
        LINUX, new StepOutcome(Step.REPACK, Result.DEGRADED, Duration.ofMillis(9), Work.NONE, ""));
    metrics.cycleFinished(
        LINUX, outcome(LINUX, Result.DEGRADED, "pack-damaged", Optional.empty(), Optional.empty()));

    assertThat(seriesOf("linux"))
        .contains("repackd_verify_failures_total{class=\"pack\",repository=\"linux\",} 1.0");
  }

  @Test
  void somethingDamagedThatARoundOfAggregationFoundIsCounted() {
    metrics.update(List.of(LINUX));
    metrics.measured(LINUX, BEFORE);
    assertThat(seriesOf("linux"))
        .contains("repackd_verify_failures_total{class=\"object\",repository=\"linux\",} 0.0");

    metrics.stepFinished(
        LINUX,
        new StepOutcome(Step.AGGREGATE, Result.DEGRADED, Duration.ofMillis(9), Work.NONE, ""));

    assertThat(seriesOf("linux"))
        .contains("repackd_verify_failures_total{class=\"object\",repository=\"linux\",} 1.0")
        .contains("repackd_verify_failures_total{class=\"pack\",repository=\"linux\",} 0.0");
  }

  @Test
  void temporaryKeepsThatWereLeftAreCounted() {
    metrics.update(List.of(LINUX));
    for (long keeps : new long[] {0, 2, 1}) {
      metrics.stepFinished(
          LINUX,
          new StepOutcome(
              Step.RECOVER, Result.OK, Duration.ofMillis(1), new Work(0, 0, 0, 0, 0, keeps), ""));
    }
    assertThat(seriesOf("linux"))
        .contains("repackd_temporary_keeps_removed_total{repository=\"linux\",} 3.0");
  }

  @Test
  void aRepositoryThatCannotBeReadHasNoNumbersButKeepsItsCounters() {
    populate();

    metrics.unreadable(LINUX);

    assertThat(seriesOf("linux"))
        .noneMatch(line -> line.startsWith("repackd_packs{"))
        .noneMatch(line -> line.startsWith("repackd_garbage"))
        .anyMatch(line -> line.startsWith("repackd_cycles_total{"));
  }

  @Test
  void aCycleThatCouldReadNothingTakesTheNumbersAway() {
    populate();

    metrics.cycleFinished(
        LINUX, outcome(LINUX, Result.FAILED, "unreadable", Optional.empty(), Optional.empty()));

    assertThat(seriesOf("linux")).noneMatch(line -> line.startsWith("repackd_packs{"));
  }

  @Test
  void aCycleThatWasLockedOutLeavesTheNumbers() {
    populate();

    metrics.cycleFinished(
        LINUX, outcome(LINUX, Result.SKIPPED, "locked", Optional.empty(), Optional.empty()));

    assertThat(seriesOf("linux")).anyMatch(line -> line.startsWith("repackd_packs{"));
  }

  @Test
  void numbersComeBackWithTheRepository() {
    populate();
    metrics.unreadable(LINUX);

    metrics.measured(LINUX, AFTER);

    assertThat(seriesOf("linux"))
        .contains("repackd_packs{kind=\"ordinary\",repository=\"linux\",} 2.0");
  }

  @Test
  void anUnregisteredRepositoryLosesAllItsSeries() {
    populate();

    metrics.update(List.of(GIT));

    assertThat(seriesOf("linux")).isEmpty();
    assertThat(seriesOf("git")).isNotEmpty();
  }

  @Test
  void whatACycleOfAnUnregisteredRepositoryStillReportsIsDropped() {
    metrics.update(List.of(LINUX));
    metrics.measured(LINUX, BEFORE);
    metrics.update(List.of());

    cycle(LINUX);
    metrics.nextRun(LINUX, NOON);

    assertThat(exposition.text()).isEmpty();
  }

  @Test
  void theLastSuccessBeforeARestartIsPublished() {
    metrics.update(List.of(LINUX));

    metrics.lastSuccess(LINUX, NOON);

    assertThat(seriesOf("linux"))
        .containsExactly(
            "repackd_last_success_timestamp_seconds{repository=\"linux\",} 1.795176E9");
  }

  @Test
  void aSecondCycleIsNothingThatMicrometerWouldWarnOf() {
    Logger micrometer = (Logger) LoggerFactory.getLogger("io.micrometer");
    ListAppender<ILoggingEvent> warnings = new ListAppender<>();
    warnings.start();
    micrometer.addAppender(warnings);
    try {
      metrics.update(List.of(LINUX));
      cycle(LINUX);
      cycle(LINUX);
    } finally {
      micrometer.detachAppender(warnings);
    }

    assertThat(warnings.list)
        .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .isEmpty();
  }

  @Test
  void aRepositoryWithoutANextRunHasNoSuchSeries() {
    populate();

    metrics.noNextRun(LINUX);

    assertThat(seriesOf("linux")).noneMatch(line -> line.startsWith("repackd_next_run"));
  }

  private void populate() {
    DaemonMetrics daemon = new DaemonMetrics(exposition.meters(), "1.2.3", "25.0.1");
    daemon.configurationRead(NOON);
    daemon.repositories(Map.of(RepositoryState.ACTIVE, 2, RepositoryState.UNAVAILABLE, 1));
    metrics.update(List.of(LINUX, GIT));
    cycle(LINUX);
    metrics.nextRun(LINUX, NOON.plusSeconds(3600));
    metrics.repacksWithoutExpiry(LINUX, 0);
    metrics.stepFinished(
        GIT, new StepOutcome(Step.VERIFY, Result.DEGRADED, Duration.ofMillis(40), Work.NONE, ""));
    metrics.cycleFinished(
        GIT, outcome(GIT, Result.DEGRADED, "pack-damaged", Optional.empty(), Optional.empty()));
  }

  private void cycle(Registration registration) {
    metrics.cycleStarted(registration);
    metrics.measured(registration, BEFORE);
    metrics.stepFinished(
        registration,
        new StepOutcome(
            Step.AGGREGATE,
            Result.OK,
            Duration.ofMillis(120),
            new Work(1, 12, 4711, 3_145_728, 800),
            ""));
    metrics.stepFinished(
        registration,
        new StepOutcome(
            Step.WRITE, Result.OK, Duration.ofMillis(500), new Work(0, 0, 0, 280_000_000), ""));
    metrics.stepFinished(
        registration,
        new StepOutcome(Step.VERIFY, Result.OK, Duration.ofSeconds(2), Work.NONE, ""));
    metrics.stepFinished(
        registration,
        new StepOutcome(Step.EXPIRE, Result.OK, Duration.ofMillis(20), new Work(0, 411, 0, 0), ""));
    metrics.stepFinished(
        registration,
        new StepOutcome(
            Step.REPACK,
            Result.OK,
            Duration.ofMinutes(10),
            new Work(1, 0, 123_456, 107_374_182),
            ""));
    metrics.cycleFinished(
        registration,
        outcome(registration, Result.OK, "none", Optional.of(BEFORE), Optional.of(AFTER)));
  }

  private static CycleOutcome outcome(
      Registration registration,
      Result result,
      String reason,
      Optional<Measurement> before,
      Optional<Measurement> after) {
    return new CycleOutcome(
        registration.name(),
        registration.location().objectDirectory(),
        NOON,
        Duration.ofSeconds(603),
        result,
        reason,
        "",
        List.of(),
        before,
        after);
  }

  private List<String> seriesOf(String repository) {
    return exposition
        .text()
        .lines()
        .filter(line -> line.contains("repository=\"" + repository + "\""))
        .toList();
  }

  /** The families in the order of their names; the registry has them in no order. */
  private static String sorted(String text) {
    return Arrays.stream(text.split("(?m)(?=^# HELP )")).sorted().collect(Collectors.joining());
  }

  private static String golden(String name) throws IOException {
    try (InputStream file = RepositoryMetricsTest.class.getResourceAsStream(name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
