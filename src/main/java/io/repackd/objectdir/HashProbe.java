package io.repackd.objectdir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Guesses the hash function of an object directory that has no repository around it, from what its files say: the
 * multi-pack-index has a number for it, and a pack's name is a hash.
 */
final class HashProbe {
  private static final int INDEX_HASH_ID_OFFSET_BYTES = 5;

  private HashProbe() {}

  static HashAlgorithm probe(Path objectDirectory) throws IOException {
    Path packDirectory = objectDirectory.resolve("pack");
    Path index = packDirectory.resolve(PackDirectoryScan.INDEX_NAME);
    if (Files.exists(index)) {
      try (InputStream in = Files.newInputStream(index)) {
        byte[] start = in.readNBytes(INDEX_HASH_ID_OFFSET_BYTES + 1);
        if (start.length > INDEX_HASH_ID_OFFSET_BYTES) {
          return HashAlgorithm.ofFormatId(start[INDEX_HASH_ID_OFFSET_BYTES])
              .orElse(HashAlgorithm.SHA1);
        }
      }
    }
    int sha256NameLength = "pack-".length() + 2 * HashAlgorithm.SHA256.length();
    boolean longNames =
        PackDirectoryScan.scan(packDirectory).packs().stream()
            .anyMatch(pack -> pack.name().length() == sha256NameLength);
    return longNames ? HashAlgorithm.SHA256 : HashAlgorithm.SHA1;
  }
}
