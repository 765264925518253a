package io.repackd.daemon;

import io.repackd.metrics.DaemonMetrics;
import io.repackd.metrics.DaemonMetrics.RepositoryState;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.registry.Registration;
import io.repackd.registry.RegistrationFailure;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The repositories that are registered now. Follows the registry, which is resolved again and again, and says what is different
 * from the time before: a complaint is a line in the log when it comes and when it goes, not each minute.
 */
final class Registrations {
  private static final Logger LOG = LoggerFactory.getLogger(Registrations.class);

  private final Cycles cycles;
  private final MaintenanceScheduler scheduler;
  private final RepositoryMetrics repositoryMetrics;
  private final DaemonMetrics daemonMetrics;

  // Guarded by this.
  private List<Registration> current = List.of();
  private Set<String> complaints = Set.of();

  Registrations(
      Cycles cycles,
      MaintenanceScheduler scheduler,
      RepositoryMetrics repositoryMetrics,
      DaemonMetrics daemonMetrics) {
    this.cycles = cycles;
    this.scheduler = scheduler;
    this.repositoryMetrics = repositoryMetrics;
    this.daemonMetrics = daemonMetrics;
  }

  synchronized List<Registration> current() {
    return current;
  }

  /** Takes over what was resolved. */
  synchronized void follow(Registry registry) {
    sayWhatIsDifferent(registry);
    Set<String> before = names(current);
    current = registry.registrations();
    // Before the scheduler, which tells the metrics of next runs: they drop what they do not know.
    repositoryMetrics.update(current);
    for (Registration registration : current) {
      if (!before.contains(registration.name())) {
        rememberSuccess(registration);
      }
    }
    scheduler.update(current);
    int active =
        (int) current.stream().filter(registration -> registration.settings().enabled()).count();
    daemonMetrics.repositories(
        Map.of(
            RepositoryState.ACTIVE,
            active,
            RepositoryState.DISABLED,
            current.size() - active,
            RepositoryState.UNAVAILABLE,
            registry.failures().size()));
  }

  private void rememberSuccess(Registration registration) {
    try {
      cycles
          .lastSuccess(registration.location().objectDirectory())
          .ifPresent(started -> repositoryMetrics.lastSuccess(registration, started));
    } catch (IOException e) {
      LOG.warn("the last success of {} is unknown: {}", registration.name(), e.toString());
    }
  }

  private void sayWhatIsDifferent(Registry registry) {
    Set<String> before = names(current);
    Set<String> after = names(registry.registrations());
    for (Registration registration : registry.registrations()) {
      if (!before.contains(registration.name())) {
        LOG.info(
            "registered{}",
            new LogFields()
                .add("repository", registration.name())
                .add("objects", registration.location().objectDirectory().toString())
                .add("schedule", registration.settings().schedule().toString()));
      }
    }
    for (String name : before) {
      if (!after.contains(name)) {
        LOG.info("no longer registered{}", new LogFields().add("repository", name));
      }
    }
    Set<String> now = new LinkedHashSet<>();
    for (RegistrationFailure failure : registry.failures()) {
      String complaint = failure.toString();
      now.add(complaint);
      if (!complaints.contains(complaint)) {
        LOG.warn("{}", complaint);
      }
    }
    for (String complaint : complaints) {
      if (!now.contains(complaint)) {
        LOG.info("no longer: {}", complaint);
      }
    }
    complaints = now;
  }

  private static Set<String> names(List<Registration> registrations) {
    Set<String> names = new TreeSet<>();
    registrations.forEach(registration -> names.add(registration.name()));
    return names;
  }

  /** For {@code systemctl status}: {@code maintaining 19 repositories, 1 disabled, 2 unavailable}. */
  synchronized String status() {
    long disabled =
        current.stream().filter(registration -> !registration.settings().enabled()).count();
    long active = current.size() - disabled;
    return "maintaining "
        + active
        + (active == 1 ? " repository" : " repositories")
        + (disabled == 0 ? "" : ", " + disabled + " disabled")
        + (complaints.isEmpty() ? "" : ", " + complaints.size() + " unavailable");
  }
}
