package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * The most memory that a process was seen with.
 *
 * @param anonymousBytes what is its own: heap, stacks, whatever it allocated
 * @param residentBytes that and the pages of mapped files, which the kernel can take back at any time
 */
record PeakMemory(long anonymousBytes, long residentBytes) {
  private static final long INTERVAL_NANOS = 1_000_000;
  private static final long BYTES_PER_KIB = 1024;

  /** Looks at a process once a millisecond, on a thread of its own, until it is closed. */
  static final class Watch implements AutoCloseable {
    private final Path status;
    private final Thread thread = new Thread(this::watch, "peak-memory");
    private volatile boolean closed;
    private long anonymousKib;
    private long residentKib;

    Watch(long pid) {
      status = Path.of("/proc", Long.toString(pid), "status");
      look(); // a short job may be done before the thread has begun
      thread.setDaemon(true);
      thread.start();
    }

    private void watch() {
      while (!closed && look()) {
        LockSupport.parkNanos(INTERVAL_NANOS);
      }
    }

    /** Returns false when there is nothing more to see. */
    private boolean look() {
      try {
        for (String line : Files.readAllLines(status)) {
          if (line.startsWith("VmRSS:")) {
            residentKib = Math.max(residentKib, kib(line));
          } else if (line.startsWith("RssAnon:")) {
            anonymousKib = Math.max(anonymousKib, kib(line));
          }
        }
        return true;
      } catch (IOException e) {
        return false; // it has ended
      }
    }

    private static long kib(String line) {
      return Long.parseLong(line.replaceAll("\\D", ""));
    }

    /** Ends the watch. */
    PeakMemory peak() {
      close();
      return new PeakMemory(anonymousKib * BYTES_PER_KIB, residentKib * BYTES_PER_KIB);
    }

    @Override
    public void close() {
      closed = true;
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
}
