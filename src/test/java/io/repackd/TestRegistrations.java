package io.repackd;

import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.registry.Registration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Registrations for tests whose subject is not the registry. */
public final class TestRegistrations {
  /** Due every second: for tests which wait for the next cycle. */
  public static final Schedule EVERY_SECOND = new Schedule.Cron("* * * * * ?");

  /** Never due in the life of a test. */
  public static final Schedule EVERY_DAY = new Schedule.Every(Duration.ofDays(1));

  /** As the reference configuration has it. */
  public static final AggregateSettings AGGREGATE = aggregate(true, Duration.ofMinutes(5));

  private TestRegistrations() {}

  public static AggregateSettings aggregate(boolean enabled, Duration interval) {
    return new AggregateSettings(
        enabled,
        interval,
        10,
        256,
        Duration.ofMinutes(1),
        1000,
        50_000,
        2_000_000,
        512L << 20,
        false);
  }

  public static MaintenanceSettings settings(boolean enabled, Schedule schedule, Duration jitter) {
    return settings(enabled, schedule, jitter, AGGREGATE);
  }

  public static MaintenanceSettings settings(
      boolean enabled, Schedule schedule, Duration jitter, AggregateSettings aggregate) {
    return new MaintenanceSettings(
        enabled,
        schedule,
        jitter,
        new MultiPackIndexSettings(true),
        aggregate,
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, new BatchSize.Auto(), Duration.ofMinutes(1)),
        new SafetySettings(false, 0));
  }

  /** Never due, with groups of one's own. */
  public static MaintenanceSettings settings(
      AggregateSettings aggregate, ExpireSettings expire, RepackSettings repack) {
    MaintenanceSettings any = settings(true, EVERY_DAY, Duration.ZERO);
    return new MaintenanceSettings(
        any.enabled(),
        any.schedule(),
        any.jitter(),
        any.multiPackIndex(),
        aggregate,
        expire,
        repack,
        any.safety());
  }

  /** A repository under {@code /srv/git} which nobody looks at, without jitter. */
  public static Registration registration(String name, Schedule schedule) {
    return registration(name, settings(true, schedule, Duration.ZERO));
  }

  public static Registration registration(String name, MaintenanceSettings settings) {
    Path directory = Path.of("/srv/git", name + ".git");
    return new Registration(
        name,
        new RepositoryLocation(directory, Optional.of(directory), directory.resolve("objects")),
        settings);
  }
}
