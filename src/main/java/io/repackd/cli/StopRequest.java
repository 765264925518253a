package io.repackd.cli;

import io.repackd.platform.Cancellation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command that is told to stop (SIGINT, SIGTERM) end the step in hand: the virtual machine goes on until the command has
 * closed this, or ten seconds have passed.
 */
final class StopRequest implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 10;

  private final Cancellation cancellation = new Cancellation();
  private final CountDownLatch ended = new CountDownLatch(1);

  StopRequest() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
  }

  Cancellation cancellation() {
    return cancellation;
  }

  private void stop() {
    cancellation.request();
    try {
      // What is not done by then is left as a crash would leave it, and recovered by the next
      // cycle.
      boolean inTime = ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (!inTime) {
        System.err.println("repackd: the step in hand did not end within 10 seconds");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    ended.countDown();
  }
}
