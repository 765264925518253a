package io.repackd.maintenance;

import io.repackd.config.MaintenanceSettings;
import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.CyclePlan.Batch;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.objectdir.TemporaryKeep;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The repack of a cycle: batch by batch, each by {@link BatchRepack}, while what comes meanwhile is bundled beside it. Knows what
 * the aggregation before it has left to it, and holds the temporary keeps of what it has written until an index refers to that.
 */
final class RepackStep {
  private static final Logger log = LoggerFactory.getLogger(RepackStep.class);

  private final Registration registration;
  private final ObjectDirectory directory;
  private final MaintenanceSettings settings;
  private final Request request;
  private final Aggregation aggregation;
  private final Clock clock;
  private final Cancellation cancellation;

  private final String id = UUID.randomUUID().toString();

  private final List<TemporaryKeep> keeps = new ArrayList<>();
  private final Set<String> repacked = new HashSet<>();
  private final List<StoredPack> unlisted = new ArrayList<>();
  private final Set<String> repackedInVain = new HashSet<>();
  private final Set<String> listedInVain = new HashSet<>();
  private List<Bundle> bundles = List.of();

  /**
   * What became of a batch.
   *
   * @param detail in words
   */
  record Repacked(Work work, String detail) {}

  RepackStep(
      Registration registration,
      ObjectDirectory directory,
      Request request,
      Aggregation aggregation,
      Clock clock,
      Cancellation cancellation) {
    this.registration = registration;
    this.directory = directory;
    this.settings = registration.settings();
    this.request = request;
    this.aggregation = aggregation;
    this.clock = clock;
    this.cancellation = cancellation;
  }

  /** Tells the temporary keeps of this cycle from those which earlier ones of this process could not remove. */
  String id() {
    return id;
  }

  /** Takes over what would have been bundled. */
  void leave(List<Bundle> left) {
    bundles = List.copyOf(left);
  }

  /** The packs that were left to it, as long as it has not taken them. No index lists them. */
  List<StoredPack> left() {
    return bundles.stream().map(Bundle::packs).flatMap(List::stream).toList();
  }

  /** The names of the packs that it has taken: what it has written has all that an index takes from them. */
  Set<String> repacked() {
    return Set.copyOf(repacked);
  }

  /**
   * The names of packs that it would have written, but they were there already, and if they are listed, then by somebody who did not
   * know what they are made of: so that objects were left to that. The index has to be built anew for them to own these; without that the next repack
   * would come to the same.
   */
  Set<String> listedInVain() {
    return Set.copyOf(listedInVain);
  }

  /** The names of what these are made of. */
  Set<String> repackedInVain() {
    return Set.copyOf(repackedInVain);
  }

  /** The packs that it has taken and no index lists. */
  List<StoredPack> unlisted() {
    return List.copyOf(unlisted);
  }

  /**
   * Repacks a batch.
   *
   * @param beside is given the loop that bundles beside it, as soon as it is settled what the repack reads; whoever takes it ends it
   */
  Repacked run(Batch batch, Consumer<AggregateLoop.Beside> beside) throws IOException, StepFailure {
    BatchRepack.Written written = write(batch, () -> startLoop(batch).ifPresent(beside));
    List<Published> published = written.published();
    List<StoredPack> givingUp =
        batch.packs().stream()
            .map(PackView::pack)
            .filter(pack -> !written.names().contains(pack.name()))
            .toList();
    Set<String> names = published.isEmpty() ? repackedInVain : repacked;
    givingUp.forEach(pack -> names.add(pack.name()));
    batch.packs().stream()
        .filter(view -> view.unlisted() && givingUp.contains(view.pack()))
        .forEach(view -> unlisted.add(view.pack()));
    if (!published.isEmpty()) {
      bundles = bundles.stream().filter(bundle -> bundle.kind() != batch.kind()).toList();
    }
    published.forEach(pack -> pack.keep().ifPresent(keeps::add));
    if (published.isEmpty()) {
      if (settings.repack().deltaSearch() && batch.packs().size() == 1) {
        removeMark(batch.packs().getFirst());
      }
      if (!givingUp.isEmpty()) {
        makeYounger(written.names(), batch);
      }
      if (batch.packs().stream()
          .anyMatch(
              view -> !view.unlisted() && view.owned() > 0 && givingUp.contains(view.pack()))) {
        listedInVain.addAll(written.names());
      }
      return new Repacked(Work.NONE, "what would result is there already");
    }
    return new Repacked(
        new Work(
            published.size(),
            0,
            published.stream().mapToLong(Published::objects).sum(),
            published.stream().mapToLong(Published::bytes).sum()),
        batch.words(written.names().size()) + islands());
  }

  /**
   * What was there already is to look as young as if it was written now: it covers what it is made of only if it is younger. Where it
   * belongs to somebody else that cannot be done, and matters little.
   */
  private void makeYounger(List<String> names, Batch batch) throws IOException {
    List<StoredPack> packs = batch.packs().stream().map(PackView::pack).toList();
    Instant time = PackPublication.youngerThan(packs, clock.instant(), names.size());
    for (String name : names) {
      Path path = directory.packDirectory().resolve(name + ".pack");
      try {
        Files.setLastModifiedTime(path, FileTime.from(time));
      } catch (FileSystemException e) {
        if (StepErrors.vanished(e)) {
          throw e;
        }
        log.debug("{} stays as old as it is", path, e);
      }
      time = time.minusSeconds(1);
    }
  }

  /**
   * The search has changed nothing, and would not in the next cycle either. But the mark may also say what was bundled into the
   * pack, and that is still there.
   */
  private static void removeMark(PackView view) throws IOException {
    FileStamp mark = view.pack().sidecars().get(Sidecar.BAD_DELTAS);
    if (view.superseded() == 0 && mark != null && mark.unchanged()) {
      Files.deleteIfExists(mark.path());
    }
  }

  private String islands() throws IOException {
    return directory.deltaSettings().islands() ? "; delta islands are ignored" : "";
  }

  private Optional<AggregateLoop.Beside> startLoop(Batch batch) {
    if (!settings.aggregate().enabled()) {
      return Optional.empty();
    }
    Set<String> used =
        batch.packs().stream().map(view -> view.pack().name()).collect(Collectors.toSet());
    AggregateLoop loop =
        new AggregateLoop(aggregation, registration, settings.aggregate().interval());
    return Optional.of(
        new AggregateLoop.Beside(
            loop,
            () -> AggregateRequest.beside(request.immediately(), used),
            cancellation.pacer()));
  }

  private BatchRepack.Written write(Batch batch, Runnable committed)
      throws IOException, StepFailure {
    return FreeSpace.watched(
        directory,
        settings.safety(),
        cancellation,
        watched ->
            new BatchRepack(
                    directory,
                    clock.instant(),
                    id,
                    settings.repack().deltaSearch(),
                    supersedes(batch),
                    watched)
                .run(batch, committed));
  }

  /** What the new pack will have all of. If somebody else has listed a pack meanwhile, of that and what it supersedes it may not. */
  private List<String> supersedes(Batch batch) {
    Set<String> unlisted =
        batch.packs().stream()
            .filter(PackView::unlisted)
            .map(view -> view.pack().name())
            .collect(Collectors.toSet());
    return bundles.stream()
        .filter(bundle -> bundle.kind() == batch.kind())
        .flatMap(bundle -> {
          boolean all = bundle.packs().stream().map(StoredPack::name).allMatch(unlisted::contains);
          return bundle.supersedes().stream().filter(name -> all || unlisted.contains(name));
        })
        .toList();
  }

  /** To be called when the index refers to what was written, or never will. */
  void removeKeeps() {
    for (TemporaryKeep keep : keeps) {
      try {
        keep.remove();
      } catch (IOException e) {
        log.warn("cannot remove a temporary keep now, the next cycle will try", e);
      }
    }
    keeps.clear();
  }
}
