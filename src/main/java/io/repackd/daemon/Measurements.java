package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.Measurement;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the numbers of repositories fresh between their cycles, and notices one that can no longer be read. Cycles count too, so
 * a repository which one has just counted is left alone.
 */
final class Measurements implements CycleListener {
  private static final Logger LOG = LoggerFactory.getLogger(Measurements.class);

  private final Cycles cycles;
  private final RepositoryMetrics metrics;
  private final Duration interval;
  private final Map<Path, Long> measuredNanos = new ConcurrentHashMap<>();
  private final Map<Path, String> complaints = new ConcurrentHashMap<>();

  /**
   * Numbers which are fresh for a time.
   *
   * @param interval how old they may become
   */
  Measurements(Cycles cycles, RepositoryMetrics metrics, Duration interval) {
    this.cycles = cycles;
    this.metrics = metrics;
    this.interval = interval;
  }

  @Override
  public void measured(Registration registration, Measurement measurement) {
    measuredNanos.put(registration.location().objectDirectory(), System.nanoTime());
  }

  /**
   * Counts those whose numbers have become old, one after the other.
   *
   * @param running the object directories in which a cycle runs: they are about to be counted anyway
   * @param stopping ends it between two repositories
   */
  void refresh(
      Collection<Registration> registrations, Set<Path> running, Supplier<Boolean> stopping) {
    Set<Path> known = ConcurrentHashMap.newKeySet();
    for (Registration registration : registrations) {
      Path objectDirectory = registration.location().objectDirectory();
      known.add(objectDirectory);
      if (stopping.get()) {
        return;
      }
      if (!running.contains(objectDirectory) && old(objectDirectory)) {
        measure(registration);
      }
    }
    measuredNanos.keySet().retainAll(known);
    complaints.keySet().retainAll(known);
  }

  private boolean old(Path objectDirectory) {
    Long nanos = measuredNanos.get(objectDirectory);
    return nanos == null || System.nanoTime() - nanos >= interval.toNanos();
  }

  /** Counts one now. */
  void measure(Registration registration) {
    Path objectDirectory = registration.location().objectDirectory();
    measuredNanos.put(objectDirectory, System.nanoTime());
    try {
      metrics.measured(registration, cycles.measure(registration));
      if (complaints.remove(objectDirectory) != null) {
        LOG.info("{} can be read again", registration.name());
      }
    } catch (IOException | RuntimeException e) {
      metrics.unreadable(registration);
      String complaint = e.getMessage() == null ? e.toString() : e.getMessage();
      if (!complaint.equals(complaints.put(objectDirectory, complaint))) {
        LOG.warn("cannot count the packs of {}: {}", registration.name(), complaint);
      }
    }
  }
}
