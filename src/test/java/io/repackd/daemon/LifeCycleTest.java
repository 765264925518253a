package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.daemon.LifeCycle.State;
import io.repackd.web.Health;
import org.junit.jupiter.api.Test;

class LifeCycleTest {
  private final LifeCycle lifeCycle = new LifeCycle();

  @Test
  void itStartsRunsReloadsDrainsAndStops() {
    for (State next :
        new State[] {
          State.RUNNING, State.RELOADING, State.RUNNING, State.DRAINING, State.STOPPED
        }) {
      lifeCycle.enter(next);
      assertThat(lifeCycle.state()).isEqualTo(next);
    }
  }

  @Test
  void whatCannotFollowIsRefused() {
    assertThatThrownBy(() -> lifeCycle.enter(State.RELOADING))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the daemon cannot be RELOADING after STARTING");
    lifeCycle.enter(State.DRAINING);
    assertThatThrownBy(() -> lifeCycle.enter(State.RUNNING))
        .isInstanceOf(IllegalStateException.class);
    assertThat(lifeCycle.state()).isEqualTo(State.DRAINING);
  }

  @Test
  void theEndIsTheEnd() {
    lifeCycle.enter(State.FAILED);

    for (State next : State.values()) {
      assertThatThrownBy(() -> lifeCycle.enter(next)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aReloadThatEndsAfterTheDrainBeganChangesNothing() {
    lifeCycle.enter(State.RUNNING);
    lifeCycle.enter(State.RELOADING);
    lifeCycle.enter(State.DRAINING);

    assertThat(lifeCycle.enterFrom(State.RELOADING, State.RUNNING)).isFalse();
    assertThat(lifeCycle.state()).isEqualTo(State.DRAINING);
  }

  @Test
  void healthFollowsTheState() {
    assertThat(lifeCycle.health()).isEqualTo(new Health(true, false, "starting"));
    lifeCycle.enter(State.RUNNING);
    assertThat(lifeCycle.health()).isEqualTo(new Health(true, true, "running"));
    lifeCycle.enter(State.RELOADING);
    assertThat(lifeCycle.health()).isEqualTo(new Health(true, true, "reloading"));
    lifeCycle.enter(State.DRAINING);
    assertThat(lifeCycle.health()).isEqualTo(new Health(true, false, "draining"));
    lifeCycle.enter(State.STOPPED);
    assertThat(lifeCycle.health()).isEqualTo(new Health(false, false, "stopped"));
  }

  @Test
  void aFailedDaemonIsNotHealthy() {
    lifeCycle.enter(State.FAILED);

    assertThat(lifeCycle.health()).isEqualTo(new Health(false, false, "failed"));
  }
}
