package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.platform.Progress.Seen;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final Progress progress = new Progress();

  @Test
  void whatIsUnderWayIsSeenUntilItEnds() {
    assertThat(progress.look()).isEmpty();
    progress.begin("searching deltas", 400, 0);
    progress.advance(100, 5000);
    progress.advance(1, 1);
    Seen seen = progress.look().orElseThrow();
    assertThat(seen.objects()).isEqualTo(101);
    assertThat(seen.bytes()).isEqualTo(5001);
    assertThat(seen.percent()).contains(25);
    progress.begin("writing", 0, 0);
    assertThat(progress.look().orElseThrow().objects()).isZero();
    assertThat(progress.look().orElseThrow().percent()).isEmpty();
    progress.end();
    assertThat(progress.look()).isEmpty();
  }

  @Test
  void theEstimateGoesByBytes() {
    Seen half = new Seen("writing", 90, 100, 500, 1000, Duration.ofSeconds(30));
    assertThat(half.percent()).contains(50);
    assertThat(half.left()).contains(Duration.ofSeconds(30));
    assertThat(new Seen("writing", 100, 100, 1000, 1000, Duration.ofSeconds(30)).left())
        .contains(Duration.ZERO);
  }

  @Test
  void thereIsNoEstimateFromNothing() {
    assertThat(new Seen("writing", 0, 100, 0, 1000, Duration.ofSeconds(30)).left()).isEmpty();
    assertThat(new Seen("writing", 5, 0, 500, 0, Duration.ofSeconds(30)).left())
        .as("the whole is not known")
        .isEmpty();
    assertThat(new Seen("writing", 50, 100, 500, 1000, Duration.ofSeconds(1)).left())
        .as("it has only begun")
        .isEmpty();
  }
}
