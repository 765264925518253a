package io.repackd.daemon;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the daemon does besides cycles, on two threads. The quick things have one of their own, so that a file system which hangs
 * cannot keep the watchdog hungry or the configuration from being read. The slow ones wait for each other on a thread which
 * exists only while there is something to do.
 */
final class Timer {
  private static final Logger LOG = LoggerFactory.getLogger(Timer.class);

  private static final long KEEP_ALIVE_SECONDS = 1;

  private final ScheduledThreadPoolExecutor quick =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().name("timer").daemon().factory());
  private final ThreadPoolExecutor slow =
      new ThreadPoolExecutor(
          1,
          1,
          KEEP_ALIVE_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().name("background").daemon().factory());
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();

  Timer() {
    slow.allowCoreThreadTimeOut(true);
    quick.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Does something quick again and again, first after one interval. What it throws is logged, and it is done again. */
  void every(Duration interval, String what, Runnable action) {
    var _ =
        quick.scheduleWithFixedDelay(
            guarded(what, action), interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Does something quick now. */
  void soon(String what, Runnable action) {
    try {
      quick.execute(guarded(what, action));
    } catch (RejectedExecutionException e) {
      LOG.debug("too late to {}", what);
    }
  }

  /** Does something slow when what is slow and was asked for before is done. Asked for twice before it begins, it is done once. */
  void inBackground(String what, Runnable action) {
    if (waiting.add(what)) {
      try {
        slow.execute(
            guarded(
                what,
                () -> {
                  waiting.remove(what);
                  action.run();
                }));
      } catch (RejectedExecutionException e) {
        LOG.debug("too late to {}", what);
      }
    }
  }

  /** Begins nothing any more. Waits for nothing: what is slow may hang. */
  void stop() {
    quick.shutdown();
    slow.shutdown();
    slow.getQueue().clear();
  }

  private static Runnable guarded(String what, Runnable action) {
    return () -> {
      try {
        action.run();
      } catch (RuntimeException | Error e) { // An Error would end the repetition in silence.
        LOG.error("cannot {}", what, e);
      }
    };
  }
}
