package io.repackd.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The whole configuration, as {@link ConfigurationLoader} read it: defaults filled in, every value in range.
 *
 * @param repositories what is registered, in the order of the files
 * @param defaults how a repository is maintained whose entry does not say otherwise
 * @param maxConcurrent how many repositories are maintained at a time, at least 1
 * @param stateDirectory where history and the ages of unreferenced packs are kept; absolute
 * @param pacing what makes work wait
 * @param web the HTTP server
 * @param history how much history is kept
 * @param log where the log goes
 * @param files the files it was read from, to watch them for changes; absolute. Those which do not exist yet but would be
 *     read are among them, and so is the directory {@code conf.d}, in which files may appear
 */
public record Configuration(
    List<RepositoryEntry> repositories,
    MaintenanceSettings defaults,
    int maxConcurrent,
    Path stateDirectory,
    PacingSettings pacing,
    WebSettings web,
    HistorySettings history,
    LogSettings log,
    List<Path> files) {
  public Configuration {
    repositories = List.copyOf(repositories);
    files = List.copyOf(files);
  }

  /** The same configuration with these repositories too, under the default settings. The paths are taken as they are. */
  public Configuration plus(List<Path> paths) {
    List<RepositoryEntry> entries = new ArrayList<>(repositories);
    for (Path path : paths) {
      entries.add(
          new RepositoryEntry(
              PathPattern.of(path).text(), Optional.empty(), defaults, "--repository"));
    }
    return new Configuration(
        entries, defaults, maxConcurrent, stateDirectory, pacing, web, history, log, files);
  }
}
