package io.repackd.daemon;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.TestRegistrations;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.PackKind;
import io.repackd.registry.Registration;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CycleLogTest {
  private static final Registration LINUX = TestRegistrations.registration("linux", EVERY_DAY);

  private static final StepOutcome REPACK =
      new StepOutcome(
          Step.REPACK, Result.OK, Duration.ofMinutes(10), new Work(1, 0, 123_456, 107_374_182), "");

  private static final StepOutcome EXPIRE =
      new StepOutcome(
          Step.EXPIRE, Result.OK, Duration.ofMillis(20), new Work(0, 411, 0, 0), "411 of 412");

  private static final StepOutcome AGGREGATE =
      new StepOutcome(
          Step.AGGREGATE,
          Result.OK,
          Duration.ofMillis(120),
          new Work(1, 12, 4711, 3 << 20, 800),
          "");

  @Test
  void aCycleIsOneLineWithItsNumbersBeforeAndAfter() {
    CycleOutcome outcome =
        outcome(
            Result.OK,
            "none",
            "",
            List.of(REPACK, EXPIRE),
            Optional.of(packs(412, 1_288_490_189)),
            Optional.of(packs(2, 1_181_116_006)));

    assertThat(CycleLog.line(outcome))
        .isEqualTo(
            "cycle ok repository=linux packs=412->2 bytes=1.2GiB->1.1GiB"
                + " written=102MiB deleted=411 took=10m03s");
  }

  @Test
  void aCycleThatUnlinkedLooseObjectsSaysHowMany() {
    CycleOutcome outcome =
        outcome(Result.OK, "none", "", List.of(AGGREGATE), Optional.empty(), Optional.empty());

    assertThat(CycleLog.line(outcome))
        .isEqualTo(
            "cycle ok repository=linux written=3.0MiB deleted=12 loose_deleted=800 took=10m03s");
  }

  @Test
  void aCycleThatCouldNotBeginSaysWhy() {
    CycleOutcome outcome =
        outcome(
            Result.SKIPPED,
            "locked",
            "\"gc.pid\" is held by process 4711",
            List.of(),
            Optional.empty(),
            Optional.empty());

    assertThat(CycleLog.line(outcome))
        .isEqualTo(
            "cycle skipped repository=linux reason=locked"
                + " detail=\"\\\"gc.pid\\\" is held by process 4711\" took=10m03s");
  }

  @Test
  void aStepIsOneLineWithWhatItCounted() {
    assertThat(CycleLog.line(LINUX, REPACK))
        .isEqualTo(
            "step repack ok repository=linux packs=1 objects=123456 bytes=102MiB took=10m00s");
    assertThat(CycleLog.line(LINUX, EXPIRE))
        .isEqualTo("step expire ok repository=linux deleted=411 detail=\"411 of 412\" took=0.020s");
    assertThat(CycleLog.line(LINUX, AGGREGATE))
        .isEqualTo(
            "step aggregate ok repository=linux packs=1 objects=4711 bytes=3.0MiB deleted=12"
                + " loose_deleted=800 took=0.120s");
  }

  static Stream<Arguments> sizes() {
    return Stream.of(
        arguments(0L, "0B"),
        arguments(1023L, "1023B"),
        arguments(1024L, "1.0KiB"),
        arguments(107_374_182L, "102MiB"),
        arguments(Long.MAX_VALUE, "8.0EiB"));
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void sizesAreShort(long bytes, String text) {
    assertThat(LogFields.bytes(bytes)).isEqualTo(text);
  }

  static Stream<Arguments> durations() {
    return Stream.of(
        arguments("PT0S", "0.000s"),
        arguments("PT0.9996S", "0.999s"),
        arguments("PT12.36S", "12.3s"),
        arguments("PT59.99S", "59.9s"),
        arguments("PT10M3S", "10m03s"),
        arguments("PT26H5M", "26h05m"));
  }

  @ParameterizedTest
  @MethodSource("durations")
  void durationsAreShort(Duration duration, String text) {
    assertThat(LogFields.duration(duration)).isEqualTo(text);
  }

  private static Measurement packs(long packs, long bytes) {
    return new Measurement(
        Map.of(PackKind.ORDINARY, packs),
        Map.of(PackKind.ORDINARY, bytes),
        0,
        0,
        0,
        0,
        0,
        0,
        Map.of(),
        Map.of(),
        Map.of());
  }

  private static CycleOutcome outcome(
      Result result,
      String reason,
      String detail,
      List<StepOutcome> steps,
      Optional<Measurement> before,
      Optional<Measurement> after) {
    return new CycleOutcome(
        "linux",
        LINUX.location().objectDirectory(),
        Instant.EPOCH,
        Duration.ofSeconds(603),
        result,
        reason,
        detail,
        steps,
        before,
        after);
  }
}
