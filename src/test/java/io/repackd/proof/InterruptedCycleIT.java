package io.repackd.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.proof.Gate.Action;
import io.repackd.proof.Gate.Call;
import io.repackd.proof.Gate.Run;
import io.repackd.proof.InterruptedCycle.Course;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A cycle that is killed, or meets an I/O error or a full disk, at each of its system calls that change files. */
class InterruptedCycleIT {
  /** How many calls of each sort of interruption are tried without the profile {@code exhaustive}. */
  private static final int SAMPLE = Integer.getInteger("repackd.sample", 8);

  @TempDir Path temporary;

  private final long seed = Long.getLong("repackd.seed", System.nanoTime());
  private Gate gate;

  @BeforeEach
  void watch() throws Exception {
    gate = Gate.compile(temporary);
    System.out.println("-Drepackd.seed=" + seed);
  }

  /** What is interrupted below is a cycle in which everything happens. */
  @ParameterizedTest
  @EnumSource
  void leftAloneItDoesAllThatACycleCanDo(Course course) throws Exception {
    InterruptedCycle cycle =
        new InterruptedCycle(gate, Files.createDirectory(temporary.resolve("alone")), course, seed);
    Run run = cycle.run(Action.NOTHING, 0);
    assertThat(run.status()).as(run.output()).isZero();
    assertThat(run.output())
        .containsPattern("step aggregate ok .*loose objects into")
        .containsPattern(
            course == Course.BUNDLED_FIRST ? "step write ok" : "left [0-9]+: .*left to the repack")
        .containsPattern("step expire ok .*deleted=[1-9]")
        .containsPattern("step repack ok .*packs=1")
        .containsPattern(
            "step aggregate ok .*packs=2 .*deleted=[1-9].* loose_deleted=[1-9].*beside the repack");
    cycle.assertNothingLost(run, "left alone");
    cycle.assertRecovers(run, "left alone");
    assertAnIndexIsOnTheDiskBeforeThePacksGo(run.calls());
  }

  /**
   * If the power fails, any of the changes to a directory may be lost that were made since it was last synchronised, and not the
   * last ones first. So no pack goes before it is certain that the index which does not list it stays; and that is made certain once
   * for all that go. What waited for the disk before has been written by then, so that the lock is not held for that, too.
   */
  private static void assertAnIndexIsOnTheDiskBeforeThePacksGo(List<Call> calls) {
    Set<Long> installers = new HashSet<>();
    Map<Long, Integer> syncsSinceWritten = new HashMap<>();
    Map<Long, Integer> syncsBeforeLock = new HashMap<>();
    int syncs = 0;
    int deletions = 0;
    for (Call call : calls) {
      if (call.text().matches("(open|creat)\\S* .*/tmp_midx_.*")) {
        syncsSinceWritten.put(call.thread(), 0);
      } else if (call.text().matches("link\\S* .*/multi-pack-index\\.lock")) {
        syncsBeforeLock.put(call.thread(), syncsSinceWritten.getOrDefault(call.thread(), 0));
      }
      if (call.text().matches("f(data)?sync .*/objects/pack")) {
        syncsSinceWritten.merge(call.thread(), 1, Integer::sum);
      }
      if (call.text().matches("rename\\S* .*/tmp_midx_\\S+ .*/multi-pack-index")) {
        installers.add(call.thread());
        syncs = 0;
      } else if (!installers.contains(call.thread())) {
        continue; // beside the cycle superseded packs go, which no index lists
      } else if (call.text().matches("f(data)?sync .*/objects/pack")) {
        syncs++;
      } else if (call.text().matches("unlink\\S* .*/objects/pack/pack-[0-9a-f]+\\.pack")) {
        assertThat(syncs).as(call.text()).isOne();
        assertThat(syncsBeforeLock.get(call.thread())).as(call.text()).isPositive();
        deletions++;
      }
    }
    assertThat(deletions).as("packs that went with an index").isPositive();
  }

  @ParameterizedTest
  @MethodSource("interruptions")
  void atAFewCalls(Action action, Course course) throws Exception {
    assertNoComplaints(action, course, (calls, random) -> sample(kinds(calls, action), random));
  }

  @Tag("exhaustive")
  @ParameterizedTest
  @MethodSource("interruptions")
  void atEveryCall(Action action, Course course) throws Exception {
    assertNoComplaints(action, course, (calls, _) -> matter(calls, action));
  }

  private static Stream<Arguments> interruptions() {
    return Stream.of(Action.KILL, Action.ERROR, Action.FULL)
        .flatMap(
            action -> Arrays.stream(Course.values()).map(course -> Arguments.of(action, course)));
  }

  private void assertNoComplaints(Action action, Course course, Interruptions.Choice choice)
      throws Exception {
    Interruptions interruptions = new Interruptions(gate, temporary, action, course, seed);
    List<String> complaints = interruptions.run(choice);
    System.out.printf(
        "%s: %d points, of %d sorts%n",
        action,
        interruptions.kinds().values().stream().mapToInt(Integer::intValue).sum(),
        interruptions.kinds().size());
    assertThat(complaints).isEmpty();
    assertThat(interruptions.kinds()).isNotEmpty();
  }

  /** A disk that gets full at a call that needs no space gets full at the next one that does. */
  private static List<Integer> matter(List<Call> calls, Action action) {
    return IntStream.rangeClosed(1, calls.size())
        .filter(n -> action != Action.FULL || calls.get(n - 1).grows())
        .boxed()
        .toList();
  }

  /** One call of each sort; many are the pieces of an index, one like the other. */
  private static List<Integer> kinds(List<Call> calls, Action action) {
    Map<String, Integer> first = new HashMap<>();
    for (int n : matter(calls, action)) {
      first.merge(calls.get(n - 1).kind(), n, (a, b) -> new Random(n).nextBoolean() ? a : b);
    }
    return List.copyOf(first.values());
  }

  private static List<Integer> sample(List<Integer> points, Random random) {
    List<Integer> shuffled = new ArrayList<>(points);
    Collections.shuffle(shuffled, random);
    return shuffled.subList(0, Math.min(SAMPLE, shuffled.size()));
  }
}
