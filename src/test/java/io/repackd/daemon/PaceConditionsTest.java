package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.PacingSettings;
import io.repackd.platform.Pause;
import io.repackd.platform.PowerSupply;
import io.repackd.platform.Pressure;
import io.repackd.platform.Throttle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PaceConditionsTest {
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir Path directory;

  private PaceConditions conditions(PacingSettings settings) {
    return new PaceConditions(
        settings,
        new Pause(directory),
        new Pressure(directory),
        new PowerSupply(directory.resolve("power")),
        Clock.fixed(NOON, ZoneOffset.UTC));
  }

  private void pressure(String resource, String percent) throws IOException {
    Files.writeString(directory.resolve(resource), "some avg10=" + percent + " avg60=0.00\n");
  }

  @Test
  void eachPressureHasItsOwnLimit() throws Exception {
    PaceConditions conditions = conditions(new PacingSettings(60, 70, 80, false));
    assertThat(conditions.look()).isEmpty();
    pressure("cpu", "60.00");
    pressure("io", "70.00");
    pressure("memory", "80.00");
    assertThat(conditions.look()).isEmpty();
    pressure("cpu", "60.01");
    assertThat(conditions.look()).contains(Throttle.CPU);
    pressure("io", "70.01");
    assertThat(conditions.look()).contains(Throttle.IO);
    pressure("memory", "80.01");
    assertThat(conditions.look()).contains(Throttle.MEMORY);
  }

  @Test
  void aHundredPercentIsNeverExceeded() throws Exception {
    pressure("cpu", "100.00");
    assertThat(conditions(new PacingSettings(100, 100, 100, false)).look()).isEmpty();
  }

  @Test
  void theBatteryCountsUnlessItMayBeUsed() throws Exception {
    Path battery = Files.createDirectories(directory.resolve("power/BAT0"));
    Files.writeString(battery.resolve("type"), "Battery\n");
    Files.writeString(battery.resolve("status"), "Discharging\n");
    PaceConditions conditions = conditions(new PacingSettings(100, 100, 100, false));
    assertThat(conditions.look()).contains(Throttle.BATTERY);
    conditions.follow(new PacingSettings(100, 100, 100, true));
    assertThat(conditions.look()).isEmpty();
  }

  @Test
  void aPauseComesBeforeAllElse() throws Exception {
    pressure("memory", "99.00");
    PaceConditions conditions = conditions(new PacingSettings(1, 1, 1, true));
    new Pause(directory).begin(Optional.of(NOON.plusSeconds(1)));
    assertThat(conditions.look()).contains(Throttle.PAUSE);
    new Pause(directory).begin(Optional.of(NOON));
    assertThat(conditions.look()).contains(Throttle.MEMORY);
  }

  @Test
  void aPauseThatCannotBeReadIsNone() throws Exception {
    Files.createDirectory(directory.resolve("pause"));
    assertThat(conditions(new PacingSettings(100, 100, 100, true)).look()).isEmpty();
  }
}
