package io.repackd.daemon;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.TestRegistrations;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordedCycleTest {
  private static final Registration LINUX = TestRegistrations.registration("linux", EVERY_DAY);

  private final FakeCycles cycles = new FakeCycles();
  private final List<CycleOutcome> told = new ArrayList<>();
  private final CycleListener listener =
      new CycleListener() {
        @Override
        public void cycleFinished(Registration registration, CycleOutcome outcome) {
          told.add(outcome);
        }
      };

  @Test
  void aCycleIsToldAndRememberedOnce() {
    CycleOutcome outcome = run(listener);

    assertThat(outcome.result()).isEqualTo(Result.OK);
    assertThat(told).containsExactly(outcome);
    assertThat(cycles.history).containsExactly(outcome);
  }

  @Test
  void aCycleThatBreaksOffIsAFailureLikeAnother() {
    for (Throwable thrown :
        new Throwable[] {
          new IllegalStateException("x"), new OutOfMemoryError("y"), new StackOverflowError()
        }) {
      cycles.history.clear();
      told.clear();
      cycles.body =
          (registration, cancellation) -> {
            throw sneaky(thrown);
          };

      CycleOutcome outcome = run(listener);

      assertThat(outcome.result()).isEqualTo(Result.FAILED);
      assertThat(outcome.reason()).isEqualTo("error");
      assertThat(outcome.detail()).isEqualTo(thrown.toString());
      assertThat(told).containsExactly(outcome);
      assertThat(cycles.history).containsExactly(outcome);
    }
  }

  @Test
  void aHistoryThatCannotBeWrittenIsSaidAndNoMore() {
    cycles.diskFull = true;
    try (LogLines log = new LogLines()) {
      assertThat(run(listener).result()).isEqualTo(Result.OK);

      assertThat(log.lines())
          .containsExactly(
              "ERROR cannot write the history: java.io.IOException: No space left on device");
    }
  }

  @Test
  void aListenerThatThrowsHarmsNeitherTheCycleNorTheOthers() {
    CycleListener broken =
        new CycleListener() {
          @Override
          public void cycleFinished(Registration registration, CycleOutcome outcome) {
            throw new IllegalStateException("thrown by a test");
          }
        };
    try (LogLines log = new LogLines()) {
      assertThat(run(new Listeners(broken, listener)).result()).isEqualTo(Result.OK);

      assertThat(told).hasSize(1);
      assertThat(log.lines()).hasSize(1);
    }
  }

  private CycleOutcome run(CycleListener to) {
    return new RecordedCycle(cycles, to, Clock.systemUTC()).run(LINUX, new Cancellation());
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> RuntimeException sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
