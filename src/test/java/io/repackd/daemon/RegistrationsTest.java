package io.repackd.daemon;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static io.repackd.TestRegistrations.registration;
import static io.repackd.TestRegistrations.settings;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.RepositoryEntry;
import io.repackd.metrics.DaemonMetrics;
import io.repackd.metrics.Exposition;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.platform.Pacer;
import io.repackd.registry.Registration;
import io.repackd.registry.RegistrationFailure;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import io.repackd.schedule.ScheduleListener;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RegistrationsTest {
  private static final Registration LINUX = registration("linux", EVERY_DAY);
  private static final Registration GIT = registration("git", EVERY_DAY);
  private static final Registration DISABLED =
      registration("old", settings(false, EVERY_DAY, Duration.ZERO));

  private final FakeCycles cycles = new FakeCycles();
  private final Exposition exposition = new Exposition();
  private final RepositoryMetrics metrics = new RepositoryMetrics(exposition.meters());
  private final MaintenanceScheduler scheduler =
      new MaintenanceScheduler(
          (registration, cancellation) -> {
            throw new IllegalStateException("never started");
          },
          cycles,
          new ScheduleListener() {
            @Override
            public void nextRun(Registration registration, Instant due) {
              metrics.nextRun(registration, due);
            }

            @Override
            public void noNextRun(Registration registration) {
              metrics.noNextRun(registration);
            }
          },
          FirstRun.WHEN_DUE,
          1,
          Pacer.NONE,
          Clock.systemUTC(),
          new Random(1));
  private final Registrations registrations =
      new Registrations(
          cycles, scheduler, metrics, new DaemonMetrics(exposition.meters(), "1", "25"));

  @AfterEach
  void stop() {
    scheduler.stop(Duration.ZERO);
  }

  @Test
  void whatIsRegisteredIsScheduledAndPublished() {
    registrations.follow(registry(List.of(LINUX, DISABLED), "gone"));

    assertThat(scheduler.nextRuns()).containsOnlyKeys("linux");
    assertThat(exposition.text())
        .contains("repackd_next_run_timestamp_seconds{repository=\"linux\",}")
        .contains("repackd_repositories{state=\"active\",} 1.0")
        .contains("repackd_repositories{state=\"disabled\",} 1.0")
        .contains("repackd_repositories{state=\"unavailable\",} 1.0");
    assertThat(registrations.status())
        .isEqualTo("maintaining 1 repository, 1 disabled, 1 unavailable");
  }

  @Test
  void theLastSuccessIsTakenFromTheHistory() {
    cycles.successes.put(LINUX.location().objectDirectory(), Instant.ofEpochSecond(1_700_000_000));

    registrations.follow(registry(List.of(LINUX)));

    assertThat(exposition.text())
        .contains("repackd_last_success_timestamp_seconds{repository=\"linux\",} 1.7E9");
  }

  @Test
  void onlyWhatIsDifferentIsLogged() {
    try (LogLines log = new LogLines()) {
      registrations.follow(registry(List.of(LINUX, GIT)));
      assertThat(log.take())
          .containsExactly(
              "INFO registered repository=linux objects=/srv/git/linux.git/objects"
                  + " schedule=\"every 1d\"",
              "INFO registered repository=git objects=/srv/git/git.git/objects"
                  + " schedule=\"every 1d\"");

      registrations.follow(registry(List.of(LINUX), "git"));
      assertThat(log.take())
          .containsExactlyInAnyOrder(
              "INFO no longer registered repository=git",
              "WARN repackd.conf:3: cannot open repository /srv/git/git.git");

      registrations.follow(registry(List.of(LINUX), "git"));
      assertThat(log.take()).isEmpty();

      registrations.follow(registry(List.of(LINUX, GIT)));
      assertThat(log.take())
          .hasSize(2)
          .contains("INFO no longer: repackd.conf:3: cannot open repository /srv/git/git.git");
    }
  }

  @Test
  void whatVanishesIsNeitherScheduledNorPublished() {
    registrations.follow(registry(List.of(LINUX, GIT)));

    registrations.follow(registry(List.of(LINUX)));

    assertThat(scheduler.nextRuns()).containsOnlyKeys("linux");
    assertThat(exposition.text()).doesNotContain("repository=\"git\"");
  }

  private static Registry registry(List<Registration> registrations, String... unavailable) {
    List<RegistrationFailure> failures =
        List.of(unavailable).stream()
            .map(name -> {
              Path path = Path.of("/srv/git", name + ".git");
              return new RegistrationFailure(
                  new RepositoryEntry(
                      path.toString(), Optional.empty(), LINUX.settings(), "repackd.conf:3"),
                  path,
                  "cannot open repository " + path);
            })
            .toList();
    return new Registry(registrations, failures, Map.of());
  }
}
