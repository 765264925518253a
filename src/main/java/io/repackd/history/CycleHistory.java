package io.repackd.history;

import io.repackd.config.HistorySettings;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The cycles of the past, in {@code history.jsonl} in the state directory: one line of JSON for each, the newest last.
 *
 * <p>The oldest are forgotten when there are a tenth more than the limit. Of every object directory the newest cycle that
 * began, and the newest that succeeded, are kept however old they are: they say when the next one is due.
 *
 * <p>Safe for several threads, and for several processes with the same state directory, such as the daemon and a {@code once}
 * run by hand. A line that cannot be read, torn by a crash or written by a newer version, is passed over.
 */
public final class CycleHistory {
  private static final String FILE = "history.jsonl";

  private final LineFile file;
  private final LastCycles last;
  private final int maxCycles;
  private final int slack;
  private int appendsUntilCheck;

  /**
   * A history; nothing is read or made yet.
   *
   * @param stateDirectory where it lies; made with the first cycle
   */
  public CycleHistory(Path stateDirectory, HistorySettings settings) {
    this.file = new LineFile(stateDirectory, FILE);
    this.last = new LastCycles(file);
    this.maxCycles = settings.maxCycles();
    this.slack = Math.max(1, maxCycles / 10);
  }

  /**
   * Records a cycle, and waits until it is on the disk.
   *
   * @throws IOException if it cannot be written; the message names the file
   */
  public void append(CycleOutcome cycle) throws IOException {
    String line = CycleJson.line(cycle);
    try {
      file.exclusively(() -> {
        file.append(line);
        if (checkIsDue()) {
          trim();
        }
      });
    } catch (IOException e) {
      throw failure("write", e);
    }
  }

  /**
   * All cycles, the newest last.
   *
   * @throws IOException if the history cannot be read; the message names the file. Having none yet is no error
   */
  public List<CycleOutcome> cycles() throws IOException {
    List<CycleOutcome> cycles = new ArrayList<>();
    try {
      file.read(0, line -> CycleJson.parse(line).ifPresent(cycles::add));
    } catch (IOException e) {
      throw failure("read", e);
    }
    return cycles;
  }

  /**
   * The cycles of one repository, the newest last.
   *
   * @param repository the registered name
   */
  public List<CycleOutcome> cycles(String repository) throws IOException {
    return cycles().stream().filter(cycle -> cycle.repository().equals(repository)).toList();
  }

  /**
   * When the last cycle over an object directory began, whatever became of it. A skipped one did not begin.
   *
   * @throws IOException if the history cannot be read; the message names the file
   */
  public Optional<Instant> lastStarted(Path objectDirectory) throws IOException {
    return last(objectDirectory).map(LastCycles.Times::started);
  }

  /**
   * When the last cycle that ended well began.
   *
   * @throws IOException if the history cannot be read; the message names the file
   */
  public Optional<Instant> lastSuccess(Path objectDirectory) throws IOException {
    return last(objectDirectory).flatMap(LastCycles.Times::succeeded);
  }

  /**
   * How many of the last cycles of an object directory failed or found a pack damaged, one after the other.
   *
   * @throws IOException if the history cannot be read; the message names the file
   */
  public int failuresInARow(Path objectDirectory) throws IOException {
    try {
      return last.failuresInARow(objectDirectory);
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  /**
   * When the cycles of an object directory began that repacked since one last deleted packs.
   *
   * @return the oldest first; at most 100
   * @throws IOException if the history cannot be read; the message names the file
   */
  public List<Instant> repacksWithoutExpiry(Path objectDirectory) throws IOException {
    try {
      return last.repacksWithoutExpiry(objectDirectory);
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  private Optional<LastCycles.Times> last(Path objectDirectory) throws IOException {
    try {
      return last.of(objectDirectory);
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  private IOException failure(String tried, IOException cause) {
    return new IOException(
        "cannot " + tried + " the history " + file.path() + ": " + Reason.of(cause), cause);
  }

  /** The first append of a process looks too: a process that appends once and ends would never come round to it. */
  private synchronized boolean checkIsDue() {
    if (appendsUntilCheck > 0) {
      appendsUntilCheck--;
      return false;
    }
    appendsUntilCheck = slack;
    return true;
  }

  private void trim() throws IOException {
    int[] count = new int[1];
    file.read(0, line -> count[0]++);
    if (count[0] <= maxCycles + slack) {
      return;
    }
    List<String> lines = new ArrayList<>(count[0]);
    file.read(0, lines::add);
    file.replace(worthKeeping(lines));
  }

  private List<String> worthKeeping(List<String> lines) {
    Deque<String> kept = new ArrayDeque<>();
    Set<Path> started = new HashSet<>();
    Set<Path> succeeded = new HashSet<>();
    int newest = 0;
    for (String line : lines.reversed()) {
      Optional<CycleOutcome> cycle = CycleJson.parse(line);
      boolean lastStarted =
          cycle.isPresent()
              && cycle.get().result() != Result.SKIPPED
              && started.add(cycle.get().objectDirectory());
      boolean lastSuccess =
          cycle.isPresent()
              && cycle.get().result() == Result.OK
              && succeeded.add(cycle.get().objectDirectory());
      if (newest < maxCycles || lastStarted || lastSuccess) {
        kept.addFirst(line);
      }
      newest++;
    }
    return List.copyOf(kept);
  }
}
