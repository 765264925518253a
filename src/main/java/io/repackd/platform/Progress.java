package io.repackd.platform;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How far a piece of work has come: advanced by those who do it, any number of threads, and read by those who tell of it.
 *
 * <p>One thing is under way at a time. What is begun takes the place of what was.
 */
public final class Progress {
  /** The estimate of less than this is worth nothing. */
  private static final Duration TOO_SHORT = Duration.ofSeconds(2);

  private final AtomicLong objects = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private volatile @Nullable Stage stage;

  /** What is under way. */
  private record Stage(String what, long objects, long bytes, long startNanos) {}

  /**
   * A look at it.
   *
   * @param what what is under way, in a few words: {@code searching deltas}
   * @param objects how many objects are done
   * @param allObjects how many there are; 0 if that is not known
   * @param bytes how many bytes are done
   * @param allBytes how many there are; 0 if that is not known
   * @param elapsed since it began
   */
  public record Seen(
      String what, long objects, long allObjects, long bytes, long allBytes, Duration elapsed) {
    /** How much is done, of 100: by bytes, which take the time, or by objects where bytes are not known. */
    public Optional<Integer> percent() {
      if (allBytes > 0) {
        return Optional.of((int) Math.min(100, 100.0 * bytes / allBytes));
      }
      return allObjects > 0
          ? Optional.of((int) Math.min(100, 100.0 * objects / allObjects))
          : Optional.empty();
    }

    /** How long it will take yet, if it goes on like this. */
    public Optional<Duration> left() {
      double done = allBytes > 0 ? (double) bytes / allBytes : (double) objects / allObjects;
      if (elapsed.compareTo(TOO_SHORT) < 0 || !(done > 0) || percent().isEmpty()) {
        return Optional.empty();
      }
      double nanos = elapsed.toNanos() * Math.max(0, 1 - done) / done;
      return Optional.of(Duration.ofNanos((long) Math.min(nanos, Long.MAX_VALUE)));
    }
  }

  /**
   * Something begins.
   *
   * @param what what, in a few words
   * @param allObjects how many objects there are to do; 0 if that is not known
   * @param allBytes how many bytes; 0 if that is not known
   */
  public void begin(String what, long allObjects, long allBytes) {
    stage = null;
    objects.set(0);
    bytes.set(0);
    stage = new Stage(what, allObjects, allBytes, System.nanoTime());
  }

  /** Some more is done. */
  public void advance(long moreObjects, long moreBytes) {
    objects.addAndGet(moreObjects);
    bytes.addAndGet(moreBytes);
  }

  /** Nothing is under way any more. */
  public void end() {
    stage = null;
  }

  /** What is under way and how far it has come; empty if nothing is. */
  public Optional<Seen> look() {
    Stage now = stage;
    return now == null
        ? Optional.empty()
        : Optional.of(
            new Seen(
                now.what(),
                objects.get(),
                now.objects(),
                bytes.get(),
                now.bytes(),
                Duration.ofNanos(System.nanoTime() - now.startNanos())));
  }
}
