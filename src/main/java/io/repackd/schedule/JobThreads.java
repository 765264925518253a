package io.repackd.schedule;

import java.time.Duration;
import org.quartz.spi.ThreadPool;

/**
 * The threads of what Quartz starts: one for each cycle or look that runs, none while none does, and never more than a limit.
 *
 * <p>Quartz's own pool keeps all its threads for ever and wakes each of them twice a second. Cycles are rare and long, and
 * looks are a handful a second at most, so a new thread for each costs next to nothing, and an idle daemon has none.
 *
 * <p>Quartz's thread asks here for a free place each time round, so this is also where it can be seen to be alive.
 *
 * <p>Public because Quartz calls it by reflection.
 */
public final class JobThreads implements ThreadPool {
  private final String name;
  private int limit;
  private int busy;
  private boolean stopped;

  // The thread of Quartz which starts jobs, as it was last seen here.
  private Thread asking = Thread.currentThread();
  private boolean waiting;
  private long lastAskedNanos = System.nanoTime();

  /**
   * Threads which do not exist yet.
   *
   * @param name what they are called
   * @param limit how many there are at a time
   */
  JobThreads(String name, int limit) {
    this.name = name;
    this.limit = limit;
  }

  /** Changes how many jobs run at a time. Those which run already are let run. */
  synchronized void limit(int newLimit) {
    limit = newLimit;
    notifyAll();
  }

  /**
   * Whether the thread of Quartz lives and goes its rounds.
   *
   * @param silence how long a round may take
   */
  synchronized boolean responsive(Duration silence) {
    return asking.isAlive() && (waiting || System.nanoTime() - lastAskedNanos < silence.toNanos());
  }

  @Override
  public synchronized int blockForAvailableThreads() {
    asking = Thread.currentThread();
    awaitPlace();
    lastAskedNanos = System.nanoTime();
    return Math.max(1, limit - busy);
  }

  @Override
  public synchronized boolean runInThread(Runnable job) {
    awaitPlace();
    if (stopped) {
      return false;
    }
    try {
      Thread.ofPlatform().name(name).daemon().start(() -> runAndLeave(job));
      busy++;
      return true;
    } catch (OutOfMemoryError noThread) {
      return false;
    }
  }

  private void runAndLeave(Runnable job) {
    try {
      job.run();
    } finally {
      synchronized (this) {
        busy--;
        notifyAll();
      }
    }
  }

  /** Waits for a place. An interrupt is only noted: nothing here ends by one. */
  private void awaitPlace() {
    boolean interrupted = false;
    waiting = true;
    while (busy >= limit && !stopped) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    waiting = false;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void initialize() {}

  @Override
  public synchronized void shutdown(boolean waitForJobs) {
    stopped = true;
    notifyAll();
  }

  @Override
  public synchronized int getPoolSize() {
    return limit;
  }

  @Override
  public void setInstanceId(String id) {}

  @Override
  public void setInstanceName(String name) {}
}
