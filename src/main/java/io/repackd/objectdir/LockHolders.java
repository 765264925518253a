package io.repackd.objectdir;

import io.repackd.platform.FileLease;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.RemoteFileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * Whether somebody still holds a lock file of git's. It says nothing of its holder; but git keeps the file open until it removes
 * it, and the kernel knows who has a file open ({@link FileLease}). We do the same with ours, and they say so.
 *
 * <p>Where the kernel does not say, it is certain that nobody holds what has been there since before the machine was booted. Where
 * other machines use the disk too, nothing is certain but that somebody is seen.
 */
final class LockHolders {
  /** The line by which a file of ours says that its owner has it open for as long as he lives. */
  static final String KEPT_OPEN = "kept=open";

  /** The time of the boot is what the clock says now less what has passed, and clocks are set. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofHours(1);

  private LockHolders() {}

  static Liveness of(FileStamp lock) {
    try {
      FileLease.Use use = use(lock.path());
      if (use == FileLease.Use.SOMEBODY || isOpen(lock.path())) {
        return Liveness.ALIVE;
      }
      boolean nobody =
          use == FileLease.Use.NOBODY
              || lock.modified().isBefore(new ProcessTable().bootTime().minus(CLOCK_TOLERANCE));
      return nobody && RemoteFileSystem.of(lock.path()).isEmpty()
          ? Liveness.DEAD
          : Liveness.UNKNOWN;
    } catch (IOException e) {
      return Liveness.UNKNOWN;
    }
  }

  /** Asked for a moment: whoever opens the file just then waits as long. */
  private static FileLease.Use use(Path file) throws IOException {
    try (FileLease lease = FileLease.open(file)) {
      return lease.take();
    }
  }

  private static boolean isOpen(Path file) throws IOException {
    return new ProcessTable()
        .census(Set.of(file)).readers().stream().anyMatch(reader -> !reader.files().isEmpty());
  }
}
