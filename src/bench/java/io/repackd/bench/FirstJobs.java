package io.repackd.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How fast a JVM is that has only just been started: what a daemon feels like after a reboot. */
final class FirstJobs {
  private static final int JOBS = 10;

  private final Stage stage;
  private final Distribution distribution;
  private final Quiet quiet;

  FirstJobs(Stage stage, Distribution distribution, Quiet quiet) {
    this.stage = stage;
    this.distribution = distribution;
    this.quiet = quiet;
  }

  /**
   * Starts a number of JVMs of each kind, in turn, and lets each write a number of times.
   *
   * @return for each kind the times of the first writes of all its JVMs, of the second ones, and so on, in nanoseconds
   */
  Map<String, List<List<Long>>> run(int jvms) throws IOException {
    Map<String, List<String>> kinds = new LinkedHashMap<>();
    kinds.put("without start-up cache", List.of());
    if (distribution.startUpCache().isPresent()) {
      kinds.put("with start-up cache", distribution.startUpOptions());
    }
    Map<String, List<List<Long>>> nanos = new LinkedHashMap<>();
    for (int jvm = 0; jvm < jvms; jvm++) {
      for (Map.Entry<String, List<String>> kind : kinds.entrySet()) {
        try (WarmJvm fresh = new WarmJvm(kind.getKey(), distribution, kind.getValue())) {
          for (int i = 0; i < JOBS; i++) {
            stage.before(Job.WRITE);
            quiet.await();
            long time = fresh.run(Job.WRITE, stage.repository(Job.WRITE));
            stage.after(Job.WRITE);
            timesOf(nanos, kind.getKey(), i).add(time);
          }
        }
      }
    }
    return nanos;
  }

  private static List<Long> timesOf(Map<String, List<List<Long>>> nanos, String kind, int job) {
    List<List<Long>> jobs = nanos.computeIfAbsent(kind, unused -> new ArrayList<>());
    if (job == jobs.size()) {
      jobs.add(new ArrayList<>());
    }
    return jobs.get(job);
  }
}
