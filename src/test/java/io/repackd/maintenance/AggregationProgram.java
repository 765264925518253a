package io.repackd.maintenance;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** Bundles packs and deletes them at once, in two rounds: to be killed. */
final class AggregationProgram {
  private AggregationProgram() {}

  /**
   * Runs two rounds.
   *
   * @param arguments the repository
   */
  public static void main(String[] arguments) throws IOException {
    twoRounds(GitRepository.at(Path.of(arguments[0])));
  }

  static void twoRounds(GitRepository repository) throws IOException {
    MaintenanceSettings any =
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO);
    AggregateSettings settings =
        new AggregateSettings(
            true,
            Duration.ofSeconds(10),
            2,
            1_000_000,
            Duration.ofMinutes(1),
            1000,
            10_000,
            1_000_000,
            1L << 30,
            false);
    Registration registration =
        new Registration(
            "r",
            RepositoryDiscovery.locate(repository.path()),
            TestRegistrations.settings(settings, any.expire(), any.repack()));
    // The packs of a test have only just arrived.
    Aggregation aggregation =
        new Aggregation(Clock.offset(Clock.systemUTC(), Duration.ofMinutes(1)));
    AggregateRequest now = new AggregateRequest(true, Optional.empty(), Set.of());
    for (int round = 0; round < 2; round++) {
      StepOutcome outcome = aggregation.run(registration, now, new Cancellation());
      if (outcome.result() != Result.OK) {
        throw new IOException(outcome.detail());
      }
    }
  }
}
