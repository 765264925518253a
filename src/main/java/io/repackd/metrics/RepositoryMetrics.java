package io.repackd.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome;
import io.repackd.registry.Registration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The meters of the registered repositories. What a user sees of one of them:
 *
 * <pre>
 * repackd_packs{kind="ordinary",repository="linux",} 412.0
 * repackd_pack_bytes{kind="ordinary",repository="linux",} 1.288490188E9
 * repackd_last_success_timestamp_seconds{repository="linux",} 1.7951904E9
 * repackd_cycles_total{outcome="ok",reason="none",repository="linux",} 1.0
 * repackd_packs_deleted_total{repository="linux",step="expire",} 410.0
 * repackd_step_duration_seconds_bucket{outcome="ok",repository="linux",step="repack",le="60.0",} 1.0
 * </pre>
 *
 * <p>A repository that cannot be read has no numbers, rather than zeros or old ones; its counters stay. One that is no
 * longer registered has nothing at all, and what a last cycle of it still reports is dropped. Thread-safe.
 */
public final class RepositoryMetrics implements CycleListener {
  private final MeterRegistry meters;
  private final Map<String, RepositoryMeters> repositories = new ConcurrentHashMap<>();

  /** Meters of no repositories. */
  public RepositoryMetrics(MeterRegistry meters) {
    this.meters = meters;
  }

  /** Replaces the registered repositories: new ones may have series from now on, missing ones lose theirs. */
  public void update(Collection<Registration> registrations) {
    Set<String> names = new HashSet<>();
    for (Registration registration : registrations) {
      names.add(registration.name());
      repositories.computeIfAbsent(registration.name(), name -> new RepositoryMeters(meters, name));
    }
    for (String name : Set.copyOf(repositories.keySet())) {
      if (!names.contains(name)) {
        Optional.ofNullable(repositories.remove(name)).ifPresent(RepositoryMeters::close);
      }
    }
  }

  /** The repository's numbers are unknown: it cannot be read. */
  public void unreadable(Registration registration) {
    of(registration, RepositoryMeters::clear);
  }

  /** When the repository's last cycle that ended well began, as the history has it. */
  public void lastSuccess(Registration registration, Instant started) {
    of(registration, repository -> repository.lastSuccess(started));
  }

  /** How many cycles of the repository repacked in vain, because nothing is ever deleted. */
  public void repacksWithoutExpiry(Registration registration, long repacks) {
    of(registration, repository -> repository.repacksWithoutExpiry(repacks));
  }

  /** The repository's next cycle is due at the given time. */
  public void nextRun(Registration registration, Instant due) {
    of(registration, repository -> repository.nextRun(due));
  }

  /** The repository has no next cycle. */
  public void noNextRun(Registration registration) {
    of(registration, RepositoryMeters::noNextRun);
  }

  @Override
  public void measured(Registration registration, Measurement measurement) {
    of(registration, repository -> repository.measured(measurement));
  }

  @Override
  public void stepFinished(Registration registration, StepOutcome outcome) {
    of(registration, repository -> repository.stepFinished(outcome));
  }

  @Override
  public void cycleFinished(Registration registration, CycleOutcome outcome) {
    of(
        registration,
        repository -> {
          outcome.after().ifPresent(repository::measured);
          boolean unread = outcome.before().isEmpty() && outcome.after().isEmpty();
          if (unread && outcome.result() == Result.FAILED) {
            repository.clear();
          }
          repository.cycleFinished(outcome);
        });
  }

  private void of(Registration registration, Consumer<RepositoryMeters> action) {
    Optional.ofNullable(repositories.get(registration.name())).ifPresent(action);
  }
}
