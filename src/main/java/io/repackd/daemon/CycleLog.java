package io.repackd.daemon;

import io.repackd.maintenance.CycleListener;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.platform.Progress;
import io.repackd.registry.Registration;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes what cycles do to the log, a line for each:
 *
 * <pre>
 * step aggregate ok repository=linux packs=1 objects=4711 bytes=3.0MiB deleted=12 loose_deleted=800 took=0.120s
 * step repack ok repository=linux packs=1 objects=123456 bytes=102MiB took=10m00s
 * cycle ok repository=linux packs=412-&gt;2 bytes=1.2GiB-&gt;1.1GiB written=102MiB deleted=411 took=10m03s
 * cycle skipped repository=git reason=locked detail="maintenance.lock is held by process 4711" took=0.002s
 * </pre>
 *
 * <p>What takes long is told of once a minute:
 *
 * <pre>
 * under way repository=linux what="searching deltas" percent=42 objects=51800 of=123456 bytes=43MiB took=2m00s left=2m45s
 * </pre>
 *
 * <p>A step that found nothing to do is of interest at level debug only.
 */
public final class CycleLog implements CycleListener {
  private static final Logger LOG = LoggerFactory.getLogger(CycleLog.class);

  private static final String LOOSE_DELETED = "loose_deleted";

  @Override
  public void stepFinished(Registration registration, StepOutcome outcome) {
    boolean idle = outcome.result() == Result.OK && outcome.work().equals(Work.NONE);
    LOG.atLevel(idle ? Level.DEBUG : level(outcome.result()))
        .log(() -> line(registration, outcome));
  }

  @Override
  public void cycleFinished(Registration registration, CycleOutcome outcome) {
    LOG.atLevel(level(outcome.result())).log(() -> line(outcome));
  }

  private static Level level(Result result) {
    return switch (result) {
      case OK, SKIPPED, CANCELLED -> Level.INFO;
      case DEGRADED, FAILED -> Level.ERROR;
    };
  }

  static String line(Registration registration, StepOutcome outcome) {
    LogFields fields = new LogFields().add("repository", registration.name());
    Work work = outcome.work();
    if (work.packsWritten() > 0) {
      fields.add("packs", work.packsWritten()).add("objects", work.objectsPacked());
    }
    if (work.bytesWritten() > 0) {
      fields.addBytes("bytes", work.bytesWritten());
    }
    if (work.packsDeleted() > 0) {
      fields.add("deleted", work.packsDeleted());
    }
    if (work.looseObjectsDeleted() > 0) {
      fields.add(LOOSE_DELETED, work.looseObjectsDeleted());
    }
    if (!outcome.detail().isEmpty()) {
      fields.add("detail", outcome.detail());
    }
    fields.add("took", outcome.duration());
    return "step " + outcome.step().label() + " " + outcome.result().label() + fields;
  }

  static String line(String repository, Progress.Seen seen) {
    LogFields fields = new LogFields().add("repository", repository).add("what", seen.what());
    seen.percent().ifPresent(percent -> fields.add("percent", percent));
    fields.add("objects", seen.objects());
    if (seen.allObjects() > 0) {
      fields.add("of", seen.allObjects());
    }
    fields.addBytes("bytes", seen.bytes());
    fields.add("took", seen.elapsed());
    seen.left().ifPresent(left -> fields.add("left", left));
    return "under way" + fields;
  }

  static String line(CycleOutcome outcome) {
    LogFields fields = new LogFields().add("repository", outcome.repository());
    if (!outcome.reason().equals(CycleOutcome.NO_REASON)) {
      fields.add("reason", outcome.reason());
    }
    if (!outcome.detail().isEmpty()) {
      fields.add("detail", outcome.detail());
    }
    change(outcome, Measurement::allPacks)
        .map(change -> change.before() + "->" + change.after())
        .ifPresent(text -> fields.add("packs", text));
    change(outcome, Measurement::allPackBytes)
        .map(change -> LogFields.bytes(change.before()) + "->" + LogFields.bytes(change.after()))
        .ifPresent(text -> fields.add("bytes", text));
    if (!outcome.steps().isEmpty()) {
      Work work = outcome.work();
      fields.addBytes("written", work.bytesWritten()).add("deleted", work.packsDeleted());
      if (work.looseObjectsDeleted() > 0) {
        fields.add(LOOSE_DELETED, work.looseObjectsDeleted());
      }
    }
    fields.add("took", outcome.duration());
    return "cycle " + outcome.result().label() + fields;
  }

  private record Change(long before, long after) {}

  private static Optional<Change> change(CycleOutcome outcome, ToLongFunction<Measurement> number) {
    return outcome
        .before()
        .flatMap(before ->
            outcome
                .after()
                .map(after -> new Change(number.applyAsLong(before), number.applyAsLong(after))));
  }
}
