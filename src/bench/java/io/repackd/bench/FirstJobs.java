package io.repackd.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How fast a JVM is that has only just been started: what a daemon feels like after a reboot. */
final class FirstJobs {
  private static final int JOBS = 10;

  private final Stage stage;
  private final Distribution distribution;

  FirstJobs(Stage stage, Distribution distribution) {
    this.stage = stage;
    this.distribution = distribution;
  }

  /**
   * Starts a number of JVMs, and lets each write a number of times.
   *
   * @param options more options for the JVM
   * @return the times of the first writes of all JVMs, of the second ones, and so on, in nanoseconds
   */
  List<List<Long>> run(int jvms, List<String> options) throws IOException {
    List<List<Long>> nanos = new ArrayList<>();
    for (int i = 0; i < JOBS; i++) {
      nanos.add(new ArrayList<>());
    }
    for (int jvm = 0; jvm < jvms; jvm++) {
      try (WarmJvm fresh = new WarmJvm("fresh JVM", distribution, options)) {
        for (List<Long> times : nanos) {
          stage.before(Job.WRITE);
          times.add(fresh.run(Job.WRITE, stage.repository(Job.WRITE)));
          stage.after(Job.WRITE);
        }
      }
    }
    return nanos;
  }
}
