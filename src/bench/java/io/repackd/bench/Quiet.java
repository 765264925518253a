package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * Waits until nobody else uses the processors. A busy machine does not slow everybody down alike: who works on all cores loses
 * more than who works on one.
 *
 * @param patience how long to wait at most; then it is measured all the same
 */
record Quiet(Duration patience) {
  /** Half of what the smallest machine, of two processors, loses when one is taken. */
  private static final double MOST_BUSY_SHARE = 0.25;

  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final Pattern SPACES = Pattern.compile(" +");

  /** The columns of {@code /proc/stat} for time in which nothing was done. Source: proc_stat(5). */
  private static final int IDLE = 4;

  private static final int IO_WAIT = 5;

  /** The columns after this one count again what others have counted. */
  private static final int LAST = 8;

  void await() throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < end) {
      long[] before = ticks();
      LockSupport.parkNanos(INTERVAL_NANOS);
      long[] after = ticks();
      long all = sum(after) - sum(before);
      long idle = after[IDLE] - before[IDLE] + after[IO_WAIT] - before[IO_WAIT];
      if (all - idle < all * MOST_BUSY_SHARE) {
        return;
      }
    }
  }

  private static long[] ticks() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/stat"))) {
      String[] words = SPACES.split(lines.findFirst().orElse(""), -1);
      long[] ticks = new long[LAST + 1];
      for (int i = 1; i <= LAST; i++) {
        ticks[i] = Long.parseLong(words[i]);
      }
      return ticks;
    }
  }

  private static long sum(long[] ticks) {
    return Arrays.stream(ticks).sum();
  }
}
