package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** A pack that a round of aggregation will write, for a plan that is made before there is one. Its size is the most that it can be. */
final class UnwrittenPack {
  private UnwrittenPack() {}

  /** The pack of loose objects; empty if none will be written. */
  static Optional<StoredPack> ofLoose(ObjectDirectory directory, LooseForecast loose, Instant now) {
    return loose.pack() == 0
        ? Optional.empty()
        : Optional.of(
            pack(
                directory,
                "(pack of %d loose objects)".formatted(loose.pack()),
                PackKind.ORDINARY,
                loose.packBytes(),
                GrowthRule.indexBytes(loose.pack(), directory.hash()),
                now));
  }

  static StoredPack ofBundle(ObjectDirectory directory, Bundle bundle, Instant now) {
    String name = "(bundle of %d packs)".formatted(bundle.packs().size());
    return pack(directory, name, bundle.kind(), bundle.bytes(), 0, now);
  }

  private static StoredPack pack(
      ObjectDirectory directory,
      String name,
      PackKind kind,
      long bytes,
      long indexBytes,
      Instant now) {
    Map<Sidecar, FileStamp> sidecars = new EnumMap<>(Sidecar.class);
    sidecars.put(
        Sidecar.BAD_DELTAS, stamp(directory, name, Sidecar.BAD_DELTAS.extension(), 0, now));
    if (kind == PackKind.PROMISOR) {
      sidecars.put(Sidecar.PROMISOR, stamp(directory, name, Sidecar.PROMISOR.extension(), 0, now));
    }
    return new StoredPack(
        name,
        stamp(directory, name, "pack", bytes, now),
        stamp(directory, name, "idx", indexBytes, now),
        sidecars);
  }

  private static FileStamp stamp(
      ObjectDirectory directory, String name, String extension, long bytes, Instant now) {
    return new FileStamp(
        directory.packDirectory().resolve(name + "." + extension), 0, 0, bytes, now);
  }
}
