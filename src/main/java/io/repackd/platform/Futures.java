package io.repackd.platform;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Waits for work on another thread as if it were done on this one. An interrupt ends no wait: what the work uses is in use. */
public final class Futures {
  private Futures() {}

  /** The result of the work, or what it threw. */
  public static <T> T await(Future<T> future) throws IOException {
    settle(future);
    if (future.state() == Future.State.SUCCESS) {
      return future.resultNow();
    }
    switch (future.exceptionNow()) {
      case IOException io -> throw io;
      case RuntimeException runtime -> throw runtime;
      case Error error -> throw error;
      case Throwable other -> throw new IllegalStateException(other);
    }
  }

  /** Waits until the work has ended, however it did. */
  public static void settle(Future<?> future) {
    boolean interrupted = false;
    while (!future.isDone()) {
      try {
        future.get();
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException e) {
        break; // the work has ended
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
