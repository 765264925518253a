package io.repackd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.schedule.NextLook.Arrivals;
import io.repackd.schedule.NextLook.Look;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NextLookTest {
  private static final Instant NOW = at("12:00:20");

  private final NextLook nextLook = new NextLook(Clock.fixed(NOW, ZoneOffset.UTC));

  @Test
  void aNewRepositoryIsLookedAtSoon() {
    assertThat(nextLook.first()).isEqualTo(at("12:00:26"));
  }

  static Stream<Arguments> looks() {
    return Stream.of(
        arguments("one that found nothing waits for the others", Look.IDLE, "PT1M", 0, "12:01:00"),
        arguments("whose interval may be short", Look.IDLE, "PT1S", 0, "12:00:21"),
        arguments("or long, and is never passed", Look.IDLE, "PT24H", 0, "2026-11-21T00:00:00Z"),
        arguments("what a round left is looked for soon", Look.DONE, "PT1M", 0, "12:00:26"),
        arguments("whatever the interval", Look.DONE, "PT1H", 0, "12:00:26"),
        arguments("a round in vain waits an interval", Look.IN_VAIN, "PT1M", 1, "12:01:20"),
        arguments("the second two", Look.IN_VAIN, "PT1M", 2, "12:02:20"),
        arguments("the fourth eight", Look.IN_VAIN, "PT1M", 4, "12:08:20"),
        arguments("the fifth a quarter of an hour", Look.IN_VAIN, "PT1M", 5, "12:15:20"),
        arguments("and no later one more", Look.IN_VAIN, "PT1M", 1_000_000, "12:15:20"),
        arguments("but never less than the interval", Look.IN_VAIN, "PT2H", 7, "14:00:20"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("looks")
  void theNextDependsOnWhatCameOfTheLast(
      String name, Look look, Duration interval, int inVain, String due) {
    assertThat(nextLook.after(look, every(interval), inVain)).isEqualTo(at(due));
  }

  static Stream<Arguments> arrivals() {
    return Stream.of(
        arguments("one pack is looked for when its index is old enough", "12:00:20", "12:00:26"),
        arguments("with one that came after it", "12:00:24", "12:00:30"),
        arguments("but a steady stream is waited for in vain", "12:00:49", "12:00:50"),
        arguments("however long it is", "12:34:56", "12:00:50"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("arrivals")
  void packsThatCameAreLookedForWhenItIsQuiet(String name, String last, String due) {
    assertThat(new Arrivals(NOW, at(last)).look()).isEqualTo(at(due));
  }

  private static Instant at(String time) {
    return Instant.parse(time.endsWith("Z") ? time : "2026-11-20T" + time + "Z");
  }

  private static AggregateSettings every(Duration interval) {
    return TestRegistrations.aggregate(true, interval);
  }
}
