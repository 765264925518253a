package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a repository's git configuration says of how packs are written, brought into the ranges that git brings it into.
 *
 * <p>Delta islands keep objects of one fork from being deltas on those of another. They need the refs and a walk through history;
 * here they are ignored, and whoever repacks says so.
 *
 * <p>Source: git-config(1), {@code pack.*} and {@code core.bigFileThreshold}; git-pack-objects(1) for the ranges.
 *
 * @param window {@code pack.window}: with how many others an object is compared; 0 searches no deltas
 * @param depth {@code pack.depth}: how long a chain of deltas may become: 0 to {@value #MAX_DEPTH}
 * @param bigFileBytes {@code core.bigFileThreshold}: larger objects, in bytes, are stored whole
 * @param packSizeLimitBytes {@code pack.packSizeLimit}: the size that a pack may have, in bytes: {@value #MIN_PACK_BYTES} or more;
 *     {@link Long#MAX_VALUE} if there is no limit
 * @param threads {@code pack.threads}: how many threads search; 0 is one for each core
 * @param islands whether islands are configured, which are ignored
 */
public record DeltaSettings(
    int window,
    int depth,
    long bigFileBytes,
    long packSizeLimitBytes,
    int threads,
    boolean islands) {
  /** The depth which git's own table of objects has room for. */
  public static final int MAX_DEPTH = 4095;

  /** Git refuses to split finer, with a warning: 1 MiB. */
  public static final long MIN_PACK_BYTES = 1L << 20;

  private static final int DEFAULT_WINDOW = 10;
  private static final int DEFAULT_DEPTH = 50;
  private static final long DEFAULT_BIG_FILE_BYTES = 512L << 20;

  private static final String PACK = "pack";

  /** What git does where nothing is configured. */
  public static final DeltaSettings DEFAULT =
      new DeltaSettings(
          DEFAULT_WINDOW, DEFAULT_DEPTH, DEFAULT_BIG_FILE_BYTES, Long.MAX_VALUE, 0, false);

  /**
   * Reads the configuration.
   *
   * @throws ObjectDirectoryException if a value is one that git refuses; the message names the key
   */
  static DeltaSettings read(RepositoryLocation location, Map<String, String> environment)
      throws IOException {
    Optional<Path> file = location.commonDirectory().map(directory -> directory.resolve("config"));
    return of(GitConfiguration.read(file, environment));
  }

  static DeltaSettings of(GitConfiguration configuration) throws ObjectDirectoryException {
    long limit = configuration.bytes(PACK, "packSizeLimit", 0);
    return new DeltaSettings(
        Math.max(0, configuration.number(PACK, "window", DEFAULT_WINDOW)),
        Math.clamp(configuration.number(PACK, "depth", DEFAULT_DEPTH), 0, MAX_DEPTH),
        configuration.bytes("core", "bigFileThreshold", DEFAULT_BIG_FILE_BYTES),
        limit == 0 ? Long.MAX_VALUE : Math.max(limit, MIN_PACK_BYTES),
        threads(configuration),
        !configuration.strings(PACK, "island").isEmpty()
            || configuration.truth("repack", "useDeltaIslands", false));
  }

  private static int threads(GitConfiguration configuration) throws ObjectDirectoryException {
    int threads = configuration.number(PACK, "threads", 0);
    if (threads < 0) {
      throw configuration.fault(PACK, "threads", "%d is negative".formatted(threads));
    }
    return threads;
  }
}
