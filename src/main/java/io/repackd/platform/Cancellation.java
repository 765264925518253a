package io.repackd.platform;

import java.time.Duration;

/**
 * Asks running work to end: set once by the side that stops, polled by the side that works.
 *
 * <p>Cooperative on purpose. An interrupted thread would have its file channels closed under it, in the middle of a copy.
 */
public final class Cancellation {
  private volatile boolean requested;

  /** Asks the work to end. */
  public synchronized void request() {
    requested = true;
    notifyAll();
  }

  /**
   * Waits until the work has been asked to end, or some time has passed. An interrupt does not end the wait.
   *
   * @return whether the work has been asked to end
   */
  public synchronized boolean await(Duration time) {
    long deadlineNanos = System.nanoTime() + time.toNanos();
    boolean interrupted = false;
    long leftMillis = time.toMillis();
    while (!requested && leftMillis > 0) {
      try {
        wait(leftMillis);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      leftMillis = Math.ceilDiv(deadlineNanos - System.nanoTime(), 1_000_000);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return requested;
  }

  /** Whether the work has been asked to end. */
  public boolean requested() {
    return requested;
  }

  /**
   * Ends the work if that has been asked for. Called at points where nothing is half done, or where what is half done is
   * removed on the way out.
   *
   * @throws CancelledException if the work is to end
   */
  public void check() {
    if (requested) {
      throw new CancelledException();
    }
  }
}
