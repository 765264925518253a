package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.maintenance.RequestedMaintenance.Selection;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Puts a batch of packs together by hand, as {@code git multi-pack-index repack} does, and has the index take the objects from
 * the new pack.
 *
 * <p>It takes the packs that git takes, oldest first, with these exceptions. Packs that own nothing add nothing, so they
 * are not taken, and do not count as one of the two that a batch needs, unless no other pack could cover them. Ordinary and promisor packs are two batches. Packs with
 * a bitmap stay, which is said. What older packs own is copied, too, so that it does not grow older when the packs go. And the entries
 * are copied as they are, where git looks for better deltas.
 */
final class RequestedRepack {
  private static final ExpireSettings NO_EXPIRE = new ExpireSettings(false, Duration.ZERO);

  private final ObjectDirectory directory;
  private final Clock clock;
  private final Cancellation cancellation;
  private final RequestListener listener;

  RequestedRepack(
      ObjectDirectory directory, Clock clock, Cancellation cancellation, RequestListener listener) {
    this.directory = directory;
    this.clock = clock;
    this.cancellation = cancellation;
    this.listener = listener;
  }

  long run(BatchSize size) throws IOException, StepFailure, RequestFailedException {
    RepackSettings settings = new RepackSettings(true, size, Duration.ZERO);
    CyclePlan plan = CyclePlanner.plan(snapshot(), NO_EXPIRE, settings, true);
    plan.leftAlone().stream()
        .filter(left -> left.pack().pack().has(Sidecar.BITMAP))
        .forEach(left ->
            listener.warn("leaving %s: %s".formatted(left.pack().pack().name(), left.reason())));
    long packs = 0;
    for (Batch batch : plan.batches()) {
      listener.begin(
          "Putting %d %s packs together into %s"
              .formatted(
                  batch.packs().size(),
                  batch.kind().label(),
                  batch.limited()
                      ? "packs of at most " + Amounts.bytes(batch.packBytes())
                      : "one"));
      repackAndWrite(batch);
      packs += batch.packs().size();
    }
    return packs;
  }

  private void repackAndWrite(Batch batch) throws IOException, StepFailure, RequestFailedException {
    String id = UUID.randomUUID().toString();
    List<Published> published =
        new BatchRepack(directory, clock.instant(), id, true, cancellation)
            .run(batch, () -> {})
            .published();
    try {
      // Also if the packs were there already: whoever wrote them may not have come to list them.
      new RequestedWrite(RequestedWrite.Care.VERIFIED, directory, cancellation, listener)
          .run(Selection.ALL);
    } finally {
      for (Published pack : published) {
        if (pack.keep().isPresent()) {
          pack.keep().get().remove();
        }
      }
    }
  }

  private Snapshot snapshot() throws IOException {
    return Snapshots.takeForRepack(
        directory,
        directory.listPacks().packs(),
        Optional.of(directory.indexFile()),
        UnreferencedSince.UNKNOWN,
        Census.NOBODY,
        SafetyWindow.withoutLeases(),
        clock.instant(),
        cancellation);
  }
}
