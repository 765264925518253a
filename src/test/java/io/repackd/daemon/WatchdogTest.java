package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WatchdogTest {
  private final AtomicBoolean responsive = new AtomicBoolean(true);
  private final AtomicInteger fed = new AtomicInteger();
  private final Watchdog watchdog = new Watchdog(responsive::get, fed::incrementAndGet);

  @Test
  void itIsFedWhileTheDaemonWorks() {
    watchdog.feed();
    watchdog.feed();

    assertThat(fed).hasValue(2);
  }

  @Test
  void itIsNotFedWhileTheDaemonHangsAndThatIsSaidOnce() {
    try (LogLines log = new LogLines()) {
      responsive.set(false);
      watchdog.feed();
      watchdog.feed();

      assertThat(fed).hasValue(0);
      assertThat(log.take()).hasSize(1);

      responsive.set(true);
      watchdog.feed();
      responsive.set(false);
      watchdog.feed();

      assertThat(fed).hasValue(1);
      assertThat(log.take()).hasSize(1);
    }
  }
}
