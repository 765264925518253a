package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the object directory that a command is about, as git's own commands do: what {@code GIT_OBJECT_DIRECTORY} and {@code
 * GIT_DIR} say, else the repository in which the command was started, or of which a parent of that directory is the top.
 *
 * <p>{@link RepositoryDiscovery} is for paths that somebody has registered: it looks at one path, and at no variable.
 */
public final class RepositorySearch {
  private static final Path OWN_PROCESS = Path.of("/proc/self");

  private static final int ROOT = 0;

  private final Path workingDirectory;
  private final Map<String, String> environment;

  /**
   * A search.
   *
   * @param workingDirectory where it begins, and what relative paths are relative to
   * @param environment the variables; an empty one counts as not set
   */
  public RepositorySearch(Path workingDirectory, Map<String, String> environment) {
    this.workingDirectory = workingDirectory.toAbsolutePath().normalize();
    this.environment = Map.copyOf(environment);
  }

  /**
   * Searches.
   *
   * @throws ObjectDirectoryException if there is no repository, or it belongs to somebody else; the message says so
   */
  public RepositoryLocation search() throws ObjectDirectoryException {
    try {
      Optional<Path> objects = variable("GIT_OBJECT_DIRECTORY");
      Optional<Path> common = commonDirectory();
      if (objects.isPresent()) {
        return new RepositoryLocation(objects.get(), common, objects.get().toRealPath());
      }
      Path found =
          common.orElseThrow(() ->
              new ObjectDirectoryException(
                  "not a git repository (or any of the parent directories): " + workingDirectory));
      return new RepositoryLocation(found, common, found.resolve("objects").toRealPath());
    } catch (ObjectDirectoryException e) {
      throw e;
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot open the repository of %s: %s".formatted(workingDirectory, Reason.of(e)), e);
    }
  }

  /**
   * The location of an object directory that was named: one of a repository, or one that stands alone, as an alternate or a
   * shared cache may. It need not have a pack yet.
   *
   * @throws ObjectDirectoryException if there is no such directory
   */
  public RepositoryLocation objectDirectory(Path named) throws ObjectDirectoryException {
    Path path = workingDirectory.resolve(named);
    try {
      Path real = path.toRealPath();
      Path parent = real.getParent();
      Optional<Path> repository =
          parent != null && real.endsWith("objects") && GitDirectory.is(parent)
              ? Optional.of(parent)
              : Optional.empty();
      return new RepositoryLocation(path, repository, real);
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot open object directory %s: %s".formatted(path, Reason.of(e)), e);
    }
  }

  private Optional<Path> commonDirectory() throws IOException {
    Optional<Path> named = variable("GIT_DIR");
    if (named.isPresent()) {
      if (!GitDirectory.is(named.get())) {
        throw new ObjectDirectoryException("not a git repository: " + named.get());
      }
      return Optional.of(GitDirectory.common(named.get()).toRealPath());
    }
    // The real path: git, too, asks the kernel where it is.
    for (Path at = workingDirectory.toRealPath(); at != null; at = at.getParent()) {
      Optional<Path> found = GitDirectory.find(at);
      if (found.isPresent()) {
        requireTrusted(found.get(), at);
        return Optional.of(GitDirectory.common(found.get()).toRealPath());
      }
    }
    return Optional.empty();
  }

  /**
   * A repository that somebody else put in the way is not worked on. Whoever names it, by {@code GIT_DIR} or as an object
   * directory, knows what it is. Source: git-config, {@code safe.directory}.
   */
  private void requireTrusted(Path gitDirectory, Path top) throws IOException {
    if (!Files.isDirectory(OWN_PROCESS) || isOurs(user(gitDirectory), user(OWN_PROCESS))) {
      return;
    }
    List<String> trusted =
        GitConfiguration.read(Optional.empty(), environment).strings("safe", "directory");
    if (trusted.stream().noneMatch(entry -> trusts(entry, top))) {
      throw new ObjectDirectoryException(
          "refusing repository %s: it belongs to another user, and safe.directory does not name it"
              .formatted(top));
    }
  }

  /** With sudo, what belongs to whoever called it counts as well. */
  private boolean isOurs(int owner, int own) {
    return owner == own
        || own == ROOT && environment.getOrDefault("SUDO_UID", "").equals(String.valueOf(owner));
  }

  private static boolean trusts(String entry, Path top) {
    return entry.equals("*")
        || entry.equals(top.toString())
        || entry.endsWith("/*")
            && top.toString().startsWith(entry.substring(0, entry.length() - 1));
  }

  private static int user(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:uid");
  }

  private Optional<Path> variable(String name) throws ObjectDirectoryException {
    String value = environment.getOrDefault(name, "");
    try {
      return value.isEmpty() ? Optional.empty() : Optional.of(workingDirectory.resolve(value));
    } catch (InvalidPathException e) {
      throw new ObjectDirectoryException("%s is no path: %s".formatted(name, value), e);
    }
  }
}
