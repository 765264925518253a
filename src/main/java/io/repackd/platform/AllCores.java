package io.repackd.platform;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Does many pieces of work on all cores. When it returns, however it does, no piece is under way any more. */
public final class AllCores {
  private AllCores() {}

  /** One piece of work. */
  public interface Piece {
    /** Does the i-th piece. */
    void run(int i) throws IOException;
  }

  /**
   * Does the pieces from 0 to a number less one, in any order. After a failure no further piece is begun.
   *
   * @throws IOException the first failure, if it was one; likewise errors and unchecked exceptions
   */
  public static void forEach(int pieces, Piece piece) throws IOException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    AtomicInteger next = new AtomicInteger();
    int threads = Math.min(pieces, Runtime.getRuntime().availableProcessors());
    // One by one: a stream of all pieces would deal out large parts of them, and in the end one
    // core would wait for another. Caught here: where a piece of a stream fails, the stream ends
    // while others run.
    IntStream.range(0, threads)
        .parallel()
        .forEach(_ -> {
          for (int i = next.getAndIncrement();
              i < pieces && failure.get() == null;
              i = next.getAndIncrement()) {
            try {
              piece.run(i);
            } catch (IOException | RuntimeException | Error e) {
              failure.compareAndSet(null, e);
            }
          }
        });
    Throwable failed = failure.get();
    switch (failed) {
      case null -> {}
      case IOException io -> throw io;
      case RuntimeException runtime -> throw runtime;
      case Error error -> throw error;
      default -> throw new IllegalStateException(failed);
    }
  }
}
