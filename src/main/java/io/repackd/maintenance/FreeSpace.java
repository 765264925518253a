package io.repackd.maintenance;

import io.repackd.config.SafetySettings;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.platform.Cancellation;
import io.repackd.platform.CancelledException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;

/** Sees to it that a new pack finds room, and leaves the reserve. */
final class FreeSpace {
  /** A new pack needs what it writes, and something for the indexes. */
  private static final double FACTOR = 1.2;

  /** Between two looks while something is written: less than it takes to write the usual reserve. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private FreeSpace() {}

  /** Something that takes room. */
  interface Work<T> {
    /** Does it. */
    T run(Cancellation cancellation) throws IOException, StepFailure;
  }

  /**
   * Does what takes room, for as long as that does not touch the reserve.
   *
   * @param work polls the cancellation that it is given
   * @throws StepFailure if it was ended for the disk
   */
  static <T> T watched(
      ObjectDirectory directory, SafetySettings safety, Cancellation outer, Work<T> work)
      throws IOException, StepFailure {
    try (Watch watch = new Watch(directory, safety, outer)) {
      try {
        return work.run(watch.cancellation());
      } catch (CancelledException e) {
        watch.throwIfFull();
        throw e;
      }
    }
  }

  /**
   * Keeps looking while a pack is written, and has the work end when the reserve is touched: others need it more.
   *
   * <p>Asked to end by somebody else, the work ends too.
   */
  static final class Watch implements AutoCloseable {
    private final ObjectDirectory directory;
    private final SafetySettings safety;
    private final Cancellation outer;
    private final Cancellation cancellation;
    private final Cancellation over = new Cancellation();
    private final Thread thread;
    private volatile long tooLittle = -1;

    /** Begins to look. */
    Watch(ObjectDirectory directory, SafetySettings safety, Cancellation outer) {
      this.directory = directory;
      this.safety = safety;
      this.outer = outer;
      this.cancellation = Cancellation.within(outer);
      String name = Thread.currentThread().getName() + ", free space";
      thread = Thread.ofPlatform().daemon().name(name).start(this::look);
    }

    private void look() {
      do {
        if (outer.requested() || reserveIsTouched()) {
          cancellation.request();
          return;
        }
      } while (!over.await(LOOK_EVERY));
    }

    private boolean reserveIsTouched() {
      try {
        long usable = Files.getFileStore(directory.path()).getUsableSpace();
        if (usable < safety.diskReserveBytes()) {
          tooLittle = usable;
        }
      } catch (IOException e) {
        // Whoever writes there hears of it.
      }
      return tooLittle >= 0;
    }

    /** What the work polls. */
    Cancellation cancellation() {
      return cancellation;
    }

    /**
     * Why the work was ended.
     *
     * @throws StepFailure if it was for the disk
     */
    void throwIfFull() throws StepFailure {
      if (tooLittle >= 0) {
        throw new StepFailure(
            Result.SKIPPED,
            "disk",
            "the disk of %s ran full: %s are left, and safety.disk-reserve is %s"
                .formatted(
                    directory.path(),
                    Amounts.bytes(tooLittle),
                    Amounts.bytes(safety.diskReserveBytes())));
      }
    }

    @Override
    public void close() {
      over.request();
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Looks whether there is room.
   *
   * @param bytes about how large the pack will be
   * @param what what it is for, at the beginning of a sentence
   * @throws StepFailure if there is not
   */
  static void require(ObjectDirectory directory, SafetySettings safety, long bytes, String what)
      throws IOException, StepFailure {
    long usable = Files.getFileStore(directory.path()).getUsableSpace();
    double needed = bytes * FACTOR + safety.diskReserveBytes();
    if (usable < needed) {
      throw new StepFailure(
          Result.SKIPPED,
          "disk",
          "%s needs %s free where %s is, and there are %s"
              .formatted(
                  what, Amounts.bytes((long) needed), directory.path(), Amounts.bytes(usable)));
    }
  }
}
