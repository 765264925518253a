package io.repackd.schedule;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.quartz.JobBuilder;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.Trigger.TriggerState;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;
import org.quartz.impl.DefaultThreadExecutor;
import org.quartz.impl.DirectSchedulerFactory;
import org.quartz.simpl.RAMJobStore;

/**
 * Quartz as it is used here: one durable job for each object directory, with at most one trigger, which fires once.
 *
 * <p>Nothing is read from {@code quartz.properties}. A trigger whose time passed while the machine slept, or while all
 * places were taken, fires as soon as it can, the one that waits longest first. That is what Quartz calls to ignore misfires;
 * its "fire now" would make all that wait equally late, and then the first in the alphabet goes first each time.
 */
final class Triggers {
  /**
   * How often the thread of Quartz looks at the clock when nothing is due, at the latest. Timed waits do not count the
   * time a machine sleeps, so this is also how soon after waking what was missed is noticed.
   */
  private static final Duration LOOK_AT_CLOCK = Duration.ofSeconds(30);

  /** Three missed looks at the clock: the thread of Quartz hangs. */
  private static final Duration SILENCE = LOOK_AT_CLOCK.multipliedBy(3);

  /** States in which a trigger fires by itself in time. */
  private static final Set<TriggerState> ALIVE =
      EnumSet.of(TriggerState.NORMAL, TriggerState.BLOCKED);

  /** Quartz keeps a register of schedulers by name for the whole process; tests have several. */
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final JobThreads threads;
  private final Scheduler quartz;

  /**
   * Triggers which do not fire yet.
   *
   * @param name what fires: {@code cycle}; the name of its threads
   * @param fired is told the object directory whose trigger fired, on a thread of its own
   * @param maxConcurrent how many run at a time
   */
  Triggers(String name, Consumer<Path> fired, int maxConcurrent) {
    threads = new JobThreads(name, maxConcurrent);
    quartz = create("repackd-" + name + "-" + COUNT.incrementAndGet(), threads);
    quietly(() ->
        quartz.setJobFactory((bundle, scheduler) -> {
          Path objectDirectory = Path.of(bundle.getJobDetail().getKey().getName());
          return new DirectoryJob(() -> fired.accept(objectDirectory));
        }));
  }

  private static Scheduler create(String name, JobThreads threads) {
    try {
      DirectSchedulerFactory factory = DirectSchedulerFactory.getInstance();
      factory.createScheduler(
          name,
          name,
          threads,
          new DefaultThreadExecutor(),
          new RAMJobStore(),
          Map.of(),
          null,
          0,
          LOOK_AT_CLOCK.toMillis(),
          -1,
          false,
          null);
      return factory.getScheduler(name);
    } catch (SchedulerException e) {
      throw new IllegalStateException("cannot create the scheduler: " + e.getMessage(), e);
    }
  }

  void start() {
    quietly(quartz::start);
  }

  void limit(int maxConcurrent) {
    threads.limit(maxConcurrent);
  }

  boolean responsive() {
    return threads.responsive(SILENCE);
  }

  /** Makes the trigger of an object directory fire at the given time and at no other. */
  void set(Path objectDirectory, Instant due) {
    quietly(() -> {
      TriggerKey key = trigger(objectDirectory);
      if (!quartz.checkExists(job(objectDirectory))) {
        quartz.addJob(
            JobBuilder.newJob(DirectoryJob.class)
                .withIdentity(job(objectDirectory))
                .storeDurably()
                .build(),
            false);
      }
      Trigger trigger =
          TriggerBuilder.newTrigger()
              .withIdentity(key)
              .forJob(job(objectDirectory))
              .startAt(Date.from(due))
              .withSchedule(
                  SimpleScheduleBuilder.simpleSchedule()
                      .withMisfireHandlingInstructionIgnoreMisfires())
              .build();
      if (quartz.rescheduleJob(key, trigger) == null) {
        quartz.scheduleJob(trigger);
      }
    });
  }

  /** Takes away the trigger of an object directory. */
  void clear(Path objectDirectory) {
    quietly(() -> quartz.unscheduleJob(trigger(objectDirectory)));
  }

  /** Takes away an object directory. What runs there is let run. */
  void remove(Path objectDirectory) {
    quietly(() -> quartz.deleteJob(job(objectDirectory)));
  }

  /** When the trigger of an object directory fires; empty if it never will. */
  Optional<Instant> due(Path objectDirectory) {
    try {
      TriggerKey key = trigger(objectDirectory);
      Trigger trigger = quartz.getTrigger(key);
      return trigger == null || !ALIVE.contains(quartz.getTriggerState(key))
          ? Optional.empty()
          : Optional.ofNullable(trigger.getNextFireTime()).map(Date::toInstant);
    } catch (SchedulerException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Fires nothing any more. What runs is let run. */
  void stop() {
    quietly(() -> quartz.shutdown(false));
  }

  private static JobKey job(Path objectDirectory) {
    return JobKey.jobKey(objectDirectory.toString());
  }

  private static TriggerKey trigger(Path objectDirectory) {
    return TriggerKey.triggerKey(objectDirectory.toString());
  }

  private interface Action {
    void run() throws SchedulerException;
  }

  /** The job store is in memory: what it could fail with is a mistake in this package. */
  private static void quietly(Action action) {
    try {
      action.run();
    } catch (SchedulerException e) {
      throw new IllegalStateException("the scheduler refused: " + e.getMessage(), e);
    }
  }
}
