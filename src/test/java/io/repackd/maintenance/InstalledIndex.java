package io.repackd.maintenance;

import io.repackd.GitRepository;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;

/** What the multi-pack-index of a repository says. */
final class InstalledIndex {
  private InstalledIndex() {}

  /** The packs that it lists. */
  static List<Path> listed(GitRepository repository) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena).packNames().stream()
          .map(name -> pack(repository, name))
          .toList();
    }
  }

  /** The pack to which it leads. */
  static Path ownerOf(GitRepository repository, String id) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena);
      for (long position = 0; position < index.objects(); position++) {
        if (index.idHex(position).equals(id)) {
          return pack(repository, index.packNames().get(index.packOf(position)));
        }
      }
    }
    throw new AssertionError("not in the index: " + id);
  }

  private static Path pack(GitRepository repository, String indexName) {
    return repository.packs().resolve(indexName.replaceFirst("\\.idx$", ".pack"));
  }
}
