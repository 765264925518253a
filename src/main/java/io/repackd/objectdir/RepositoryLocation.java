package io.repackd.objectdir;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a repository's objects lie.
 *
 * @param path what was asked for, absolute
 * @param commonDirectory the git directory with the configuration, shared by all worktrees; empty for an object directory
 *     which belongs to no repository
 * @param objectDirectory the object directory, its symbolic links resolved: two locations with the same one are the same
 *     object directory
 */
public record RepositoryLocation(Path path, Optional<Path> commonDirectory, Path objectDirectory) {}
