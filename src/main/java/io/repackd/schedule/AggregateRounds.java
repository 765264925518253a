package io.repackd.schedule;

import io.repackd.maintenance.StepOutcome;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;

/** Bundles new loose objects and small packs, on the calling thread. */
public interface AggregateRounds {
  /**
   * Whether a round would have something to do, as far as a short look can tell.
   *
   * @throws IOException if it cannot be looked
   */
  boolean worthwhile(Registration registration) throws IOException;

  /**
   * Runs one round to its end. A round is bounded: it may leave something for the next. What it throws, whatever it is, counts
   * as a round that did nothing.
   *
   * @param cancellation ends it early
   */
  StepOutcome run(Registration registration, Cancellation cancellation);
}
