package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The packs as a round of aggregation will leave them, for a plan that is made before there is one: for the packs of a bundle the
 * one which they become. What that owns is exact, because it owns what they do; its size is the most that it can be.
 */
final class AfterAggregation {
  private final ObjectDirectory directory;
  private final AggregateForecast forecast;
  private final Instant now;

  AfterAggregation(ObjectDirectory directory, AggregateForecast forecast, Instant now) {
    this.directory = directory;
    this.forecast = forecast;
    this.now = now;
  }

  /** How many packs an index will list that now would list others. */
  int listed(List<StoredPack> packs) {
    long bundled = packs.stream().filter(pack -> forecast.bundles(pack.name())).count();
    return (int) (packs.size() - bundled) + newPacks();
  }

  private int newPacks() {
    return forecast.plan().bundles().size() + (forecast.loose().pack() > 0 ? 1 : 0);
  }

  /** The same as a snapshot, with the new packs in the place of the old ones. */
  Snapshot in(Snapshot snapshot) {
    List<PackView> views = new ArrayList<>();
    snapshot.packs().stream()
        .filter(view -> !forecast.bundles(view.pack().name()))
        .forEach(views::add);
    for (Bundle bundle : forecast.plan().bundles()) {
      long owned =
          snapshot.packs().stream()
              .filter(view -> bundle.packs().contains(view.pack()))
              .mapToLong(PackView::owned)
              .sum();
      String name = "(bundle of %d packs)".formatted(bundle.packs().size());
      views.add(view(name, bundle.kind(), bundle.bytes(), owned));
    }
    LooseForecast loose = forecast.loose();
    if (loose.pack() > 0) {
      String name = "(pack of %d loose objects)".formatted(loose.pack());
      views.add(view(name, PackKind.ORDINARY, loose.packBytes(), loose.pack()));
    }
    return snapshot.with(views);
  }

  /** A bundle of nothing but copies owns nothing; the cycle that writes it will see that, and not delete it. */
  private PackView view(String name, PackKind kind, long bytes, long owned) {
    Map<Sidecar, FileStamp> sidecars = new EnumMap<>(Sidecar.class);
    sidecars.put(Sidecar.BAD_DELTAS, stamp(name, Sidecar.BAD_DELTAS.extension(), 0));
    if (kind == PackKind.PROMISOR) {
      sidecars.put(Sidecar.PROMISOR, stamp(name, Sidecar.PROMISOR.extension(), 0));
    }
    StoredPack pack =
        new StoredPack(name, stamp(name, "pack", bytes), stamp(name, "idx", 0), sidecars);
    Optional<Instant> unreferenced = owned == 0 ? Optional.of(now) : Optional.empty();
    return new PackView(pack, owned, owned, unreferenced);
  }

  private FileStamp stamp(String name, String extension, long bytes) {
    return new FileStamp(
        directory.packDirectory().resolve(name + "." + extension), 0, 0, bytes, now);
  }
}
