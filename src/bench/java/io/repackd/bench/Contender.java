package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Path;

/** Somebody who can do the jobs. */
interface Contender extends AutoCloseable {
  /** What it is called in the table. */
  String label();

  /**
   * Does a job.
   *
   * @return how long it took, in nanoseconds
   * @throws IOException if it failed; with what it complained of
   */
  long run(Job job, Path repository) throws IOException;

  /**
   * Does a job and watches its memory, which takes some of the processor's time.
   *
   * @throws IOException if it failed
   */
  PeakMemory peak(Job job, Path repository) throws IOException;

  /** How often it has to do a job before its times count. */
  default boolean needsWarmUp() {
    return false;
  }

  @Override
  default void close() throws IOException {}
}
