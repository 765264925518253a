package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class TimerTest {
  private final Timer timer = new Timer();
  private final AtomicInteger count = new AtomicInteger();

  @AfterEach
  void stop() {
    timer.stop();
  }

  @Test
  void whateverIsThrownItIsDoneAgain() {
    try (LogLines log = new LogLines()) {
      timer.every(
          Duration.ofMillis(1),
          "count",
          () -> {
            if (count.incrementAndGet() == 1) {
              throw new StackOverflowError("thrown by a test");
            }
          });

      await().until(() -> count.get() >= 3);
      assertThat(log.lines()).containsExactly("ERROR cannot count");
    }
  }

  @Test
  void whatHangsInTheBackgroundDoesNotHoldUpTheQuick() {
    CountDownLatch hang = new CountDownLatch(1);
    timer.inBackground("hang", () -> awaitQuietly(hang));

    timer.soon("count", count::incrementAndGet);

    await().until(() -> count.get() == 1);
    hang.countDown();
  }

  @Test
  void whatIsAskedForTwiceBeforeItBeginsIsDoneOnce() {
    CountDownLatch hang = new CountDownLatch(1);
    CountDownLatch last = new CountDownLatch(1);
    timer.inBackground("hang", () -> awaitQuietly(hang));
    timer.inBackground("count", count::incrementAndGet);
    timer.inBackground("count", count::incrementAndGet);
    timer.inBackground("end", last::countDown);

    hang.countDown();
    awaitQuietly(last);

    assertThat(count).hasValue(1);
  }

  @Test
  void afterTheEndNothingBegins() {
    timer.stop();

    timer.soon("count", count::incrementAndGet);
    timer.inBackground("count", count::incrementAndGet);

    assertThat(count).hasValue(0);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
