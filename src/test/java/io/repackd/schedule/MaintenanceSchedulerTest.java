package io.repackd.schedule;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static io.repackd.TestRegistrations.EVERY_SECOND;
import static io.repackd.TestRegistrations.registration;
import static io.repackd.TestRegistrations.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class MaintenanceSchedulerTest {

  private static final Duration AT_ONCE = Duration.ofSeconds(60);

  private final Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger mostInside = new AtomicInteger();
  private final Map<String, Instant> announced = new ConcurrentHashMap<>();
  private final CountDownLatch release = new CountDownLatch(1);
  private final List<MaintenanceScheduler> started = new ArrayList<>();

  @AfterEach
  void stop() {
    release.countDown();
    started.forEach(scheduler -> scheduler.stop(AT_ONCE));
  }

  @Test
  void aRepositoryThatNeverRanRunsAndIsScheduledAgain() {
    MaintenanceScheduler scheduler = start(this::quick, 2, FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("linux", EVERY_SECOND)));

    await().until(() -> runs("linux") >= 2);
  }

  @Test
  void theNextRunIsTold() {
    MaintenanceScheduler scheduler = start(this::quick, 2, FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("linux", EVERY_DAY)));

    await().until(() -> runs("linux") == 1 && scheduler.running().isEmpty());
    Instant tomorrow = Instant.now().plus(Duration.ofDays(1));
    assertThat(scheduler.nextRuns()).containsOnlyKeys("linux");
    assertThat(scheduler.nextRuns().get("linux")).isBetween(tomorrow.minusSeconds(60), tomorrow);
    assertThat(announced).isEqualTo(scheduler.nextRuns());
  }

  @Test
  void aRepositoryThatRanNotLongAgoWaits() {
    Instant lastStart = Instant.now().minusSeconds(60);
    MaintenanceScheduler scheduler =
        start(this::quick, 2, FirstRun.WHEN_DUE, directory -> Optional.of(lastStart));

    scheduler.update(List.of(registration("linux", EVERY_DAY)));

    assertThat(scheduler.nextRuns().get("linux"))
        .isCloseTo(lastStart.plus(Duration.ofDays(1)), within(1, ChronoUnit.SECONDS));
    assertThat(runs("linux")).isZero();
  }

  @Test
  void aRepositoryNamedOnTheCommandLineRunsAtOnceWhateverItsHistory() {
    Instant now = Instant.now();
    MaintenanceScheduler scheduler =
        start(this::quick, 2, FirstRun.AT_ONCE, directory -> Optional.of(now));

    scheduler.update(List.of(registration("linux", EVERY_DAY)));

    await().until(() -> runs("linux") == 1);
  }

  @Test
  void whateverACycleThrowsItIsScheduledAgain() {
    MaintenanceScheduler scheduler =
        start(
            (registration, cancellation) -> {
              if (count(registration) % 2 == 0) {
                throw new StackOverflowError("thrown by a test");
              }
              throw new IllegalStateException("thrown by a test");
            },
            2,
            FirstRun.WHEN_DUE);

    scheduler.update(List.of(registration("linux", EVERY_SECOND)));

    for (int runs = 1; runs <= 3; runs++) {
      int times = runs;
      await().until(() -> runs("linux") == times && scheduler.running().isEmpty());
      assertThat(scheduler.nextRuns()).containsOnlyKeys("linux");
      scheduler.runNow(registration("linux", EVERY_SECOND).location().objectDirectory());
    }
  }

  @Test
  void whatFailsIsTriedLessAndLessOftenAndStartsAnewOnceItWentWell() {
    Map<Path, Integer> failuresBefore = new ConcurrentHashMap<>();
    Registration linux = registration("linux", EVERY_SECOND);
    Path objects = linux.location().objectDirectory();
    LastRun history =
        new LastRun() {
          @Override
          public Optional<Instant> lastStarted(Path objectDirectory) {
            return Optional.of(Instant.now().minus(Duration.ofDays(2)));
          }

          @Override
          public int failuresInARow(Path objectDirectory) {
            return failuresBefore.getOrDefault(objectDirectory, 0);
          }
        };
    failuresBefore.put(objects, 2); // in the life of an earlier daemon
    AtomicInteger ended = new AtomicInteger();
    MaintenanceScheduler scheduler =
        start(
            (registration, cancellation) -> {
              failuresBefore.put(objects, 99); // what is read once is not read again
              return ended.incrementAndGet() == 3
                  ? quick(registration, cancellation)
                  : failed(registration);
            },
            1,
            FirstRun.WHEN_DUE,
            history);
    scheduler.update(List.of(linux));

    for (long minutes : new long[] {20, 40}) { // the third in a row, and the fourth
      await().until(() -> waits(scheduler, minutes));
      scheduler.runNow(objects);
    }
    await().until(() -> waits(scheduler, 5)); // the third went well, the fourth is a first failure
  }

  private static boolean waits(MaintenanceScheduler scheduler, long minutes) {
    Instant due = scheduler.nextRuns().get("linux");
    return due != null
        && scheduler.running().isEmpty()
        && Math.abs(Duration.between(Instant.now(), due).toSeconds() - minutes * 60) < 90;
  }

  private CycleOutcome failed(Registration registration) {
    count(registration);
    CycleOutcome ok = outcome(registration);
    return new CycleOutcome(
        ok.repository(),
        ok.objectDirectory(),
        ok.started(),
        ok.duration(),
        Result.FAILED,
        "io",
        "a test",
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  @Test
  void oneRepositorysErrorDoesNotStopTheOthers() {
    MaintenanceScheduler scheduler =
        start(
            (registration, cancellation) -> {
              if (registration.name().equals("broken")) {
                throw new OutOfMemoryError("thrown by a test");
              }
              return quick(registration, cancellation);
            },
            1,
            FirstRun.WHEN_DUE);

    scheduler.update(
        List.of(registration("broken", EVERY_SECOND), registration("linux", EVERY_SECOND)));

    await().until(() -> runs("linux") >= 2);
  }

  @Test
  void noMoreRunAtATimeThanTheLimit() {
    MaintenanceScheduler scheduler = start(this::untilReleased, 2, FirstRun.WHEN_DUE);

    scheduler.update(
        List.of(
            registration("a", EVERY_DAY),
            registration("b", EVERY_DAY),
            registration("c", EVERY_DAY)));

    await().until(() -> inside.get() == 2);
    assertThat(scheduler.running()).hasSize(2);
    release.countDown();
    await().until(() -> runs("a") + runs("b") + runs("c") == 3);
    assertThat(mostInside).hasValue(2);
  }

  @Test
  void aRaisedLimitTakesEffectWhileCyclesRun() {
    MaintenanceScheduler scheduler = start(this::untilReleased, 1, FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("a", EVERY_DAY), registration("b", EVERY_DAY)));
    await().until(() -> inside.get() == 1);

    scheduler.limit(2);

    await().until(() -> inside.get() == 2);
  }

  @Test
  void neverTwoCyclesAtOnceInOneObjectDirectoryWhateverIsReplaced() {
    Semaphore step = new Semaphore(0);
    MaintenanceScheduler scheduler =
        start(
            (registration, cancellation) -> {
              enter(registration);
              step.acquireUninterruptibly();
              return leave(registration);
            },
            4,
            FirstRun.WHEN_DUE);
    Registration before = registration("linux", EVERY_SECOND);
    scheduler.update(List.of(before));
    await().until(() -> inside.get() == 1);

    scheduler.update(List.of());
    scheduler.update(List.of(before));
    scheduler.update(
        List.of(registration("linux", settings(true, EVERY_SECOND, Duration.ofMillis(1)))));
    assertThat(scheduler.runNow(before.location().objectDirectory())).isTrue();
    step.release(3);

    await().until(() -> runs("linux") == 4);
    assertThat(mostInside).hasValue(1);
    step.release(1000);
  }

  @Test
  void aRepositoryThatIsTakenAwayRunsNoMore() {
    MaintenanceScheduler scheduler = start(this::untilReleased, 2, FirstRun.WHEN_DUE);
    scheduler.update(
        List.of(registration("linux", EVERY_SECOND), registration("git", EVERY_SECOND)));
    await().until(() -> inside.get() == 2);

    scheduler.update(List.of(registration("git", EVERY_SECOND)));
    release.countDown();

    await().until(() -> runs("git") >= 3);
    assertThat(runs("linux")).isEqualTo(1);
    assertThat(announced).containsOnlyKeys("git");
  }

  @Test
  void aDisabledRepositoryIsNotScheduled() {
    MaintenanceScheduler scheduler = start(this::quick, 2, FirstRun.WHEN_DUE);
    scheduler.update(
        List.of(
            registration("linux", settings(false, EVERY_SECOND, Duration.ZERO)),
            registration("git", EVERY_SECOND)));

    await().until(() -> runs("git") >= 2);
    assertThat(runs("linux")).isZero();
    await().untilAsserted(() -> assertThat(scheduler.nextRuns()).containsOnlyKeys("git"));
    assertThat(scheduler.runNow(Path.of("/srv/git/linux.git/objects"))).isFalse();
  }

  @Test
  void whatCameToHaveNoTriggerIsScheduledByTheNextUpdate() {
    AtomicInteger asked = new AtomicInteger();
    MaintenanceScheduler scheduler =
        start(
            this::quick,
            2,
            FirstRun.WHEN_DUE,
            directory -> {
              if (asked.incrementAndGet() == 1) {
                throw new IllegalStateException("thrown by a test");
              }
              return Optional.empty();
            });
    List<Registration> registrations = List.of(registration("linux", EVERY_DAY));
    assertThatThrownBy(() -> scheduler.update(registrations))
        .isInstanceOf(IllegalStateException.class);
    assertThat(scheduler.nextRuns()).isEmpty();

    scheduler.update(registrations);

    await().until(() -> runs("linux") == 1);
  }

  @Test
  void aHistoryThatCannotBeReadIsNoReasonNotToMaintain() {
    MaintenanceScheduler scheduler =
        start(
            this::quick,
            2,
            FirstRun.WHEN_DUE,
            directory -> {
              throw new IOException("Input/output error");
            });

    scheduler.update(List.of(registration("linux", EVERY_DAY)));

    await().until(() -> runs("linux") == 1);
  }

  @Test
  void aRepositoryIsRunOnDemand() {
    MaintenanceScheduler scheduler = start(this::quick, 2, FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("linux", EVERY_DAY)));
    await().until(() -> runs("linux") == 1 && scheduler.running().isEmpty());

    assertThat(scheduler.runNow(Path.of("/srv/git/linux.git/objects"))).isTrue();

    await().until(() -> runs("linux") == 2);
    assertThat(scheduler.runNow(Path.of("/srv/git/unknown.git/objects"))).isFalse();
  }

  @Test
  void stoppingEndsRunningCyclesThroughTheirCancellation() {
    MaintenanceScheduler scheduler = start(this::untilCancelled, 2, FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("a", EVERY_DAY), registration("b", EVERY_DAY)));
    await().until(() -> inside.get() == 2);

    assertThat(scheduler.stop(AT_ONCE)).isEmpty();
    assertThat(inside).hasValue(0);
  }

  @Test
  void stoppingNamesTheCyclesThatDidNotEnd() {
    MaintenanceScheduler scheduler =
        start(
            (registration, cancellation) ->
                registration.name().equals("deaf")
                    ? untilReleased(registration, cancellation)
                    : untilCancelled(registration, cancellation),
            2,
            FirstRun.WHEN_DUE);
    scheduler.update(List.of(registration("deaf", EVERY_DAY), registration("b", EVERY_DAY)));
    await().until(() -> inside.get() == 2);

    assertThat(scheduler.stop(Duration.ofMillis(200))).contains("deaf");
    await().until(() -> scheduler.stop(Duration.ZERO).equals(List.of("deaf")));
  }

  @Test
  void itIsResponsiveWhileAllPlacesAreTaken() {
    MaintenanceScheduler scheduler = start(this::untilReleased, 1, FirstRun.WHEN_DUE);
    assertThat(scheduler.responsive()).isTrue();
    scheduler.update(List.of(registration("a", EVERY_DAY)));
    await().until(() -> inside.get() == 1);

    assertThat(scheduler.responsive()).isTrue();
  }

  private CycleOutcome quick(Registration registration, Cancellation cancellation) {
    enter(registration);
    return leave(registration);
  }

  private CycleOutcome untilReleased(Registration registration, Cancellation cancellation) {
    enter(registration);
    try {
      release.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("a cycle was interrupted", e);
    }
    return leave(registration);
  }

  private CycleOutcome untilCancelled(Registration registration, Cancellation cancellation) {
    enter(registration);
    await().until(cancellation::requested);
    return leave(registration);
  }

  private void enter(Registration registration) {
    mostInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
    count(registration);
  }

  private CycleOutcome leave(Registration registration) {
    inside.decrementAndGet();
    return outcome(registration);
  }

  private int count(Registration registration) {
    return runs.computeIfAbsent(registration.name(), name -> new AtomicInteger()).incrementAndGet();
  }

  private int runs(String name) {
    return runs.getOrDefault(name, new AtomicInteger()).get();
  }

  private static CycleOutcome outcome(Registration registration) {
    return new CycleOutcome(
        registration.name(),
        registration.location().objectDirectory(),
        Instant.now(),
        Duration.ZERO,
        Result.OK,
        CycleOutcome.NO_REASON,
        "",
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  private MaintenanceScheduler start(CycleRunner runner, int limit, FirstRun firstRun) {
    return start(runner, limit, firstRun, directory -> Optional.empty());
  }

  private MaintenanceScheduler start(
      CycleRunner runner, int limit, FirstRun firstRun, LastRun history) {
    MaintenanceScheduler scheduler =
        new MaintenanceScheduler(
            runner,
            history,
            new ScheduleListener() {
              @Override
              public void nextRun(Registration registration, Instant due) {
                announced.put(registration.name(), due);
              }

              @Override
              public void noNextRun(Registration registration) {
                announced.remove(registration.name());
              }
            },
            firstRun,
            limit,
            Pacer.NONE,
            Clock.systemUTC(),
            new Random(1));
    scheduler.start();
    started.add(scheduler);
    return scheduler;
  }
}
