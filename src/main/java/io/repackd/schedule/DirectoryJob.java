package io.repackd.schedule;

import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;

/** What Quartz runs when something is due in an object directory. Never two at once in one. */
@DisallowConcurrentExecution
final class DirectoryJob implements Job {
  private final Runnable work;

  DirectoryJob(Runnable work) {
    this.work = work;
  }

  @Override
  public void execute(JobExecutionContext context) {
    work.run();
  }
}
