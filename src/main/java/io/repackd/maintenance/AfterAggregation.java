package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The packs as a round of aggregation will leave them, for a plan that is made before there is one: for the packs of a bundle the
 * one which they become. That owns what they do, and perhaps a little more, since it has more objects than each of them; its size is
 * the most that it can be.
 */
final class AfterAggregation {
  private final ObjectDirectory directory;
  private final AggregateForecast forecast;
  private final Optional<StoredPack> loosePack;
  private final Instant now;

  AfterAggregation(ObjectDirectory directory, AggregateForecast forecast, Instant now) {
    this.directory = directory;
    this.forecast = forecast;
    this.loosePack = UnwrittenPack.ofLoose(directory, forecast.loose(), now);
    this.now = now;
  }

  /** How many packs an index will list that now would list others, without those that are left to the repack. */
  int listed(List<StoredPack> packs) {
    long bundled = packs.stream().filter(pack -> forecast.bundles(pack.name())).count();
    int alone = looseAlone() ? 1 : 0;
    return (int) (packs.size() - bundled) + forecast.plan().bundles().size() + alone;
  }

  /** By its name, because the forecast was made a moment before. */
  private boolean isLoosePack(StoredPack pack) {
    return loosePack.filter(loose -> loose.name().equals(pack.name())).isPresent();
  }

  /** Whether the round would write no pack that an index lists, so that the cycle finds those which are there now. */
  boolean leavesPacksAsTheyAre() {
    return forecast.plan().bundles().isEmpty() && !looseAlone();
  }

  private boolean looseAlone() {
    return loosePack.filter(pack -> !forecast.takes(pack.name())).isPresent();
  }

  /** The same as a snapshot, with the new packs in the place of the old ones, and those that no index will list. */
  Snapshot in(Snapshot snapshot) throws IOException {
    List<PackView> views = new ArrayList<>();
    snapshot.packs().stream()
        .filter(view -> !forecast.takes(view.pack().name()))
        .forEach(views::add);
    for (Bundle bundle : forecast.plan().bundles()) {
      long owned =
          snapshot.packs().stream()
              .filter(view -> bundle.packs().contains(view.pack()))
              .mapToLong(PackView::owned)
              .sum();
      if (bundle.packs().stream().anyMatch(this::isLoosePack)) {
        owned += forecast.loose().pack();
      }
      views.add(view(UnwrittenPack.ofBundle(directory, bundle, now), owned));
    }
    loosePack
        .filter(pack -> !forecast.takes(pack.name()))
        .ifPresent(pack -> views.add(view(pack, forecast.loose().pack())));
    for (Bundle bundle : forecast.plan().toRepack()) {
      for (StoredPack pack : bundle.packs()) {
        views.add(
            isLoosePack(pack)
                ? PackView.unlisted(pack, forecast.loose().pack())
                : Snapshots.unlisted(directory, pack));
      }
    }
    return snapshot.with(views);
  }

  /** A bundle of nothing but copies owns nothing; the cycle that writes it will see that, and not delete it. */
  private PackView view(StoredPack pack, long owned) {
    Optional<Instant> unreferenced = owned == 0 ? Optional.of(now) : Optional.empty();
    return new PackView(pack, owned, owned, unreferenced);
  }
}
