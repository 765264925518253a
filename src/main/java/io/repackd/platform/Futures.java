package io.repackd.platform;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/** Waits for work on another thread as if it were done on this one. An interrupt ends no wait: what the work uses is in use. */
public final class Futures {
  private Futures() {}

  /** Some work. */
  public interface Work {
    /** Does it. */
    void run() throws IOException;
  }

  /**
   * Does some work on a thread of its own while other work is done here. When it returns, however it does, both are over.
   *
   * @param name the thread's
   * @param other the work on that thread
   * @param here the work here; what this throws counts before what the other does
   */
  public static void both(String name, Work other, Work here) throws IOException {
    FutureTask<?> running =
        new FutureTask<>(() -> {
          other.run();
          return true;
        });
    Thread.ofPlatform().daemon().name(name).start(running);
    try {
      here.run();
    } finally {
      settle(running);
    }
    await(running);
  }

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
