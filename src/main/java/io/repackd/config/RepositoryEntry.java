package io.repackd.config;

import java.util.Optional;

/**
 * One entry of {@code repositories}.
 *
 * @param pattern a path, or a glob of paths, with {@code ~} and relative parts already made absolute
 * @param name the name it is registered under; only for a path that is no glob
 * @param settings how it is maintained: the defaults with the entry's own keys over them
 * @param origin the file and line, for messages: {@code /etc/repackd/repackd.conf:12}, or {@code --repository}
 */
public record RepositoryEntry(
    String pattern, Optional<String> name, MaintenanceSettings settings, String origin) {
  /** The pattern, which says whether it is a glob. */
  public PathPattern paths() {
    return new PathPattern(pattern);
  }
}
