package io.repackd.midx;

import io.repackd.pack.PackIndex;

/**
 * A pack that is to be listed in a multi-pack-index which does not list it yet.
 *
 * @param indexName the name of its index file
 * @param index its index, opened
 * @param modifiedSeconds when the pack file last changed, in seconds since 1970: of two copies the newer pack's is chosen
 */
public record IndexedPack(String indexName, PackIndex index, long modifiedSeconds) {
  /** Stands for a time that loses against every other pack, also against those which are listed already. */
  public static final long OLDER_THAN_ALL = Long.MIN_VALUE;
}
