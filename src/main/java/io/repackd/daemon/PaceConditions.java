package io.repackd.daemon;

import io.repackd.config.PacingSettings;
import io.repackd.platform.Pacer;
import io.repackd.platform.Pause;
import io.repackd.platform.PowerSupply;
import io.repackd.platform.Pressure;
import io.repackd.platform.Reason;
import io.repackd.platform.Throttle;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Why work waits, as the configuration has it. What stops work is asked for first. */
final class PaceConditions implements Pacer.Conditions {
  private static final Logger LOG = LoggerFactory.getLogger(PaceConditions.class);

  private final Pause pause;
  private final Pressure pressure;
  private final PowerSupply power;
  private final Clock clock;
  private volatile PacingSettings settings;
  private volatile boolean complained;

  PaceConditions(
      PacingSettings settings, Pause pause, Pressure pressure, PowerSupply power, Clock clock) {
    this.settings = settings;
    this.pause = pause;
    this.pressure = pressure;
    this.power = power;
    this.clock = clock;
  }

  /** Goes on with other settings. */
  void follow(PacingSettings next) {
    settings = next;
  }

  @Override
  public Optional<Throttle> look() {
    PacingSettings now = settings;
    if (paused().isPresent()) {
      return Optional.of(Throttle.PAUSE);
    }
    if (!now.runOnBattery() && power.onBattery()) {
      return Optional.of(Throttle.BATTERY);
    }
    if (pressure.percent("memory") > now.maxMemoryPercent()) {
      return Optional.of(Throttle.MEMORY);
    }
    if (pressure.percent("io") > now.maxIoPercent()) {
      return Optional.of(Throttle.IO);
    }
    return pressure.percent("cpu") > now.maxCpuPercent()
        ? Optional.of(Throttle.CPU)
        : Optional.empty();
  }

  /** The pause that is in force. One that cannot be read is none: the daemon must not stand still over a file. */
  Optional<Pause.InForce> paused() {
    try {
      Optional<Pause.InForce> inForce = pause.inForce(clock.instant());
      complained = false;
      return inForce;
    } catch (IOException e) {
      if (!complained) {
        complained = true;
        LOG.warn("cannot read whether there is a pause: {}", Reason.of(e));
      }
      return Optional.empty();
    }
  }
}
