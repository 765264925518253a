package io.repackd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class AggregateSchedulerTest {

  /** Tells an hour less than Quartz knows: what is due within the hour is due at once. */
  private static final Clock BEHIND = Clock.offset(Clock.systemUTC(), Duration.ofHours(-1));

  /** The next multiple of it is not in the life of a test. */
  private static final Duration NEVER_AGAIN = Duration.ofDays(10_000);

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration AT_ONCE = Duration.ofSeconds(60);
  private static final Instant NOON = Instant.parse("2126-11-20T12:00:00Z");
  private static final Registration LINUX = registration("linux", NEVER_AGAIN);
  private static final Registration GIT = registration("git", NEVER_AGAIN);
  private static final Path LINUX_OBJECTS = LINUX.location().objectDirectory();

  /** Repositories with nothing to bundle, unless they are told otherwise. */
  private final class Rounds implements AggregateRounds {
    volatile Work work = new Work(1, 0, 10, 4096);

    @Override
    public boolean worthwhile(Registration registration) throws IOException {
      looks.computeIfAbsent(registration.name(), name -> new AtomicInteger()).incrementAndGet();
      return look.worthwhile(registration);
    }

    @Override
    public StepOutcome run(Registration registration, Cancellation cancellation) {
      mostInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
      try {
        body.run(registration, cancellation);
      } finally {
        inside.decrementAndGet();
        runs.computeIfAbsent(registration.name(), name -> new AtomicInteger()).incrementAndGet();
      }
      return new StepOutcome(Step.AGGREGATE, Result.OK, Duration.ZERO, work, "");
    }
  }

  private interface LookBody {
    boolean worthwhile(Registration registration) throws IOException;
  }

  private interface RoundBody {
    void run(Registration registration, Cancellation cancellation);
  }

  @TempDir Path directory;

  private final Map<String, AtomicInteger> looks = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger mostInside = new AtomicInteger();
  private final CountDownLatch release = new CountDownLatch(1);
  private final Rounds rounds = new Rounds();
  private final Set<Path> cycles = ConcurrentHashMap.newKeySet();
  private final List<AggregateScheduler> schedulers = new ArrayList<>();
  private volatile LookBody look = registration -> false;
  private volatile RoundBody body = (registration, cancellation) -> {};
  private volatile Instant now = NOON;

  @AfterEach
  void stop() {
    release.countDown();
    schedulers.forEach(scheduler -> scheduler.stop(AT_ONCE));
  }

  @Test
  void aRepositoryWithNothingToBundleIsOnlyLookedAt() {
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(LINUX, GIT));

    await().until(() -> looks("linux") == 1 && looks("git") == 1 && !scheduler.busy());
    assertThat(runs).isEmpty();
    assertThat(scheduler.next(LINUX_OBJECTS)).get().matches(next -> next.isAfter(Instant.now()));
  }

  @Test
  void roundsFollowEachOtherUntilNothingIsLeft() {
    look = registration -> looks("linux") <= 5;
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(LINUX));

    await().until(() -> looks("linux") > 5);
    assertThat(runs("linux")).isEqualTo(5);
  }

  @Test
  void whatIsBundledInVainIsTriedLessOften() {
    rounds.work = Work.NONE;
    look = registration -> true;
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(registration("linux", MINUTE)));

    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(60));
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(120));
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(240));

    scheduler.arrived(LINUX_OBJECTS);
    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(6));
    now = NOON.plusSeconds(6);
    assertThat(nextAfterALook(scheduler)).isEqualTo(now.plusSeconds(60));
    look = registration -> false;
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(60));
    look = registration -> true;
    assertThat(nextAfterALook(scheduler)).isEqualTo(now.plusSeconds(60));
  }

  @Test
  void aPackThatCameIsLookedForWhenItIsQuiet() {
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    assertThat(nextAfterALook(scheduler)).isAfter(NOON.plus(Duration.ofDays(1)));

    for (int second = 0; second < 20; second++) {
      now = NOON.plusSeconds(second);
      scheduler.arrived(LINUX_OBJECTS);
    }

    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(25));
  }

  @Test
  void aSteadyStreamIsLookedAtAndWhatCameLastOnceMore() {
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    nextAfterALook(scheduler);
    for (int second = 0; second <= 30; second++) {
      now = NOON.plusSeconds(second);
      scheduler.arrived(LINUX_OBJECTS);
    }
    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(30));

    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(36));

    now = NOON.plusSeconds(36);
    assertThat(nextAfterALook(scheduler)).isAfter(NOON.plus(Duration.ofDays(1)));
  }

  @Test
  void whatWasBundledIsLookedAtWhenItMayBeDeleted() {
    look = registration -> looks("linux") == 1;
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(6));

    now = NOON.plusSeconds(6);
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(61));

    now = NOON.plusSeconds(61);
    assertThat(nextAfterALook(scheduler)).isAfter(NOON.plus(Duration.ofDays(1)));
  }

  @Test
  void aPackThatComesDuringARoundIsLookedForAfterIt() {
    look = registration -> looks("linux") == 1;
    rounds.work = Work.NONE;
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    body =
        (registration, cancellation) -> {
          now = NOON.plusSeconds(100);
          scheduler.arrived(LINUX_OBJECTS);
          now = NOON.plusSeconds(103);
        };

    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(106));
  }

  @Test
  void whereACycleRunsItIsNotLooked() {
    cycles.add(LINUX_OBJECTS);
    look = registration -> true;
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(registration("linux", MINUTE)));

    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(60));
    assertThat(looks).isEmpty();

    cycles.clear();
    nextAfterALook(scheduler);
    assertThat(runs("linux")).isEqualTo(1);
  }

  @Test
  void oneRepositoryIsBundledAtATime() {
    look = registration -> looks(registration.name()) == 1;
    body = this::untilReleased;
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(LINUX, GIT));
    await().until(() -> inside.get() == 1);
    assertThat(scheduler.busy()).isTrue();
    assertThat(scheduler.responsive()).isTrue();

    release.countDown();

    await().until(() -> runs("linux") == 1 && runs("git") == 1);
    assertThat(mostInside).hasValue(1);
  }

  @Test
  void whateverIsThrownItIsLookedAgain() {
    look =
        registration -> {
          int looked = looks("linux");
          if (looked > 4) {
            untilReleased(registration, new Cancellation());
          } else if (looked % 2 == 0) {
            throw new IOException("Input/output error");
          }
          return looked <= 4;
        };
    body =
        (registration, cancellation) -> {
          throw new StackOverflowError("thrown by a test");
        };
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(registration("linux", Duration.ofSeconds(1))));

    await().until(() -> looks("linux") == 5);
    assertThat(runs("linux")).isEqualTo(2);
  }

  @Test
  void whatIsDisabledIsNotLookedAt() {
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(
        List.of(
            new Registration(
                "linux",
                LINUX.location(),
                TestRegistrations.settings(
                    false,
                    TestRegistrations.EVERY_DAY,
                    Duration.ZERO,
                    TestRegistrations.aggregate(true, NEVER_AGAIN))),
            registration("loop", TestRegistrations.aggregate(false, NEVER_AGAIN)),
            GIT));

    await().until(() -> looks("git") == 1);
    assertThat(looks).containsOnlyKeys("git");
    assertThat(scheduler.next(LINUX_OBJECTS)).isEmpty();
  }

  @Test
  void aRepositoryThatIsTakenAwayIsNotLookedAtAnyMore() {
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX, GIT));
    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(6));

    scheduler.update(List.of(GIT));

    assertThat(scheduler.next(LINUX_OBJECTS)).isEmpty();
    scheduler.arrived(LINUX_OBJECTS);
    scheduler.look(LINUX_OBJECTS);
    assertThat(scheduler.next(LINUX_OBJECTS)).isEmpty();
    assertThat(looks).isEmpty();
    assertThat(scheduler.next(GIT.location().objectDirectory())).isPresent();
  }

  @Test
  void aRoundOfARepositoryThatIsTakenAwayIsTheLast() {
    look = registration -> true;
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    body = (registration, cancellation) -> scheduler.update(List.of());

    scheduler.look(LINUX_OBJECTS);

    assertThat(runs("linux")).isEqualTo(1);
    assertThat(scheduler.next(LINUX_OBJECTS)).isEmpty();
  }

  @Test
  void otherSettingsCountFromTheNextLookOn() {
    AggregateScheduler scheduler = create(movable());
    scheduler.update(List.of(LINUX));
    nextAfterALook(scheduler);

    scheduler.update(List.of(registration("linux", MINUTE)));

    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(6));
    assertThat(nextAfterALook(scheduler)).isEqualTo(NOON.plusSeconds(60));
    now = NOON.plusSeconds(1);
    scheduler.update(List.of(registration("linux", MINUTE)));
    assertThat(scheduler.next(LINUX_OBJECTS)).contains(NOON.plusSeconds(60));
  }

  @Test
  void aPackThatAppearsIsLookedFor() throws IOException {
    Path objects = directory.resolve("linux.git/objects");
    Files.createDirectories(objects.resolve("pack"));
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(registration(directory.resolve("linux.git"), NEVER_AGAIN)));
    await().until(() -> looks("linux.git") >= 1 && !scheduler.busy());
    await().until(() -> scheduler.next(objects).filter(this::far).isPresent());
    int before = looks("linux.git");

    Files.createFile(objects.resolve("pack/pack-1.idx"));

    await().until(() -> looks("linux.git") > before);
  }

  @Test
  void stoppingEndsTheRoundThroughItsCancellation() {
    look = registration -> true;
    body = (registration, cancellation) -> await().until(cancellation::requested);
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(LINUX, GIT));
    await().until(() -> inside.get() == 1);

    assertThat(scheduler.stop(AT_ONCE)).isEmpty();

    assertThat(inside).hasValue(0);
    assertThat(runs("linux") + runs("git")).isEqualTo(1);
    int before = looks("linux") + looks("git");
    scheduler.update(List.of(LINUX));
    scheduler.arrived(LINUX_OBJECTS);
    scheduler.look(LINUX_OBJECTS);
    assertThat(looks("linux") + looks("git")).isEqualTo(before);
  }

  @Test
  void stoppingNamesTheRoundThatDidNotEnd() {
    look = registration -> true;
    body = this::untilReleased;
    AggregateScheduler scheduler = start(BEHIND);
    scheduler.update(List.of(LINUX));
    await().until(() -> inside.get() == 1);

    assertThat(scheduler.stop(Duration.ofMillis(50))).contains("linux");
  }

  private void untilReleased(Registration registration, Cancellation cancellation) {
    try {
      release.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("a round was interrupted", e);
    }
  }

  private boolean far(Instant due) {
    return due.isAfter(Instant.now());
  }

  /** Looks as if the trigger of linux had fired, and tells the next. */
  private Instant nextAfterALook(AggregateScheduler scheduler) {
    scheduler.look(LINUX_OBJECTS);
    Optional<Instant> next = scheduler.next(LINUX_OBJECTS);
    return next.orElseThrow();
  }

  private int looks(String name) {
    return looks.getOrDefault(name, new AtomicInteger()).get();
  }

  private int runs(String name) {
    return runs.getOrDefault(name, new AtomicInteger()).get();
  }

  private Clock movable() {
    InstantSource time = () -> now;
    return time.withZone(ZoneOffset.UTC);
  }

  private AggregateScheduler start(Clock clock) {
    AggregateScheduler scheduler = create(clock);
    scheduler.start();
    return scheduler;
  }

  private AggregateScheduler create(Clock clock) {
    AggregateScheduler scheduler =
        new AggregateScheduler(rounds, cycles::contains, Pacer.NONE, clock);
    schedulers.add(scheduler);
    return scheduler;
  }

  private static Registration registration(String name, Duration interval) {
    return registration(name, TestRegistrations.aggregate(true, interval));
  }

  private static Registration registration(String name, AggregateSettings aggregate) {
    return TestRegistrations.registration(
        name,
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO, aggregate));
  }

  private static Registration registration(Path path, Duration interval) {
    Registration elsewhere = registration(path.getFileName().toString(), interval);
    return new Registration(
        elsewhere.name(),
        new RepositoryLocation(path, Optional.of(path), path.resolve("objects")),
        elsewhere.settings());
  }
}
