package io.repackd.maintenance;

import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.MultiPackIndexSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.config.Schedule;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Aggregation that somebody asks for by hand, once or in a loop, beside a repack of his own or without one. Nothing else is done:
 * no index is written, and no maintenance lock taken, which a script may hold that calls this.
 */
public final class RequestedAggregation {
  private final Aggregation aggregation;
  private final Registration registration;

  /** Aggregation of one object directory, whoever owns it: whoever asks knows what he asks for. */
  public RequestedAggregation(
      RepositoryLocation location, AggregateSettings settings, Clock clock) {
    this.aggregation = new Aggregation(clock);
    this.registration =
        new Registration(
            location.path().toString(),
            location,
            new MaintenanceSettings(
                false,
                new Schedule.Every(Duration.ofDays(1)), // it is in no schedule
                Duration.ZERO,
                new MultiPackIndexSettings(false),
                settings,
                new ExpireSettings(false, Duration.ZERO),
                new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO),
                new SafetySettings(true, 0)));
  }

  /**
   * Runs one round. Never throws for what it finds: that is an outcome.
   *
   * @param cancellation ends it early, with nothing half done
   */
  public StepOutcome once(AggregateRequest request, Cancellation cancellation) {
    return aggregation.run(registration, request, cancellation);
  }

  /**
   * Runs rounds until it is asked to stop: at the interval of the settings, and sooner when there is something to do.
   *
   * @param finished is told the outcome of each
   * @throws IOException if a request could not be made
   */
  public void loop(
      AggregateLoop.Requests requests, Consumer<StepOutcome> finished, Cancellation cancellation)
      throws IOException {
    new AggregateLoop(aggregation, registration, registration.settings().aggregate().interval())
        .run(requests, finished, cancellation);
  }
}
