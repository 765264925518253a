package io.repackd.platform;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Does many pieces of work that wait for the disk. More threads than there are cores pay for them, as {@link AllCores} has none:
 * a disk serves many at a time. When it returns, however it does, no piece is under way any more.
 */
public final class ManyReaders {
  private static final int THREADS = 32;

  /** Less than this is done before the threads have started. */
  private static final long FEW_PIECES = 512;

  private ManyReaders() {}

  /** One piece of work. */
  public interface Piece {
    /** Does the i-th piece. */
    void run(long i) throws IOException;
  }

  /**
   * Does the pieces from 0 to a number less one, in any order. After a failure no further piece is begun.
   *
   * @throws IOException the first failure, if it was one; likewise errors and unchecked exceptions
   */
  public static void forEach(long pieces, Piece piece) throws IOException {
    AtomicLong next = new AtomicLong();
    List<FutureTask<Boolean>> readers = new ArrayList<>();
    for (int i = 0; i < (pieces < FEW_PIECES ? 1 : THREADS); i++) {
      readers.add(
          new FutureTask<>(() -> {
            try {
              for (long at = next.getAndIncrement(); at < pieces; at = next.getAndIncrement()) {
                piece.run(at);
              }
              return true;
            } finally {
              next.set(pieces); // of no effect unless a piece has failed
            }
          }));
    }
    readers.stream().skip(1).forEach(Thread.ofPlatform().daemon().name("reader-", 0)::start);
    readers.getFirst().run();
    readers.forEach(Futures::settle);
    for (FutureTask<Boolean> reader : readers) {
      Futures.await(reader);
    }
  }
}
