package io.repackd.daemon;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.TestRegistrations;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordedRoundTest {
  private static final Registration LINUX = TestRegistrations.registration("linux", EVERY_DAY);
  private static final Registration GIT = TestRegistrations.registration("git", EVERY_DAY);
  private static final Work BUNDLED = new Work(1, 12, 4711, 3 << 20, 800);

  private static final String LINE =
      "INFO step aggregate ok repository=linux packs=1 objects=4711 bytes=3.0MiB deleted=12"
          + " loose_deleted=800 took=0.020s";

  private final FakeCycles cycles = new FakeCycles();
  private final List<StepOutcome> counted = new ArrayList<>();
  private final List<Registration> changed = new ArrayList<>();
  private final LogLines log = new LogLines();
  private final RecordedRound round =
      new RecordedRound(
          cycles,
          new CycleListener() {
            @Override
            public void stepFinished(Registration registration, StepOutcome outcome) {
              counted.add(outcome);
            }
          },
          new CycleLog(),
          changed::add);

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void aRoundThatDidSomethingIsToldAndTheRepositoryCountedAnew() {
    StepOutcome outcome = run(Result.OK, BUNDLED, "");

    assertThat(counted).containsExactly(outcome);
    assertThat(changed).containsExactly(LINUX);
    assertThat(log.lines()).containsExactly(LINE);
    assertThat(cycles.history).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Result.class,
      names = {"OK", "SKIPPED", "CANCELLED"})
  void aRoundThatDidNothingIsNotTold(Result result) {
    run(result, Work.NONE, "aggregate.lock is held by process 4711");

    assertThat(counted).isEmpty();
    assertThat(changed).isEmpty();
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void aRoundThatWasCancelledHalfWayIsTold() {
    run(Result.CANCELLED, BUNDLED, "");

    assertThat(counted).hasSize(1);
    assertThat(changed).containsExactly(LINUX);
    assertThat(log.lines()).containsExactly(LINE.replace(" ok ", " cancelled "));
  }

  @Test
  void aComplaintIsCountedEachTimeAndLoggedOnce() {
    for (int i = 0; i < 3; i++) {
      run(Result.DEGRADED, Work.NONE, "17/f00 is damaged");
      run(Result.SKIPPED, Work.NONE, "locked");
    }
    assertThat(counted).hasSize(3);
    assertThat(log.take())
        .containsExactly(
            "ERROR step aggregate degraded repository=linux detail=\"17/f00 is damaged\""
                + " took=0.020s");

    run(Result.DEGRADED, Work.NONE, "17/f01 is damaged");
    assertThat(log.take()).hasSize(1);
    run(Result.OK, Work.NONE, "");
    run(Result.DEGRADED, Work.NONE, "17/f01 is damaged");
    assertThat(log.take()).hasSize(1);
    assertThat(changed).isEmpty();
  }

  @Test
  void aComplaintOfOneRepositoryIsNewsInAnother() {
    cycles.round =
        (registration, cancellation) ->
            FakeCycles.round(Result.FAILED, Work.NONE, "No space left on device");

    round.run(LINUX, new Cancellation());
    round.run(GIT, new Cancellation());

    assertThat(log.lines()).hasSize(2);
  }

  @Test
  void aComplaintOfARoundThatDidSomethingIsToldEachTime() {
    run(Result.DEGRADED, BUNDLED, "17/f00 is damaged");
    run(Result.DEGRADED, BUNDLED, "17/f00 is damaged");

    assertThat(log.lines()).hasSize(2);
    assertThat(changed).hasSize(2);
  }

  @Test
  void aRoundThatBreaksOffIsAFailureLikeAnother() {
    for (Throwable thrown :
        new Throwable[] {new OutOfMemoryError("x"), new StackOverflowError("y")}) {
      counted.clear();
      cycles.round =
          (registration, cancellation) -> {
            throw sneaky(thrown);
          };

      StepOutcome outcome = round.run(LINUX, new Cancellation());

      assertThat(outcome.result()).isEqualTo(Result.FAILED);
      assertThat(outcome.detail()).isEqualTo(thrown.toString());
      assertThat(counted).containsExactly(outcome);
    }
    assertThat(log.lines()).hasSize(2).allMatch(line -> line.startsWith("ERROR step aggregate"));
  }

  @Test
  void aLookIsThatOfTheCycles() throws IOException {
    assertThat(round.worthwhile(LINUX)).isFalse();
    cycles.worthAggregating = LINUX::equals;
    assertThat(round.worthwhile(LINUX)).isTrue();
    assertThat(round.worthwhile(GIT)).isFalse();
    assertThat(log.lines()).isEmpty();
  }

  private StepOutcome run(Result result, Work work, String detail) {
    StepOutcome outcome = FakeCycles.round(result, work, detail);
    cycles.round = (registration, cancellation) -> outcome;
    assertThat(round.run(LINUX, new Cancellation())).isEqualTo(outcome);
    return outcome;
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> RuntimeException sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
