package io.repackd.daemon;

import io.repackd.config.Configuration;
import io.repackd.history.CycleHistory;
import io.repackd.maintenance.AggregateRequest;
import io.repackd.maintenance.Aggregation;
import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.MaintenanceCycle;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.StepOutcome;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Maintenance, and its history in the state directory. */
final class CyclesOnDisk implements Cycles {
  private final Aggregation aggregation;
  private final MaintenanceCycle maintenance;
  private final CycleHistory history;

  CyclesOnDisk(Configuration configuration, Clock clock) {
    aggregation = new Aggregation(clock);
    maintenance = new MaintenanceCycle(clock, configuration.stateDirectory(), aggregation);
    history = new CycleHistory(configuration.stateDirectory(), configuration.history());
  }

  @Override
  public CycleOutcome run(
      Registration registration, Cancellation cancellation, CycleListener listener) {
    return maintenance.run(
        registration, MaintenanceCycle.Request.SCHEDULED, cancellation, listener);
  }

  @Override
  public boolean worthAggregating(Registration registration) throws IOException {
    return aggregation.worthwhile(registration);
  }

  @Override
  public StepOutcome aggregate(Registration registration, Cancellation cancellation) {
    return aggregation.run(registration, AggregateRequest.SCHEDULED, cancellation);
  }

  @Override
  public Measurement measure(Registration registration) throws IOException {
    return maintenance.measure(registration);
  }

  @Override
  public void append(CycleOutcome outcome) throws IOException {
    history.append(outcome);
  }

  @Override
  public Optional<Instant> lastStarted(Path objectDirectory) throws IOException {
    return history.lastStarted(objectDirectory);
  }

  @Override
  public int failuresInARow(Path objectDirectory) throws IOException {
    return history.failuresInARow(objectDirectory);
  }

  @Override
  public List<Instant> repacksWithoutExpiry(Path objectDirectory) throws IOException {
    return history.repacksWithoutExpiry(objectDirectory);
  }

  @Override
  public Optional<Instant> lastSuccess(Path objectDirectory) throws IOException {
    return history.lastSuccess(objectDirectory);
  }
}
