package io.repackd.registry;

import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryLocation;
import java.nio.file.Path;

/** Finds the object directory of a path. */
@FunctionalInterface
public interface RepositoryLocator {
  /**
   * Locates the object directory.
   *
   * @throws ObjectDirectoryException if there is none, or it cannot be read; the message names the path
   */
  RepositoryLocation locate(Path path) throws ObjectDirectoryException;
}
