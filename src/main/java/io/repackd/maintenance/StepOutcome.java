package io.repackd.maintenance;

import java.time.Duration;

/**
 * What one step did, as measured.
 *
 * @param step which step
 * @param result how it ended
 * @param duration how long it took
 * @param work what was counted
 * @param detail one short phrase for a person: what was done, or why not
 */
public record StepOutcome(Step step, Result result, Duration duration, Work work, String detail) {
  /**
   * What a step counted.
   *
   * @param packsWritten packs published
   * @param packsDeleted packs unlinked
   * @param objectsPacked objects in the packs published
   * @param bytesWritten bytes of all files published
   * @param looseObjectsDeleted loose objects unlinked
   * @param temporaryKeepsRemoved temporary keeps unlinked which a process or cycle that is over had left
   */
  public record Work(
      long packsWritten,
      long packsDeleted,
      long objectsPacked,
      long bytesWritten,
      long looseObjectsDeleted,
      long temporaryKeepsRemoved) {
    /** The work of a step that has nothing to do with loose objects. */
    public Work(long packsWritten, long packsDeleted, long objectsPacked, long bytesWritten) {
      this(packsWritten, packsDeleted, objectsPacked, bytesWritten, 0);
    }

    /** The work of a step that recovers nothing. */
    public Work(
        long packsWritten,
        long packsDeleted,
        long objectsPacked,
        long bytesWritten,
        long looseObjectsDeleted) {
      this(packsWritten, packsDeleted, objectsPacked, bytesWritten, looseObjectsDeleted, 0);
    }

    /** Nothing but keeps that were left. */
    static Work ofTemporaryKeeps(long removed) {
      return new Work(0, 0, 0, 0, 0, removed);
    }

    /** Nothing was written or deleted. */
    public static final Work NONE = new Work(0, 0, 0, 0);

    /** The sums. */
    public Work plus(Work other) {
      return new Work(
          packsWritten + other.packsWritten,
          packsDeleted + other.packsDeleted,
          objectsPacked + other.objectsPacked,
          bytesWritten + other.bytesWritten,
          looseObjectsDeleted + other.looseObjectsDeleted,
          temporaryKeepsRemoved + other.temporaryKeepsRemoved);
    }
  }
}
