package io.repackd.objectdir;

import java.util.Map;

/**
 * A pack that is complete: its index and its data are both there.
 *
 * @param name what all its files are called before the dot, such as {@code pack-1f2e…}
 * @param data the {@code .pack} file
 * @param index the {@code .idx} file
 * @param sidecars what stands beside them
 */
public record StoredPack(
    String name, FileStamp data, FileStamp index, Map<Sidecar, FileStamp> sidecars) {
  public StoredPack {
    sidecars = Map.copyOf(sidecars);
  }

  /** Whether it has the sidecar. */
  public boolean has(Sidecar sidecar) {
    return sidecars.containsKey(sidecar);
  }

  /** The name of its index, by which a multi-pack-index knows it. */
  public String indexName() {
    return name + ".idx";
  }

  /** What its sidecars make of it. */
  public PackKind kind() {
    if (has(Sidecar.KEEP)) {
      return PackKind.KEPT;
    }
    if (has(Sidecar.MTIMES)) {
      return PackKind.CRUFT;
    }
    return has(Sidecar.PROMISOR) ? PackKind.PROMISOR : PackKind.ORDINARY;
  }
}
