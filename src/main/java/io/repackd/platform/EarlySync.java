package io.repackd.platform;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Has a file written through to the disk, on a thread of its own, while there is still something else to do, so that little is
 * left to wait for when it has to be there. Does not take the place of synchronising the file at the end.
 *
 * <p>The kernel tells only once of a write that failed, and may tell it here. So the file may be relied upon only after {@link
 * #await} has returned, too. To be used by one thread.
 */
public final class EarlySync implements AutoCloseable {
  /** Less is written at the end as fast as in between: a sync takes about a millisecond, however little it has to do. */
  public static final long WORTH_BYTES = 8L << 20;

  private final FileChannel channel;
  private long begunAt;
  private @Nullable FutureTask<?> running;

  /**
   * Of a file that is being written.
   *
   * @param channel stays open
   */
  public EarlySync(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Begins if so much has come since it last began that it is worth it, and that is over.
   *
   * @param bytes how much of the file is written by now
   * @throws IOException if the last one failed
   */
  public void written(long bytes) throws IOException {
    if (bytes - begunAt < WORTH_BYTES || (running != null && !running.isDone())) {
      return;
    }
    await();
    begunAt = bytes;
    FutureTask<?> sync =
        new FutureTask<>(() -> {
          channel.force(false);
          return true;
        });
    running = sync;
    Thread.ofPlatform().daemon().name("early-sync").start(sync);
  }

  /**
   * Waits until what was begun is over.
   *
   * @throws IOException if it failed
   */
  public void await() throws IOException {
    if (running != null) {
      FutureTask<?> sync = running;
      running = null;
      Futures.await(sync);
    }
  }

  /** Waits until the file is not used any more. */
  @Override
  public void close() {
    if (running != null) {
      Futures.settle(running);
    }
  }
}
