package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PauseTest {
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir Path directory;

  @Test
  void aPauseLastsUntilItsTime() throws Exception {
    Pause pause = new Pause(directory.resolve("state"));
    assertThat(pause.inForce(NOON)).isEmpty();
    pause.begin(Optional.of(NOON.plusSeconds(60)));
    // What another process sees.
    Pause same = new Pause(directory.resolve("state"));
    assertThat(same.inForce(NOON)).contains(new Pause.InForce(Optional.of(NOON.plusSeconds(60))));
    assertThat(same.inForce(NOON.plusSeconds(60))).isEmpty();
  }

  @Test
  void aPauseWithoutATimeLastsUntilItIsEnded() throws Exception {
    Pause pause = new Pause(directory);
    pause.begin(Optional.of(NOON.plusSeconds(1)));
    pause.begin(Optional.empty());
    assertThat(pause.inForce(NOON.plusSeconds(1_000_000_000)))
        .contains(new Pause.InForce(Optional.empty()));
    assertThat(pause.end()).isTrue();
    assertThat(pause.end()).isFalse();
    assertThat(pause.inForce(NOON)).isEmpty();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aFileThatNobodyUnderstandsIsAPause() throws Exception {
    Files.writeString(directory.resolve("pause"), "tomorrow");
    assertThat(new Pause(directory).inForce(NOON)).isPresent();
  }
}
