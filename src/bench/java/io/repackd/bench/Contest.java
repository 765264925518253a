package io.repackd.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One job on one sample, done by all contenders in turn. */
final class Contest {
  /** What one contender needed for one job. */
  static final class Score {
    private final List<Long> nanos = new ArrayList<>();
    private PeakMemory peak = new PeakMemory(0, 0);
    private long packBytes;

    /** Every single time, in nanoseconds. */
    List<Long> nanos() {
      return nanos;
    }

    /** The median of the times, in seconds. */
    double medianSeconds() {
      return median(nanos) / 1e9;
    }

    PeakMemory peak() {
      return peak;
    }

    /** The size of the pack that was written, in bytes; 0 if none was. */
    long packBytes() {
      return packBytes;
    }
  }

  /** The middle of some numbers, or the mean of the two in the middle. */
  static double median(List<Long> numbers) {
    long[] sorted = numbers.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  /** Where a run passes this, three runs have to do. */
  private static final long LONG_RUN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final int LONG_RUNS = 3;

  /** A warm JVM does a job so often, and for so long. */
  private static final int LEAST_WARM_UPS = 3;

  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(6);

  /** Either of these is enough: everything has been compiled long since. */
  private static final int MOST_WARM_UPS = 100;

  private static final long LONGEST_WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final Quiet NO_WAIT = new Quiet(Duration.ZERO);

  private final Stage stage;
  private final Job job;
  private final List<Contender> contenders;
  private final Quiet quiet;
  private final boolean coldCache;

  /**
   * A contest.
   *
   * @param coldCache whether each run that counts begins with no file in memory
   */
  Contest(Stage stage, Job job, List<Contender> contenders, Quiet quiet, boolean coldCache) {
    this.coldCache = coldCache;
    this.stage = stage;
    this.job = job;
    this.contenders = List.copyOf(contenders);
    this.quiet = quiet;
  }

  /**
   * Holds the contest.
   *
   * @param runs how often each does the job
   * @return the scores in the order of the contenders
   * @throws IOException if one of them failed, or did it wrong
   */
  Map<Contender, Score> hold(int runs) throws IOException {
    Map<Contender, Score> scores = new LinkedHashMap<>();
    for (Contender contender : contenders) {
      scores.put(contender, new Score());
      if (job == Job.VERIFY) {
        requireWatchful(contender);
      }
      if (contender.needsWarmUp()) {
        warmUp(contender);
      }
    }
    int wanted = runs;
    for (int round = 0; round < wanted; round++) {
      for (Map.Entry<Contender, Score> entry : scores.entrySet()) {
        long nanos = timed(entry.getKey(), quiet, coldCache);
        entry.getValue().nanos.add(nanos);
        if (nanos > LONG_RUN_NANOS) {
          wanted = Math.min(wanted, LONG_RUNS);
        }
      }
    }
    for (Map.Entry<Contender, Score> entry : scores.entrySet()) {
      stage.before(job);
      entry.getValue().peak = entry.getKey().peak(job, stage.repository(job));
      stage.after(job);
      if (!job.isOfIndex()) {
        entry.getValue().packBytes = stage.bundles().judge();
      }
    }
    return scores;
  }

  private void warmUp(Contender contender) throws IOException {
    if (job == Job.UNCHANGED) {
      // A daemon knows an index which is unchanged: it verified it when it was written.
      stage.before(Job.VERIFY);
      contender.run(Job.VERIFY, stage.repository(Job.VERIFY));
    }
    long spent = 0;
    int done = 0;
    long start =
        System.nanoTime(); // laying out what a job begins with may take longer than the job
    while ((done < LEAST_WARM_UPS || spent < WARM_UP_NANOS)
        && done < MOST_WARM_UPS
        && System.nanoTime() - start < LONGEST_WARM_UP_NANOS) {
      spent += timed(contender, NO_WAIT, false);
      done++;
    }
  }

  private long timed(Contender contender, Quiet before, boolean fromDisk) throws IOException {
    stage.before(job);
    if (fromDisk) {
      PageCache.drop();
    }
    before.await();
    long nanos = contender.run(job, stage.repository(job));
    stage.after(job);
    return nanos;
  }

  /** Somebody who verifies fast because he does not look is found out here. */
  private void requireWatchful(Contender contender) throws IOException {
    stage.beforeDamaged();
    try {
      contender.run(job, stage.repository(job));
    } catch (IOException expected) {
      return;
    }
    throw new IOException(contender.label() + " does not see that an index is damaged");
  }
}
