package io.repackd.schedule;

import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;

/** What Quartz runs when a cycle is due. Never two at once for one object directory. */
@DisallowConcurrentExecution
final class CycleJob implements Job {
  private final Runnable cycle;

  CycleJob(Runnable cycle) {
    this.cycle = cycle;
  }

  @Override
  public void execute(JobExecutionContext context) {
    cycle.run();
  }
}
