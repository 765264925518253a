package io.repackd.registry;

import io.repackd.config.PathPattern;
import io.repackd.config.RepositoryEntry;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryLocation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One pass over the entries: what each leads to, which of them are the same, what they are called. */
final class Resolution {
  /**
   * Of several ways to one object directory the one that counts: a plain path before a glob, then the first entry. Below one
   * glob the repository itself comes before a worktree linked to it, which may be gone tomorrow.
   */
  private static final Comparator<Candidate> BEST_FIRST =
      Comparator.comparing((Candidate candidate) -> candidate.entry.paths().isGlob())
          .thenComparingInt(Candidate::position)
          .thenComparing(Candidate::isLinkedWorktree)
          .thenComparing(candidate -> candidate.location.path());

  private static final Comparator<Candidate> BY_ENTRY =
      Comparator.comparingInt(Candidate::position)
          .thenComparing(candidate -> candidate.location.path());

  private final RepositoryLocator locator;
  private final List<Candidate> candidates = new ArrayList<>();
  private final Map<Path, RegistrationFailure> failures = new LinkedHashMap<>();

  Resolution(RepositoryLocator locator) {
    this.locator = locator;
  }

  private record Candidate(int position, RepositoryEntry entry, RepositoryLocation location) {
    boolean isLinkedWorktree() {
      Path path = location.path();
      Optional<Path> common = location.commonDirectory();
      return common.isPresent()
          && !common.get().equals(path)
          && !common.get().equals(path.resolve(".git"));
    }
  }

  Registry of(List<RepositoryEntry> entries) {
    for (int i = 0; i < entries.size(); i++) {
      find(i, entries.get(i));
    }
    Map<Path, List<Candidate>> byObjectDirectory = new LinkedHashMap<>();
    candidates.stream()
        .sorted(BEST_FIRST)
        .forEach(candidate ->
            byObjectDirectory
                .computeIfAbsent(
                    candidate.location.objectDirectory(), directory -> new ArrayList<>())
                .add(candidate));
    return registry(byObjectDirectory);
  }

  private Registry registry(Map<Path, List<Candidate>> byObjectDirectory) {
    List<Candidate> chosen =
        byObjectDirectory.values().stream().map(List::getFirst).sorted(BY_ENTRY).toList();
    RegistrationNames names = new RegistrationNames();
    chosen.forEach(candidate -> names.add(candidate.location, candidate.entry.name()));
    Map<RepositoryLocation, String> assigned = names.assign();

    List<Registration> registrations = new ArrayList<>();
    Map<String, List<Path>> otherPaths = new HashMap<>();
    for (Candidate candidate : chosen) {
      RepositoryLocation location = candidate.location;
      String name = assigned.getOrDefault(location, location.path().toString());
      registrations.add(new Registration(name, location, candidate.entry.settings()));
      List<Path> others =
          byObjectDirectory.getOrDefault(location.objectDirectory(), List.of()).stream()
              .map(other -> other.location.path())
              .filter(path -> !path.equals(location.path()))
              .distinct()
              .toList();
      if (!others.isEmpty()) {
        otherPaths.put(name, others);
      }
    }
    return new Registry(registrations, List.copyOf(failures.values()), otherPaths);
  }

  private void find(int position, RepositoryEntry entry) {
    PathPattern paths = entry.paths();
    if (paths.isGlob()) {
      GlobSearch search = new GlobSearch(path -> locate(position, entry, path));
      search.run(paths).forEach((path, reason) -> fail(entry, path, path + ": " + reason));
    } else {
      locate(position, entry, paths.path()).ifPresent(reason -> fail(entry, paths.path(), reason));
    }
  }

  /** Returns why not, if the path is no repository or a broken one. */
  private Optional<String> locate(int position, RepositoryEntry entry, Path path) {
    try {
      candidates.add(new Candidate(position, entry, locator.locate(path)));
      return Optional.empty();
    } catch (ObjectDirectoryException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      // Whatever one repository contains, the others are still to be registered.
      return Optional.of("cannot open repository " + path + ": " + e);
    }
  }

  private void fail(RepositoryEntry entry, Path path, String reason) {
    failures.putIfAbsent(path, new RegistrationFailure(entry, path, reason));
  }
}
