package io.repackd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class JobThreadsTest {
  private static final Duration AN_HOUR = Duration.ofHours(1);

  private final JobThreads threads = new JobThreads("cycle", 1);

  @Test
  void aThreadThatAskedLatelyIsResponsive() {
    threads.blockForAvailableThreads();

    assertThat(threads.responsive(AN_HOUR)).isTrue();
  }

  @Test
  void aThreadThatIsSilentForTooLongIsNotResponsive() {
    threads.blockForAvailableThreads();

    assertThat(threads.responsive(Duration.ZERO)).isFalse();
  }

  @Test
  void aThreadThatDiedIsNotResponsive() throws InterruptedException {
    Thread quartz = Thread.ofPlatform().start(threads::blockForAvailableThreads);
    quartz.join();

    assertThat(threads.responsive(AN_HOUR)).isFalse();
  }

  @Test
  void aThreadThatWaitsForAPlaceIsResponsiveHoweverLongItWaits() {
    CountDownLatch release = new CountDownLatch(1);
    threads.runInThread(() -> awaitQuietly(release));
    Thread quartz = Thread.ofPlatform().daemon().start(threads::blockForAvailableThreads);
    await().until(() -> quartz.getState() == Thread.State.WAITING);

    assertThat(threads.responsive(Duration.ZERO)).isTrue();
    release.countDown();
    await().until(() -> !quartz.isAlive());
  }

  @Test
  void anInterruptDoesNotMakeRoom() {
    CountDownLatch release = new CountDownLatch(1);
    threads.runInThread(() -> awaitQuietly(release));
    Thread quartz = Thread.ofPlatform().daemon().start(threads::blockForAvailableThreads);
    await().until(() -> quartz.getState() == Thread.State.WAITING);

    quartz.interrupt();

    await().until(() -> !quartz.isInterrupted() && quartz.getState() == Thread.State.WAITING);
    release.countDown();
    await().until(() -> !quartz.isAlive());
  }

  @Test
  void aPlaceIsFreeAgainWhateverTheCycleThrew() {
    threads.runInThread(() -> {
      Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
      throw new IllegalStateException("thrown by a test");
    });

    assertThat(threads.blockForAvailableThreads()).isEqualTo(1);
  }

  @Test
  void aStoppedPoolTakesNothing() {
    threads.shutdown(false);

    assertThat(threads.runInThread(() -> {})).isFalse();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
