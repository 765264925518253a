package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.eclipse.jgit.lib.BaseRepositoryBuilder;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.RepositoryCache.FileKey;
import org.eclipse.jgit.util.FS;

/** Finds the object directory of a path: bare repository, worktree, linked worktree or plain object directory. */
public final class RepositoryDiscovery {
  private RepositoryDiscovery() {}

  /**
   * Locates the object directory.
   *
   * @param path a repository or object directory itself; parents are not searched
   * @throws ObjectDirectoryException if there is none, or it cannot be read; the message names the path
   */
  public static RepositoryLocation locate(Path path) throws ObjectDirectoryException {
    Path absolute = path.toAbsolutePath().normalize();
    try {
      // Tells a missing path from a closed one, which a mere question for existence does not.
      Path real = absolute.toRealPath();
      if (!Files.isDirectory(real)) {
        throw new ObjectDirectoryException(
            "cannot open repository %s: not a directory".formatted(absolute));
      }
      if (!Files.isReadable(real) || !Files.isExecutable(real)) {
        throw new ObjectDirectoryException(
            "cannot open repository %s: permission denied".formatted(absolute));
      }
      Optional<Path> gitDirectory = gitDirectory(real);
      if (gitDirectory.isPresent()) {
        return ofRepository(absolute, gitDirectory.get());
      }
      if (looksLikeObjectDirectory(real)) {
        return new RepositoryLocation(absolute, repositoryAround(real), real);
      }
      throw new ObjectDirectoryException(
          "cannot open repository %s: neither a git repository nor an object directory"
              .formatted(absolute));
    } catch (ObjectDirectoryException e) {
      throw e;
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot open repository %s: %s".formatted(absolute, Reason.of(e)), e);
    }
  }

  private static Optional<Path> gitDirectory(Path directory) throws IOException {
    Path dotGit = directory.resolve(".git");
    if (Files.isRegularFile(dotGit) || FileKey.isGitRepository(dotGit.toFile(), FS.DETECTED)) {
      Setup setup = new Setup();
      setup.setWorkTree(directory.toFile());
      return Optional.of(setup.setup().getGitDir().toPath());
    }
    return FileKey.isGitRepository(directory.toFile(), FS.DETECTED)
        ? Optional.of(directory)
        : Optional.empty();
  }

  private static RepositoryLocation ofRepository(Path path, Path gitDirectory) throws IOException {
    Path common = commonDirectory(gitDirectory);
    Path objects = common.resolve("objects");
    if (!Files.isDirectory(objects)) {
      throw new ObjectDirectoryException(
          "cannot open repository %s: it has no object directory %s".formatted(path, objects));
    }
    return new RepositoryLocation(path, Optional.of(common.toRealPath()), objects.toRealPath());
  }

  /** The git directory of a linked worktree has a file that leads to the one it shares. Source: gitrepository-layout. */
  private static Path commonDirectory(Path gitDirectory) throws IOException {
    Path file = gitDirectory.resolve("commondir");
    return Files.exists(file) ? gitDirectory.resolve(Files.readString(file).strip()) : gitDirectory;
  }

  private static boolean looksLikeObjectDirectory(Path directory) {
    return Files.isDirectory(directory.resolve("pack"));
  }

  /** The repository whose own object directory this is; a shared object cache has none. */
  private static Optional<Path> repositoryAround(Path objectDirectory) {
    Path parent = objectDirectory.getParent();
    return parent != null
            && objectDirectory.endsWith("objects")
            && FileKey.isGitRepository(parent.toFile(), FS.DETECTED)
        ? Optional.of(parent)
        : Optional.empty();
  }

  /** JGit's reading of a {@code .git} file, without the repository that it would open. */
  private static final class Setup extends BaseRepositoryBuilder<Setup, Repository> {
    @Override
    public Setup setup() throws IOException {
      setFS(FS.DETECTED);
      setupGitDir();
      return this;
    }
  }
}
