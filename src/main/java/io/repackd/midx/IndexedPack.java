package io.repackd.midx;

import io.repackd.pack.PackIndex;

/**
 * A pack that is to be listed in a multi-pack-index which does not list it yet.
 *
 * @param indexName the name of its index file
 * @param index its index, opened
 * @param modifiedSeconds when the pack file last changed, in seconds since 1970: of two copies the newer pack's is chosen
 * @param rank of two copies that of the higher rank is chosen before their ages are compared; git has none, or as it were 0 for all
 */
public record IndexedPack(String indexName, PackIndex index, long modifiedSeconds, long rank) {
  /** Stands for a time that loses against every other pack, also against those which are listed already. */
  private static final long OLDER_THAN_ALL = Long.MIN_VALUE;

  /** Stands for a time that wins against every other pack, as git's preferred pack does. */
  private static final long NEWER_THAN_ALL = Long.MAX_VALUE;

  /** A pack that is chosen by git's rule. */
  public IndexedPack(String indexName, PackIndex index, long modifiedSeconds) {
    this(indexName, index, modifiedSeconds, 0);
  }

  /** The same pack, as the preferred one: it owns every object that it has. */
  public IndexedPack asPreferred() {
    return new IndexedPack(indexName, index, NEWER_THAN_ALL, Long.MAX_VALUE);
  }

  /** The same pack, as one that gets nothing which another pack has. */
  public IndexedPack asLast() {
    return new IndexedPack(indexName, index, OLDER_THAN_ALL, Long.MIN_VALUE);
  }

  boolean preferred() {
    return modifiedSeconds == NEWER_THAN_ALL;
  }
}
