package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class PacerTest {
  @TempDir Path directory;

  /** Time that goes on only while somebody waits, or when it is told. */
  private final class TestTime implements Pacer.Time {
    private long nanos = 1_000_000_000_000L;

    @Override
    public long nanos() {
      return nanos;
    }

    @Override
    public void waitAtMost(Object monitor, long millis) {
      pass(Duration.ofMillis(millis));
    }

    void pass(Duration duration) {
      nanos += duration.toNanos();
      schedule.removeIf(change -> {
        boolean due = nanos >= change.atNanos;
        if (due) {
          change.what.run();
        }
        return due;
      });
    }
  }

  private record Change(long atNanos, Runnable what) {}

  private final List<Change> schedule = new ArrayList<>();
  private final TestTime time = new TestTime();
  private Optional<Throttle> condition = Optional.empty();
  private int looks;

  private final Pacer pacer =
      new Pacer(
          () -> {
            looks++;
            return condition;
          },
          time);
  private final Cancellation cancellation = new Cancellation(pacer);

  private void after(Duration duration, Runnable what) {
    schedule.add(new Change(time.nanos + duration.toNanos(), what));
  }

  /** How long a check takes, by the test's time. */
  private Duration check() {
    long before = time.nanos;
    cancellation.check();
    return Duration.ofNanos(time.nanos - before);
  }

  @Test
  void whereThereIsNoReasonItLooksOnceASecondAndWaitsNever() {
    for (int i = 0; i < 1000; i++) {
      assertThat(check()).isZero();
      time.pass(Duration.ofMillis(10));
    }
    assertThat(looks).isEqualTo(10);
  }

  @Test
  void aPauseLastsUntilItEnds() {
    condition = Optional.of(Throttle.PAUSE);
    after(Duration.ofHours(3), () -> condition = Optional.empty());

    assertThat(check()).isBetween(Duration.ofHours(3), Duration.ofHours(3).plusSeconds(2));
    assertThat(check()).isZero();
    assertThat(pacer.waiting()).isEmpty();
    assertThat(pacer.lost(Throttle.PAUSE))
        .isBetween(Duration.ofHours(3), Duration.ofHours(3).plusSeconds(2));
    assertThat(pacer.lost(Throttle.BATTERY)).isZero();
  }

  @Test
  void pressureLeavesAQuarterOfTheSpeed() {
    condition = Optional.of(Throttle.IO);
    Duration worked = Duration.ZERO;
    Duration waited = Duration.ZERO;
    while (waited.compareTo(Duration.ofMinutes(10)) < 0) {
      waited = waited.plus(check());
      Duration piece = Duration.ofMillis(50);
      time.pass(piece);
      worked = worked.plus(piece);
    }
    assertThat((double) waited.toMillis() / worked.toMillis()).isBetween(2.5, 3.5);
    assertThat(pacer.lost(Throttle.IO)).isEqualTo(waited);
  }

  @Test
  void pressureThatGoesEndsTheRest() {
    condition = Optional.of(Throttle.CPU);
    after(Duration.ofMillis(900), () -> condition = Optional.empty());
    assertThat(check()).isBetween(Duration.ofMillis(900), Duration.ofSeconds(2));
  }

  @Test
  void aPauseThatComesWhileItRestsIsWaitedFor() {
    condition = Optional.of(Throttle.CPU);
    after(Duration.ofSeconds(1), () -> condition = Optional.of(Throttle.PAUSE));
    after(Duration.ofMinutes(1), () -> condition = Optional.empty());
    assertThat(check()).isGreaterThanOrEqualTo(Duration.ofMinutes(1));
    assertThat(pacer.lost(Throttle.PAUSE)).isGreaterThan(Duration.ofSeconds(50));
    assertThat(pacer.lost(Throttle.CPU)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(3));
  }

  @Test
  void whoIsToEndDoesNotWait() {
    condition = Optional.of(Throttle.PAUSE);
    long before = time.nanos;
    after(Duration.ofSeconds(5), cancellation::request);
    assertThatThrownBy(cancellation::check).isInstanceOf(CancelledException.class);
    assertThat(Duration.ofNanos(time.nanos - before)).isLessThan(Duration.ofSeconds(6));
  }

  @Test
  void manyThreadsWaitTogetherAndAreLetGoTogether() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    boolean[] over = new boolean[1];
    Pacer real =
        new Pacer(() -> {
          paused.countDown();
          synchronized (over) {
            return over[0] ? Optional.empty() : Optional.of(Throttle.PAUSE);
          }
        });
    Cancellation work = new Cancellation(real);
    Cancellation ended = new Cancellation(real);
    List<CompletableFuture<Void>> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(CompletableFuture.runAsync(work::check, command -> new Thread(command).start()));
    }
    CompletableFuture<Void> toEnd =
        CompletableFuture.runAsync(ended::check, command -> new Thread(command).start());
    paused.await();
    ended.request();
    assertThatThrownBy(toEnd::join).hasCauseInstanceOf(CancelledException.class);
    assertThat(threads).noneMatch(CompletableFuture::isDone);
    synchronized (over) {
      over[0] = true;
    }
    CompletableFuture.allOf(threads.toArray(CompletableFuture<?>[]::new))
        .get(120, TimeUnit.SECONDS);
  }

  @Test
  void whoeverBeginsIsToldWhatStopsAndNotWhatSlows() {
    condition = Optional.of(Throttle.BATTERY);
    assertThat(pacer.stopped()).contains(Throttle.BATTERY);
    condition = Optional.of(Throttle.CPU);
    assertThat(pacer.stopped()).isEmpty();
    assertThat(Pacer.NONE.stopped()).isEmpty();
  }

  @Test
  void pressureIsReadAsTheKernelWritesIt() throws Exception {
    Files.writeString(
        directory.resolve("io"),
        "some avg10=91.84 avg60=92.98 avg300=94.62 total=10521543821\n"
            + "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    Files.writeString(directory.resolve("cpu"), "nonsense\n");
    Pressure pressure = new Pressure(directory);
    assertThat(pressure.percent("io")).isEqualTo(91.84);
    assertThat(pressure.percent("cpu")).isZero();
    assertThat(pressure.percent("memory")).isZero();
    assertThat(new Pressure().percent("cpu")).isBetween(0.0, 100.0);
  }

  @Test
  void theBatteryIsInUseWhereNoAdapterIsPluggedIn() throws Exception {
    PowerSupply power = new PowerSupply(directory);
    assertThat(power.onBattery()).isFalse();
    supply("hidpp_battery_0", "type=Battery", "scope=Device", "status=Discharging");
    assertThat(power.onBattery()).isFalse();
    supply("BAT0", "type=Battery", "status=Discharging");
    assertThat(power.onBattery()).isTrue();
    supply("AC", "type=Mains", "online=0");
    assertThat(power.onBattery()).isTrue();
    supply("AC", "type=Mains", "online=1");
    assertThat(power.onBattery()).isFalse();
    assertThat(new PowerSupply(directory.resolve("none")).onBattery()).isFalse();
  }

  private void supply(String name, String... attributes) throws Exception {
    Path supply = Files.createDirectories(directory.resolve(name));
    for (String attribute : attributes) {
      String[] parts = attribute.split("=");
      Files.writeString(supply.resolve(parts[0]), parts[1] + "\n");
    }
  }
}
