package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices a repository in which packs are put together again and again and none is ever deleted: the disk fills, and each cycle
 * ends well. Counted are the cycles that repacked although what an earlier one had put together could have gone by its age.
 *
 * <p>With {@code expire.min-age = 1h} and a repack every hour, the second cycle deletes what the first one left, and the count
 * is 0 or 1. It goes up by one each hour while a reader that does not end keeps the packs.
 */
final class ExpiryWatch implements CycleListener {
  private static final Logger LOG = LoggerFactory.getLogger(ExpiryWatch.class);

  /** So many are no accident. It is what the alert has, too. */
  static final int MANY = 10;

  private static final int MAX_KNOWN = 100;

  private final Cycles cycles;
  private final RepositoryMetrics metrics;

  // Guarded by this.
  private final Map<Path, List<Instant>> repacks = new HashMap<>();

  ExpiryWatch(Cycles cycles, RepositoryMetrics metrics) {
    this.cycles = cycles;
    this.metrics = metrics;
  }

  @Override
  public synchronized void cycleFinished(Registration registration, CycleOutcome outcome) {
    List<Instant> since = repacks.computeIfAbsent(outcome.objectDirectory(), this::remembered);
    Duration minAge = registration.settings().expire().minAge();
    long before = inVain(since, minAge);
    if (outcome.expired()) {
      since.clear();
    }
    if (outcome.repacked() && since.size() < MAX_KNOWN) {
      since.add(outcome.started());
    }
    boolean wanted = registration.settings().expire().enabled();
    long now = wanted ? inVain(since, minAge) : 0;
    metrics.repacksWithoutExpiry(registration, now);
    if (now == MANY && before < MANY) {
      LOG.warn(
          "{} was repacked {} times and no pack was deleted since {}: repackd plan says what they"
              + " wait for",
          registration.name(),
          since.size(),
          since.getFirst());
    } else if (before >= MANY && now < MANY) {
      LOG.info("packs of {} are deleted again", registration.name());
    }
  }

  private static long inVain(List<Instant> repacks, Duration minAge) {
    return repacks.stream()
        .filter(repack -> repack.isAfter(repacks.getFirst()))
        .filter(repack -> !repack.isBefore(repacks.getFirst().plus(minAge)))
        .count();
  }

  private List<Instant> remembered(Path objectDirectory) {
    try {
      return new ArrayList<>(cycles.repacksWithoutExpiry(objectDirectory));
    } catch (IOException e) {
      LOG.debug("what is known of {} is lost: {}", objectDirectory, e.toString());
      return new ArrayList<>();
    }
  }
}
