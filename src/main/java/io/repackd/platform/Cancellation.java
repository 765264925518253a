package io.repackd.platform;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks running work to end: set once by the side that stops, polled by the side that works.
 *
 * <p>Cooperative on purpose. An interrupted thread would have its file channels closed under it, in the middle of a copy.
 *
 * <p>Where work asks, it is also paced ({@link Pacer}), and beside it, it tells how far it has come ({@link Progress}).
 */
public final class Cancellation {
  private final Pacer pacer;
  private final Progress progress;
  private final @Nullable Cancellation outer;
  private volatile boolean requested;

  /** For work which nothing makes wait. */
  public Cancellation() {
    this(Pacer.NONE);
  }

  /** For work that is paced. */
  public Cancellation(Pacer pacer) {
    this(pacer, new Progress(), null);
  }

  private Cancellation(Pacer pacer, Progress progress, @Nullable Cancellation outer) {
    this.pacer = pacer;
    this.progress = progress;
    this.outer = outer;
  }

  /** For a part of other work, which ends with that and may end sooner. A wait is not cut short when only the other work ends. */
  public static Cancellation within(Cancellation outer) {
    return new Cancellation(outer.pacer, outer.progress, outer);
  }

  /** What makes the work wait. */
  public Pacer pacer() {
    return pacer;
  }

  /** How far the work has come. */
  public Progress progress() {
    return progress;
  }

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
    while (!requested() && leftMillis > 0) {
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
    return requested();
  }

  /** Whether the work has been asked to end. */
  public boolean requested() {
    return requested || (outer != null && outer.requested());
  }

  /**
   * Ends the work if that has been asked for. Called at points where nothing is half done, or where what is half done is
   * removed on the way out. May wait for hours, if the work is paced: so it is never called while a lock is held that others need
   * at once, {@code multi-pack-index.lock} above all, nor while files have other names than those under which they are looked for.
   *
   * @throws CancelledException if the work is to end
   */
  public void check() {
    throwIfRequested();
    pacer.pace(this);
    throwIfRequested();
  }

  private void throwIfRequested() {
    if (requested()) {
      throw new CancelledException();
    }
  }
}
