package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files that the kernel holds in memory, and their names. */
final class PageCache {
  /** Everything that is clean and nobody has mapped. Source: the kernel's Documentation/admin-guide/sysctl/vm.rst. */
  private static final String ALL = "3\n";

  private static final Path DROP = Path.of("/proc/sys/vm/drop_caches");

  private PageCache() {}

  /**
   * Says why it cannot be emptied.
   *
   * @throws IllegalArgumentException if it cannot
   */
  static void requireDroppable() {
    if (!Files.isWritable(DROP)) {
      throw new IllegalArgumentException(
          "--cold-cache: %s cannot be written; it takes root, outside of containers"
              .formatted(DROP));
    }
  }

  /** Empties it, so that whoever comes next reads from the disk. What is not on the disk yet is brought there first. */
  static void drop() throws IOException {
    Process sync = new ProcessBuilder("sync").inheritIO().start();
    try {
      if (sync.waitFor() != 0) {
        throw new IOException("sync has failed");
      }
    } catch (InterruptedException e) {
      throw new IOException("interrupted while files were synchronised", e);
    }
    Files.writeString(DROP, ALL);
  }
}
