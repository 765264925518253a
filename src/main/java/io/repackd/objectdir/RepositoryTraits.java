package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a repository's git configuration says that matters for its object directory.
 *
 * @param hash the hash function
 * @param multiPackIndex {@code core.multiPackIndex}: whether git reads a multi-pack-index here
 * @param preciousObjects {@code extensions.preciousObjects}: nothing may be deleted
 * @param writeReverseIndex {@code pack.writeReverseIndex}: whether a new pack gets a {@code .rev} file
 * @param packKeptObjects {@code repack.packKeptObjects}: whether kept packs are repacked
 * @param bigPackBytes {@code gc.bigPackThreshold}: packs of that size, in bytes, {@code git gc} leaves; {@link Long#MAX_VALUE} if it is not
 *     set, or to what {@code git gc} refuses
 * @param updateServerInfo {@code repack.updateServerInfo}: whether a list of packs for plain HTTP is kept up to date where there is one
 * @param compressionLevel {@code pack.compression}, else {@code core.compression}: -1 to 9
 * @param looseUncompressed {@code core.looseCompression}, else {@code core.compression}, is 0: git does not compress loose objects
 * @param permissions {@code core.sharedRepository}
 */
public record RepositoryTraits(
    HashAlgorithm hash,
    boolean multiPackIndex,
    boolean preciousObjects,
    boolean writeReverseIndex,
    boolean packKeptObjects,
    long bigPackBytes,
    boolean updateServerInfo,
    int compressionLevel,
    boolean looseUncompressed,
    SharedPermissions permissions) {

  /** The extensions that do not change what an object directory is, or in ways that are known here. */
  private static final Set<String> KNOWN_EXTENSIONS =
      Set.of(
          "noop",
          "noop-v1",
          "objectformat",
          "partialclone",
          "preciousobjects",
          "refstorage",
          "relativeworktrees",
          "worktreeconfig");

  static RepositoryTraits read(RepositoryLocation location, Map<String, String> environment)
      throws IOException {
    Optional<Path> file = location.commonDirectory().map(directory -> directory.resolve("config"));
    GitConfiguration configuration = GitConfiguration.read(file, environment);
    if (file.isPresent()) {
      checkVersion(configuration, location.path());
    }
    return new RepositoryTraits(
        hash(configuration, location),
        configuration.truth("core", "multiPackIndex", true),
        configuration.truth("extensions", "preciousObjects", false),
        configuration.truth("pack", "writeReverseIndex", true),
        configuration.truth("repack", "packKeptObjects", false),
        bigPackBytes(configuration),
        configuration.truth("repack", "updateServerInfo", true),
        compression(configuration),
        looseUncompressed(configuration),
        permissions(configuration));
  }

  /** No other command of git's reads it, so that a wrong value matters to nobody else. */
  private static long bigPackBytes(GitConfiguration configuration) {
    try {
      long bytes = configuration.bytes("gc", "bigPackThreshold", 0);
      return bytes == 0 ? Long.MAX_VALUE : bytes;
    } catch (ObjectDirectoryException e) {
      return Long.MAX_VALUE;
    }
  }

  private static int compression(GitConfiguration configuration) throws ObjectDirectoryException {
    int core = configuration.number("core", "compression", -1);
    int level = configuration.number("pack", "compression", core);
    if (level < -1 || level > 9) {
      String section = configuration.has("pack", "compression") ? "pack" : "core";
      throw configuration.fault(
          section, "compression", "%d is not between -1 and 9".formatted(level));
    }
    return level;
  }

  private static boolean looseUncompressed(GitConfiguration configuration)
      throws ObjectDirectoryException {
    int core = configuration.number("core", "compression", -1);
    return configuration.number("core", "looseCompression", core) == 0;
  }

  private static SharedPermissions permissions(GitConfiguration configuration)
      throws ObjectDirectoryException {
    try {
      return SharedPermissions.parse(configuration.string("core", "sharedRepository").orElse(""));
    } catch (ObjectDirectoryException e) {
      throw configuration.fault("core", "sharedRepository", String.valueOf(e.getMessage()));
    }
  }

  /** Source: gitrepository-layout. An extension that we do not know may change what the files here mean. */
  private static void checkVersion(GitConfiguration configuration, Path repository)
      throws ObjectDirectoryException {
    int version = configuration.number("core", "repositoryformatversion", 0);
    if (version > 1) {
      throw new ObjectDirectoryException(
          "refusing repository %s: its format version is %d, and 1 is the last that repackd knows"
              .formatted(repository, version));
    }
    List<String> unknown =
        configuration.names("extensions").stream()
            .filter(name -> !KNOWN_EXTENSIONS.contains(name))
            .toList();
    if (version == 1 && !unknown.isEmpty()) {
      throw new ObjectDirectoryException(
          "refusing repository %s: it has an extension that repackd does not know: %s"
              .formatted(repository, unknown.getFirst()));
    }
  }

  private static HashAlgorithm hash(GitConfiguration configuration, RepositoryLocation location)
      throws IOException {
    if (location.commonDirectory().isEmpty()) {
      return HashProbe.probe(location.objectDirectory());
    }
    Optional<String> name = configuration.string("extensions", "objectFormat");
    if (name.isEmpty()) {
      return HashAlgorithm.SHA1;
    }
    return HashAlgorithm.ofGitName(name.get().toLowerCase(Locale.ROOT))
        .orElseThrow(() ->
            new ObjectDirectoryException(
                "refusing repository %s: unknown object format %s"
                    .formatted(location.path(), name.get())));
  }
}
