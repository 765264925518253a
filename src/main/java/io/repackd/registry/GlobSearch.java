package io.repackd.registry;

import io.repackd.config.PathPattern;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Finds the repositories below a glob.
 *
 * <p>The glob is followed name by name, so that only directories are listed in which something can match. From the first
 * {@code **} on everything below is walked, at most {@value #MAX_DEPTH} directories deep, without following symbolic links and
 * without entering a repository. A symbolic link to a repository is found where it matches.
 *
 * <p>What is no repository is passed over silently; what looks like one and cannot be opened is not.
 */
final class GlobSearch {
  private static final int MAX_DEPTH = 16;

  /** A glob that leads through more is a mistake, such as {@code /**}. */
  private static final int MAX_DIRECTORIES = 100_000;

  private final Function<Path, Optional<String>> open;
  private final Map<Path, String> failures = new LinkedHashMap<>();
  private final List<Path> unreadable = new ArrayList<>();
  private final int maxDirectories;
  private int directories;

  /**
   * A search.
   *
   * @param open is given what matches; returns why it is no repository, or nothing if it is one
   */
  GlobSearch(Function<Path, Optional<String>> open) {
    this(open, MAX_DIRECTORIES);
  }

  GlobSearch(Function<Path, Optional<String>> open, int maxDirectories) {
    this.open = open;
    this.maxDirectories = maxDirectories;
  }

  /** Ends the search when it has gone too far. */
  private static final class TooWideException extends Exception {
    private static final long serialVersionUID = 1;
  }

  /** Searches, and returns what stood in the way: a path, and why. */
  Map<Path, String> run(PathPattern glob) {
    List<String> names = GlobNames.split(glob.text());
    int fixed = 0;
    while (fixed < names.size() && !GlobNames.isGlob(names.get(fixed))) {
      fixed++;
    }
    Path root = Path.of("/");
    for (String name : names.subList(0, fixed)) {
      root = root.resolve(GlobNames.literal(name));
    }
    if (!Files.isDirectory(root)) {
      return Map.of(root, "there is no such directory, so " + glob.text() + " finds nothing");
    }
    try {
      follow(List.of(root), names.subList(fixed, names.size()));
    } catch (TooWideException e) {
      failures.put(
          root,
          glob.text() + " leads through more than " + maxDirectories + " directories; narrow it");
    }
    if (!unreadable.isEmpty()) {
      int more = unreadable.size() - 1;
      failures.put(
          unreadable.getFirst(),
          "cannot list the directory" + (more == 0 ? "" : ", nor " + more + " others"));
    }
    return failures;
  }

  private void follow(List<Path> from, List<String> names) throws TooWideException {
    List<Path> reached = from;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      if (GlobNames.spansDirectories(name)) {
        PathMatcher matcher = matcher(GlobNames.join(names.subList(i, names.size())));
        for (Path directory : reached) {
          walk(directory, directory, matcher, 1);
        }
        return;
      }
      reached = GlobNames.isGlob(name) ? matching(reached, name) : named(reached, name);
    }
    reached.forEach(this::visit);
  }

  private List<Path> matching(List<Path> from, String name) throws TooWideException {
    PathMatcher matcher = matcher(name);
    List<Path> matching = new ArrayList<>();
    for (Path directory : from) {
      for (Path child : list(directory)) {
        if (matcher.matches(child.getFileName()) && Files.isDirectory(child)) {
          matching.add(child);
        }
      }
    }
    return matching;
  }

  private static List<Path> named(List<Path> from, String name) {
    return from.stream()
        .map(directory -> directory.resolve(GlobNames.literal(name)))
        .filter(Files::isDirectory)
        .toList();
  }

  private void walk(Path root, Path directory, PathMatcher matcher, int depth)
      throws TooWideException {
    for (Path child : list(directory)) {
      boolean found =
          matcher.matches(root.relativize(child)) && Files.isDirectory(child) && visit(child);
      if (!found
          && depth < MAX_DEPTH
          && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)
          && !isGitDirectory(child)) {
        walk(root, child, matcher, depth + 1);
      }
    }
  }

  /** Whether it is a repository. */
  private boolean visit(Path path) {
    Optional<String> reason = open.apply(path);
    if (reason.isPresent() && (isGitDirectory(path) || Files.exists(path.resolve(".git")))) {
      failures.put(path, reason.get());
    }
    return reason.isEmpty();
  }

  private List<Path> list(Path directory) throws TooWideException {
    directories++;
    if (directories > maxDirectories) {
      throw new TooWideException();
    }
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      stream.forEach(children::add);
    } catch (IOException | DirectoryIteratorException e) {
      unreadable.add(directory);
    }
    children.sort(null);
    return children;
  }

  private static boolean isGitDirectory(Path path) {
    return Files.exists(path.resolve("HEAD")) && Files.isDirectory(path.resolve("objects"));
  }

  private static PathMatcher matcher(String glob) {
    return FileSystems.getDefault().getPathMatcher("glob:" + glob);
  }
}
