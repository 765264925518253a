package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;

/** A bare repository that the benchmark makes, once, and then only adds a multi-pack-index to. */
sealed interface Sample permits SyntheticSample, HistorySample {
  /** The modification time of the oldest pack. No two packs of a sample have the same second, so each index is canonical. */
  Instant OLDEST = Instant.ofEpochSecond(1_700_000_000);

  /** How much newer each pack is than the one before it. */
  int PACK_INTERVAL_SECONDS = 60;

  /** What it is called, as in {@code real-1000}; also the name of its directory. */
  String name();

  /**
   * Fills a repository that is empty so far.
   *
   * @param repository a bare repository
   */
  void fill(Path repository, Git git) throws IOException;

  /** When the pack with this number, the oldest being 0, was modified. */
  static Instant modified(int pack) {
    return OLDEST.plusSeconds((long) pack * PACK_INTERVAL_SECONDS);
  }
}
