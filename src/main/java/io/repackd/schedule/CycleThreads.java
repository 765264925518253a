package io.repackd.schedule;

import java.time.Duration;
import org.quartz.spi.ThreadPool;

/**
 * The threads of the cycles: one for each cycle that runs, none while none does, and never more than a limit.
 *
 * <p>Quartz's own pool keeps all its threads for ever and wakes each of them twice a second. Cycles are rare and long, so
 * a new thread for each costs nothing that could be measured, and an idle daemon has none.
 *
 * <p>Quartz's thread asks here for a free place each time round, so this is also where it can be seen to be alive.
 *
 * <p>Public because Quartz calls it by reflection.
 */
public final class CycleThreads implements ThreadPool {
  private int limit;
  private int busy;
  private boolean stopped;

  // The thread of Quartz which starts cycles, as it was last seen here.
  private Thread asking = Thread.currentThread();
  private boolean waiting;
  private long lastAskedNanos = System.nanoTime();

  CycleThreads(int limit) {
    this.limit = limit;
  }

  /** Changes how many cycles run at a time. Those which run already are let run. */
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
  public synchronized boolean runInThread(Runnable cycle) {
    awaitPlace();
    if (stopped) {
      return false;
    }
    try {
      Thread.ofPlatform().name("cycle").daemon().start(() -> runAndLeave(cycle));
      busy++;
      return true;
    } catch (OutOfMemoryError noThread) {
      return false;
    }
  }

  private void runAndLeave(Runnable cycle) {
    try {
      cycle.run();
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
  public synchronized void shutdown(boolean waitForCycles) {
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
