package io.repackd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.TestRegistrations;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.Schedule;
import io.repackd.maintenance.Result;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NextRunTest {
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");
  private static final Schedule HOURLY = new Schedule.Every(Duration.ofHours(1));
  private static final Schedule EVERY_TWO_MINUTES = new Schedule.Every(Duration.ofMinutes(2));
  private static final Schedule AT_THREE = new Schedule.Cron("0 0 3 * * ?");
  private static final Schedule LAST_YEAR = new Schedule.Cron("0 0 3 1 1 ? 2025");

  /** The ends of the range of every random choice. */
  private static final RandomGenerator LEAST = choose(false);

  private static final RandomGenerator MOST = choose(true);

  static Stream<Arguments> laterRuns() {
    return Stream.of(
        arguments(
            "one that ran not long ago waits for its schedule",
            HOURLY,
            "PT5M",
            "2026-11-20T11:30:00Z",
            "12:30",
            "12:35"),
        arguments(
            "one that is overdue is made up for",
            HOURLY,
            "PT5M",
            "2026-11-20T10:00:00Z",
            "12:00:00",
            "12:00:30"),
        arguments(
            "many missed runs are made up for once",
            HOURLY,
            "PT5M",
            "2026-11-01T10:00:00Z",
            "12:00:00",
            "12:00:30"),
        arguments(
            "jitter below the catch-up spread holds there too",
            HOURLY,
            "PT10S",
            "2026-11-20T10:00:00Z",
            "12:00:00",
            "12:00:10"),
        arguments(
            "one that is due this instant is due now",
            HOURLY,
            "PT5M",
            "2026-11-20T11:00:00Z",
            "12:00:00",
            "12:00:30"),
        arguments(
            "a calendar time missed in the night is made up for at noon",
            AT_THREE,
            "PT5M",
            "2026-11-19T03:00:00Z",
            "12:00:00",
            "12:00:30"),
        arguments(
            "a start in the future counts as now",
            HOURLY,
            "PT5M",
            "2040-01-01T00:00:00Z",
            "13:00",
            "13:05"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("laterRuns")
  void laterRun(
      String sentence,
      Schedule schedule,
      Duration jitter,
      String lastStart,
      String least,
      String most) {
    MaintenanceSettings settings = TestRegistrations.settings(true, schedule, jitter);

    assertThat(nextRun(LEAST).after(settings, Instant.parse(lastStart)))
        .as(sentence)
        .contains(today(least));
    assertThat(nextRun(MOST).after(settings, Instant.parse(lastStart)))
        .as(sentence)
        .contains(today(most));
  }

  static Stream<Arguments> followingRuns() {
    return Stream.of(
        arguments("a good cycle waits for its schedule", HOURLY, Result.OK, "12:50", "12:55"),
        arguments("a failed one too", HOURLY, Result.FAILED, "12:50", "12:55"),
        arguments("a degraded one too", HOURLY, Result.DEGRADED, "12:50", "12:55"),
        arguments("a cancelled one too", HOURLY, Result.CANCELLED, "12:50", "12:55"),
        arguments("a skipped one is tried again soon", HOURLY, Result.SKIPPED, "12:05", "12:05:30"),
        arguments(
            "a skipped one does not wait longer than its schedule",
            EVERY_TWO_MINUTES,
            Result.SKIPPED,
            "12:00",
            "12:00:30"),
        arguments(
            "a cycle longer than its interval is followed by the next at once",
            EVERY_TWO_MINUTES,
            Result.OK,
            "12:00",
            "12:00:30"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("followingRuns")
  void followingRun(String sentence, Schedule schedule, Result result, String least, String most) {
    MaintenanceSettings settings =
        TestRegistrations.settings(true, schedule, Duration.ofMinutes(5));
    Instant started = NOON.minus(Duration.ofMinutes(10));

    assertThat(nextRun(LEAST).following(settings, started, result, 1))
        .as(sentence)
        .contains(today(least));
    assertThat(nextRun(MOST).following(settings, started, result, 1))
        .as(sentence)
        .contains(today(most));
  }

  static Stream<Arguments> manyInARow() {
    return Stream.of(
        arguments("a first failure waits for its schedule", HOURLY, Result.FAILED, 1, "12:50"),
        arguments("a frequent one waits after it", EVERY_TWO_MINUTES, Result.FAILED, 1, "12:05"),
        arguments("and longer each time", EVERY_TWO_MINUTES, Result.FAILED, 4, "12:40"),
        arguments("a damaged pack too", EVERY_TWO_MINUTES, Result.DEGRADED, 4, "12:40"),
        arguments("also if the schedule is slower", HOURLY, Result.FAILED, 6, "14:40"),
        arguments("the longest but one", HOURLY, Result.FAILED, 8, "22:40"),
        arguments("skipped ones are tried less often", HOURLY, Result.SKIPPED, 3, "12:20"),
        arguments("and with their schedule at last", HOURLY, Result.SKIPPED, 9, "12:50"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("manyInARow")
  void oneOfManyInARow(
      String sentence, Schedule schedule, Result result, int inARow, String least) {
    MaintenanceSettings settings = TestRegistrations.settings(true, schedule, Duration.ZERO);
    Instant started = NOON.minus(Duration.ofMinutes(10));

    assertThat(nextRun(LEAST).following(settings, started, result, inARow))
        .as(sentence)
        .contains(today(least));
  }

  @Test
  void noFailureWaitsLongerThanADay() {
    MaintenanceSettings settings = TestRegistrations.settings(true, HOURLY, Duration.ZERO);
    for (int failures : new int[] {9, 10, 1000, Integer.MAX_VALUE}) {
      assertThat(nextRun(LEAST).following(settings, NOON, Result.FAILED, failures))
          .contains(NOON.plus(Duration.ofDays(1)));
    }
  }

  @Test
  void failuresBeforeARestartCount() {
    MaintenanceSettings settings = TestRegistrations.settings(true, HOURLY, Duration.ZERO);
    Instant last = Instant.parse("2026-11-20T11:30:00Z");
    assertThat(nextRun(LEAST).after(settings, last, 0)).contains(today("12:30"));
    assertThat(nextRun(LEAST).after(settings, last, 3)).contains(today("12:30"));
    assertThat(nextRun(LEAST).after(settings, last, 6)).contains(today("14:10"));
  }

  @Test
  void aRepositoryThatNeverRanIsDueWithinItsJitter() {
    MaintenanceSettings settings = TestRegistrations.settings(true, HOURLY, Duration.ofMinutes(5));

    assertThat(nextRun(LEAST).first(settings)).isEqualTo(NOON);
    assertThat(nextRun(MOST).first(settings)).isEqualTo(NOON.plus(Duration.ofMinutes(5)));
  }

  @Test
  void aScheduleWithoutFurtherTimesHasNoNextRun() {
    MaintenanceSettings settings = TestRegistrations.settings(true, LAST_YEAR, Duration.ZERO);

    assertThat(nextRun(LEAST).after(settings, NOON)).isEmpty();
    assertThat(nextRun(LEAST).following(settings, NOON, Result.OK, 1)).isEmpty();
  }

  @Test
  void calendarTimesCountInTheZoneOfTheClock() {
    MaintenanceSettings settings = TestRegistrations.settings(true, AT_THREE, Duration.ZERO);
    Clock berlin = Clock.fixed(NOON, ZoneId.of("Europe/Berlin"));

    assertThat(new NextRun(berlin, LEAST).after(settings, NOON))
        .contains(Instant.parse("2026-11-21T02:00:00Z"));
  }

  @Test
  void jitterIsSpreadOverItsWholeRange() {
    long seed = System.nanoTime();
    NextRun nextRun = nextRun(new Random(seed));
    MaintenanceSettings settings = TestRegistrations.settings(true, HOURLY, Duration.ofMinutes(10));

    long[] quarters = new long[4];
    for (int i = 0; i < 1000; i++) {
      Instant due = nextRun.first(settings);
      assertThat(due).as("seed %d", seed).isBetween(NOON, NOON.plus(Duration.ofMinutes(10)));
      quarters[(int) Math.min(3, Duration.between(NOON, due).toSeconds() / 150)]++;
    }
    assertThat(quarters)
        .as("seed %d", seed)
        .satisfies(counts -> {
          for (long count : counts) {
            assertThat(count).isBetween(150L, 350L);
          }
        });
  }

  private static NextRun nextRun(RandomGenerator random) {
    return new NextRun(Clock.fixed(NOON, ZoneId.of("UTC")), random);
  }

  private static Instant today(String time) {
    return Instant.parse("2026-11-20T" + (time.length() == 5 ? time + ":00" : time) + "Z");
  }

  private static RandomGenerator choose(boolean most) {
    return new RandomGenerator() {
      @Override
      public long nextLong() {
        throw new UnsupportedOperationException();
      }

      @Override
      public long nextLong(long bound) {
        return most ? bound - 1 : 0;
      }
    };
  }
}
