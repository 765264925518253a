package io.repackd.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.repackd.config.HistorySettings;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CycleHistoryTest {
  @TempDir Path directory;

  @Test
  void withoutAFileThereIsNoHistory() throws IOException {
    CycleHistory history = history(10);

    assertThat(history.cycles()).isEmpty();
    assertThat(history.lastStarted(Cycles.objectDirectory("a"))).isEmpty();
    assertThat(state()).doesNotExist();
  }

  @Test
  void cyclesComeBackNewestLastAndByRepository() throws IOException {
    CycleHistory history = history(10);
    history.append(Cycles.cycle("a", 1, Result.OK));
    history.append(Cycles.full());
    history.append(Cycles.cycle("a", 2, Result.FAILED));

    assertThat(history(10).cycles())
        .containsExactly(
            Cycles.cycle("a", 1, Result.OK), Cycles.full(), Cycles.cycle("a", 2, Result.FAILED));
    assertThat(history(10).cycles("a"))
        .containsExactly(Cycles.cycle("a", 1, Result.OK), Cycles.cycle("a", 2, Result.FAILED));
  }

  @Test
  void theLastCycleIsKnownAfterARestart() throws IOException {
    CycleHistory history = history(10);
    history.append(Cycles.cycle("a", 1, Result.OK));
    history.append(Cycles.cycle("a", 2, Result.FAILED));
    history.append(Cycles.cycle("a", 3, Result.SKIPPED));
    history.append(Cycles.cycle("b", 4, Result.CANCELLED));

    CycleHistory restarted = history(10);
    assertThat(restarted.lastStarted(Cycles.objectDirectory("a")))
        .contains(Cycles.START.plusSeconds(2));
    assertThat(restarted.lastSuccess(Cycles.objectDirectory("a")))
        .contains(Cycles.START.plusSeconds(1));
    assertThat(restarted.lastStarted(Cycles.objectDirectory("b")))
        .contains(Cycles.START.plusSeconds(4));
    assertThat(restarted.lastSuccess(Cycles.objectDirectory("b"))).isEmpty();
    assertThat(restarted.lastStarted(Cycles.objectDirectory("c"))).isEmpty();
  }

  @Test
  void failuresInARowAreCountedAlsoOverARestart() throws IOException {
    CycleHistory history = history(10);
    Path a = Cycles.objectDirectory("a");
    assertThat(history.failuresInARow(a)).isZero();
    history.append(Cycles.cycle("a", 1, Result.FAILED));
    history.append(Cycles.cycle("a", 2, Result.OK));
    history.append(Cycles.cycle("a", 3, Result.FAILED));
    history.append(Cycles.cycle("b", 4, Result.OK));
    history.append(Cycles.cycle("a", 5, Result.SKIPPED));
    history.append(Cycles.cycle("a", 6, Result.CANCELLED));
    history.append(Cycles.cycle("a", 7, Result.DEGRADED));
    assertThat(history.failuresInARow(a)).isEqualTo(2);
    assertThat(history(10).failuresInARow(a)).isEqualTo(2);
    assertThat(history.failuresInARow(Cycles.objectDirectory("b"))).isZero();
    history.append(Cycles.cycle("a", 8, Result.OK));
    assertThat(history.failuresInARow(a)).isZero();
  }

  @Test
  void whenAFileIsReadAnewNothingIsCountedTwice() throws IOException {
    CycleHistory daemon = history(2);
    CycleHistory once = history(2);
    for (int second = 0; second < 20; second++) {
      once.append(Cycles.cycle("a", second, Result.FAILED));
      assertThat(daemon.failuresInARow(Cycles.objectDirectory("a")))
          .isBetween(1, once.cycles().size());
    }
  }

  @Test
  void repacksAreRememberedUntilPacksAreDeleted() throws IOException {
    CycleHistory history = history(10);
    history.append(Cycles.cycle("a", 1, Step.REPACK, 1, 0));
    history.append(Cycles.cycle("a", 2, Step.REPACK, 0, 0));
    history.append(Cycles.cycle("a", 3, Step.AGGREGATE, 1, 5));
    history.append(Cycles.cycle("a", 4, Step.REPACK, 1, 0));
    assertThat(history(10).repacksWithoutExpiry(Cycles.objectDirectory("a")))
        .containsExactly(Cycles.START.plusSeconds(1), Cycles.START.plusSeconds(4));
    history.append(Cycles.cycle("a", 5, Step.EXPIRE, 0, 1));
    assertThat(history(10).repacksWithoutExpiry(Cycles.objectDirectory("a"))).isEmpty();
  }

  @Test
  void whatAnotherProcessAppendsIsSeenAlsoAfterItTrimmed() throws IOException {
    CycleHistory daemon = history(2);
    daemon.append(Cycles.cycle("a", 1, Result.OK));
    assertThat(daemon.lastStarted(Cycles.objectDirectory("a")))
        .contains(Cycles.START.plusSeconds(1));

    CycleHistory once = history(2);
    for (int second = 2; second < 20; second++) {
      once.append(Cycles.cycle("b", second, Result.OK));
      assertThat(daemon.lastStarted(Cycles.objectDirectory("b")))
          .contains(Cycles.START.plusSeconds(second));
    }
    assertThat(daemon.lastStarted(Cycles.objectDirectory("a")))
        .contains(Cycles.START.plusSeconds(1));
  }

  @Test
  void theOldestAreForgottenButForTheLastOfEachRepository() throws IOException {
    CycleHistory history = history(20);
    history.append(Cycles.cycle("weekly", 0, Result.OK));
    history.append(Cycles.cycle("weekly", 1, Result.FAILED));
    history.append(Cycles.cycle("weekly", 2, Result.SKIPPED));
    for (int second = 3; second < 500; second++) {
      history.append(Cycles.cycle("busy", second, Result.OK));
      assertThat(history.cycles()).hasSizeLessThanOrEqualTo(20 + 2 + 2 * 3);
    }

    List<CycleOutcome> cycles = history.cycles();
    assertThat(cycles.subList(0, 2))
        .containsExactly(
            Cycles.cycle("weekly", 0, Result.OK), Cycles.cycle("weekly", 1, Result.FAILED));
    assertThat(cycles.subList(2, cycles.size()))
        .hasSizeGreaterThanOrEqualTo(20)
        .isEqualTo(
            IntStream.range(500 - (cycles.size() - 2), 500)
                .mapToObj(second -> Cycles.cycle("busy", second, Result.OK))
                .toList());
  }

  @Test
  void processesThatAppendOnceAndEndKeepTheFileShortToo() throws IOException {
    for (int second = 0; second < 100; second++) {
      history(5).append(Cycles.cycle("a", second, Result.OK));
    }
    assertThat(history(5).cycles()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void aLineThatACrashToreIsPassedOverAndTheNextIsWhole() throws IOException {
    CycleHistory history = history(10);
    history.append(Cycles.cycle("a", 1, Result.OK));
    history.append(Cycles.full());
    try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
      file.setLength(file.length() - 10);
    }
    assertThat(history.cycles()).containsExactly(Cycles.cycle("a", 1, Result.OK));

    history.append(Cycles.cycle("a", 2, Result.OK));
    assertThat(history.cycles())
        .containsExactly(Cycles.cycle("a", 1, Result.OK), Cycles.cycle("a", 2, Result.OK));
  }

  @Test
  void whatCannotBeReadOrWrittenIsNamed() throws IOException {
    Files.createDirectories(file());

    assertThatIOException()
        .isThrownBy(() -> history(10).append(Cycles.full()))
        .withMessage("cannot write the history " + file() + ": Is a directory");
    assertThatIOException()
        .isThrownBy(() -> history(10).lastStarted(Cycles.objectDirectory("a")))
        .withMessage("cannot read the history " + file() + ": Is a directory");
  }

  @Test
  void whateverStandsInTheFileIsPassedOver() throws IOException {
    CycleHistory history = history(10);
    history.append(Cycles.cycle("a", 1, Result.OK));
    String junk =
        "\n\0\nnull\n{\"repository\":5}\n" + "x".repeat(3 * LineFile.MAX_LINE_BYTES) + "\n";
    Files.write(file(), junk.getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
    Files.write(file(), new byte[] {(byte) 0xff, (byte) 0xfe, '\n'}, StandardOpenOption.APPEND);
    history.append(Cycles.cycle("a", 2, Result.OK));

    assertThat(history.cycles())
        .containsExactly(Cycles.cycle("a", 1, Result.OK), Cycles.cycle("a", 2, Result.OK));
    assertThat(history.lastStarted(Cycles.objectDirectory("a")))
        .contains(Cycles.START.plusSeconds(2));
  }

  @Test
  void threadsAndProcessesAppendSideBySideWithoutLosingALine() throws Exception {
    int cycles = 150;
    List<Process> processes =
        List.of(appender("p", cycles, 100_000), appender("q", cycles, 100_000));
    CycleHistory shared = history(100_000);
    List<Callable<Boolean>> threads = new ArrayList<>();
    for (String name : List.of("s", "t")) {
      threads.add(() -> append(shared, name, cycles));
    }
    threads.add(() -> append(history(100_000), "u", cycles));
    run(threads);
    await(processes);

    for (String name : List.of("p", "q", "s", "t", "u")) {
      assertThat(shared.cycles(name)).isEqualTo(sequence(name, 0, cycles));
    }
  }

  @Test
  void trimmingLosesNothingThatIsAppendedMeanwhile() throws Exception {
    int cycles = 150;
    int limit = 20;
    List<Process> processes = List.of(appender("p", cycles, limit), appender("q", cycles, limit));
    append(history(limit), "r", cycles);
    await(processes);

    int kept = 0;
    for (String name : List.of("p", "q", "r")) {
      List<CycleOutcome> mine = history(limit).cycles(name);
      assertThat(mine)
          .as(name)
          .isEqualTo(sequence(name, cycles - mine.size(), cycles))
          .isNotEmpty();
      kept += mine.size();
    }
    assertThat(kept).isBetween(limit, limit + 3 * (limit / 10 + 2));
  }

  /** The other process: name, number of cycles, limit, state directory. */
  static final class Appender {
    private Appender() {}

    public static void main(String[] arguments) throws IOException {
      CycleHistory history =
          new CycleHistory(
              Path.of(arguments[3]), new HistorySettings(Integer.parseInt(arguments[2])));
      append(history, arguments[0], Integer.parseInt(arguments[1]));
    }
  }

  private Process appender(String name, int cycles, int limit) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            Appender.class.getName(),
            name,
            String.valueOf(cycles),
            String.valueOf(limit),
            state().toString())
        .inheritIO()
        .start();
  }

  private static void await(List<Process> processes) throws InterruptedException {
    for (Process process : processes) {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
  }

  private static void run(List<Callable<Boolean>> tasks) throws Exception {
    try (ExecutorService executor = Executors.newCachedThreadPool()) {
      for (Future<Boolean> future : executor.invokeAll(tasks)) {
        future.get();
      }
    }
  }

  private static boolean append(CycleHistory history, String name, int cycles) throws IOException {
    for (CycleOutcome cycle : sequence(name, 0, cycles)) {
      history.append(cycle);
    }
    return true;
  }

  private static List<CycleOutcome> sequence(String name, int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(second -> Cycles.cycle(name, second, Result.OK))
        .toList();
  }

  private CycleHistory history(int maxCycles) {
    return new CycleHistory(state(), new HistorySettings(maxCycles));
  }

  private Path state() {
    return directory.resolve("state");
  }

  private Path file() {
    return state().resolve("history.jsonl");
  }
}
