package io.repackd.cli;

import io.repackd.maintenance.Amounts;
import io.repackd.platform.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * How far work has come, in one line of a terminal that is written over again and again:
 *
 * <pre>
 * searching deltas: 42% (51800/123456), 43.0 MiB, 2 min 45 s left
 * </pre>
 */
final class ProgressLine implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(500);

  /** ECMA-48: erases to the end of the line. */
  private static final String ERASE = "\u001b[K";

  private final Progress progress;
  private final PrintStream terminal;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private boolean written;

  /** Shows progress until it is closed. */
  ProgressLine(Progress progress, PrintStream terminal) {
    this.progress = progress;
    this.terminal = terminal;
    this.thread = Thread.ofPlatform().daemon().name("progress").start(this::run);
  }

  private void run() {
    try {
      while (!closed.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        show();
      }
    } catch (InterruptedException e) {
      // nobody wants to see more
    }
    erase();
  }

  private void show() {
    Optional<Progress.Seen> seen = progress.look();
    if (seen.isEmpty()) {
      erase();
      return;
    }
    // The cursor goes back, so that a line of the log is written over this one.
    terminal.print(line(seen.get()) + ERASE + "\r");
    terminal.flush();
    written = true;
  }

  private void erase() {
    if (written) {
      terminal.print(ERASE);
      terminal.flush();
      written = false;
    }
  }

  static String line(Progress.Seen seen) {
    StringBuilder line = new StringBuilder(seen.what()).append(':');
    seen.percent().ifPresent(percent -> line.append(' ').append(percent).append('%'));
    line.append(" (").append(seen.objects());
    if (seen.allObjects() > 0) {
      line.append('/').append(seen.allObjects());
    }
    line.append(')');
    if (seen.bytes() > 0) {
      line.append(", ").append(Amounts.bytes(seen.bytes()));
    }
    seen.left()
        .ifPresent(left ->
            line.append(", ")
                .append(Amounts.duration(Duration.ofSeconds(left.toSeconds())))
                .append(" left"));
    return line.toString();
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
