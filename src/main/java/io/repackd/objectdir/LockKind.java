package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The locks that ours and other tools keep in a repository, as far as they have to do with its objects. */
public enum LockKind {
  /** Of whoever maintains the object directory: our cycles, {@code git maintenance run}. */
  MAINTENANCE("maintenance", "maintenance.lock"),
  /** Of our aggregation. */
  AGGREGATE("aggregate", "aggregate.lock"),
  /** Of whoever replaces the multi-pack-index. */
  MULTI_PACK_INDEX("multi-pack-index", "pack/multi-pack-index.lock"),
  /** Of whoever replaces the list of the parts of an incremental multi-pack-index. */
  MULTI_PACK_INDEX_CHAIN(
      "multi-pack-index-chain", "pack/multi-pack-index.d/multi-pack-index-chain.lock"),
  /** Of whoever replaces the commit-graph. */
  COMMIT_GRAPH("commit-graph", "info/commit-graph.lock"),
  /** Of whoever replaces the list of the parts of a commit-graph. */
  COMMIT_GRAPH_CHAIN("commit-graph-chain", "info/commit-graphs/commit-graph-chain.lock"),
  /** Of {@code git gc} and of JGit's. */
  GC("gc", "gc.pid"),
  /** Of a {@code git gc} in the background, which writes there what goes wrong. */
  GC_LOG("gc-log", "gc.log.lock");

  private final String label;
  private final String file;

  LockKind(String label, String file) {
    this.label = label;
    this.file = file;
  }

  /** The name in reports and metrics. */
  public String label() {
    return label;
  }

  /**
   * For how long it has been there: a look at one file, which asks nobody.
   *
   * @return empty if it is not there
   */
  public Optional<Duration> age(RepositoryLocation location, Instant now) throws IOException {
    Optional<Path> file = file(location);
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      Duration age = Duration.between(FileStamp.of(file.get()).modified(), now);
      return Optional.of(age.isNegative() ? Duration.ZERO : age);
    } catch (NoSuchFileException | AccessDeniedException | ObjectDirectoryException e) {
      return Optional.empty();
    }
  }

  /** Where it lies; empty where there is no repository for it to lie in. */
  Optional<Path> file(RepositoryLocation location) {
    return this == GC || this == GC_LOG
        ? location.commonDirectory().map(common -> common.resolve(file))
        : Optional.of(location.objectDirectory().resolve(file));
  }
}
