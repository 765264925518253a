package io.repackd.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Notices that a configuration file has changed: by looking, so that a file which is replaced, or is a symbolic link whose
 * target is replaced, is noticed like one that is written to. Not thread-safe.
 */
final class ConfigurationWatch {
  /**
   * What is compared of a file.
   *
   * @param key device and inode
   */
  private record Stamp(long modifiedNanos, long size, @Nullable Object key) {
    static final Stamp MISSING = new Stamp(0, -1, null);

    static Stamp of(Path file) {
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new Stamp(
            attributes.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS),
            attributes.size(),
            attributes.fileKey());
      } catch (IOException e) {
        return MISSING;
      }
    }
  }

  private Map<Path, Stamp> stamps = Map.of();

  /**
   * Takes note of the files as they are. Files watched already keep their note, so that a change since {@link #changed} last
   * looked is not lost.
   */
  void watch(List<Path> files) {
    Map<Path, Stamp> watched = new HashMap<>();
    for (Path file : files) {
      Stamp known = stamps.get(file);
      watched.put(file, known == null ? Stamp.of(file) : known);
    }
    stamps = watched;
  }

  /** Whether a file has changed, appeared or gone since the last look. */
  boolean changed() {
    boolean changed = false;
    for (Map.Entry<Path, Stamp> entry : stamps.entrySet()) {
      Stamp now = Stamp.of(entry.getKey());
      changed |= !Objects.equals(entry.setValue(now), now);
    }
    return changed;
  }
}
