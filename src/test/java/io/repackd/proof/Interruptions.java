package io.repackd.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.proof.Gate.Action;
import io.repackd.proof.Gate.Call;
import io.repackd.proof.Gate.Run;
import io.repackd.proof.InterruptedCycle.Course;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Interrupts a cycle at many of its calls, by as many workers as there are cores, and gathers what went wrong. */
final class Interruptions {
  private static final int WORKERS = 2;

  /** What fails without a word: there is a directory already, the log cannot be logged to, the rest is tried again later. */
  private static final String UNTOLD = "mkdir .*|.*/state/log.*";

  private final Gate gate;
  private final Path directory;
  private final Action action;
  private final Course course;
  private final long seed;
  private final List<Integer> points = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, Integer> kinds = Collections.synchronizedMap(new TreeMap<>());

  /**
   * Interruptions of one sort.
   *
   * @param seed of the repository, and of the sample
   */
  Interruptions(Gate gate, Path directory, Action action, Course course, long seed) {
    this.gate = gate;
    this.directory = directory;
    this.action = action;
    this.course = course;
    this.seed = seed;
  }

  /** Which of the calls of a cycle are tried. */
  interface Choice {
    List<Integer> of(List<Call> calls, Random random);
  }

  /** Tries those, and gives what went wrong. */
  List<String> run(Choice choice) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int worker = 0; worker < WORKERS; worker++) {
      Path own = Files.createDirectories(directory.resolve(action + "-" + worker));
      threads.add(Thread.ofPlatform().start(() -> work(own, choice)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return complaints;
  }

  private void work(Path own, Choice choice) {
    try {
      InterruptedCycle cycle = new InterruptedCycle(gate, own, course, seed);
      synchronized (points) {
        if (points.isEmpty()) {
          List<Call> calls = cycle.run(Action.NOTHING, 0).calls();
          points.addAll(choice.of(calls, new Random(seed)));
          System.out.printf(
              "%s, %s: %d of %d calls%n", action, course, points.size(), calls.size());
        }
      }
      for (int i = next.getAndIncrement(); i < points.size(); i = next.getAndIncrement()) {
        interrupt(cycle, points.get(i));
      }
    } catch (Exception | Error e) {
      complaints.add(e.toString());
      e.printStackTrace();
    }
  }

  private void interrupt(InterruptedCycle cycle, int at) throws Exception {
    Run run = cycle.run(action, at);
    if (run.calls().size() < at) {
      return; // this time the threads came in another order, and there were fewer
    }
    Call call = run.calls().get(at - 1);
    kinds.merge(call.kind(), 1, Integer::sum);
    String when = "%s at call %d (%s)".formatted(action, at, call.text());
    try {
      assertEnd(run, call, when);
      cycle.assertNothingLost(run, when);
      cycle.assertRecovers(run, when);
    } catch (Exception | Error e) {
      complaints.add("%s: %s%n%s".formatted(when, e, run.output()));
    }
  }

  /** A program that is not killed ends by itself, and says which file it could not use. */
  private void assertEnd(Run run, Call call, String when) {
    if (action == Action.KILL) {
      assertThat(run.killed()).as(when).isTrue();
      return;
    }
    String reason = action == Action.FULL ? "No space left on device" : "Input/output error";
    assertThat(run.status()).as(when).isIn(0, 1);
    boolean told = run.output().contains(reason);
    if (!told) {
      assertThat(call.text()).as("%s was not told: %s", when, run.output()).matches(UNTOLD);
      assertThat(run.status()).as(when).isZero();
      return;
    }
    run.output()
        .lines()
        .filter(line -> line.contains(reason) && !line.startsWith("{"))
        .forEach(line -> assertThat(line).as(when).containsPattern("stage/\\S+: " + reason));
  }

  /** How often each sort of call was interrupted. */
  Map<String, Integer> kinds() {
    return kinds;
  }
}
