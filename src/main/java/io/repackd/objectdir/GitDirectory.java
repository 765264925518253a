package io.repackd.objectdir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Tells git directories from others, and follows what leads from one to another. Source: gitrepository-layout.
 *
 * <p>Looks at a few names and no configuration, so that a command which is over in a moment need not load what reads one.
 */
final class GitDirectory {
  /** A path, and a word before it. */
  private static final int MAX_READ_BYTES = 8192;

  /** What HEAD holds: the name of a branch, or a commit. */
  private static final Pattern HEAD = Pattern.compile("(ref:\\s*refs/.*|[0-9a-f]{40,64})\\s*");

  private static final String GIT_FILE = "gitdir: ";

  private GitDirectory() {}

  /**
   * The git directory of a path: its {@code .git}, what a {@code .git} file leads to, or the path itself if that is one.
   *
   * @throws ObjectDirectoryException if there is a {@code .git} file which leads nowhere, as for git
   */
  static Optional<Path> find(Path path) throws IOException {
    Path dotGit = path.resolve(".git");
    if (Files.isRegularFile(dotGit)) {
      return Optional.of(follow(dotGit));
    }
    if (is(dotGit)) {
      return Optional.of(dotGit);
    }
    return is(path) ? Optional.of(path) : Optional.empty();
  }

  private static Path follow(Path gitFile) throws IOException {
    String content = start(gitFile).strip();
    if (content.startsWith(GIT_FILE)) {
      Path found = resolve(gitFile, content.substring(GIT_FILE.length()));
      if (is(found)) {
        return found;
      }
    }
    throw new ObjectDirectoryException("not a git repository: %s leads to none".formatted(gitFile));
  }

  /** Whether a directory is a git directory, be it that of a linked worktree. */
  static boolean is(Path directory) {
    try {
      Path head = directory.resolve("HEAD");
      if (!Files.isSymbolicLink(head) && !HEAD.matcher(start(head)).matches()) {
        return false;
      }
      Path common = common(directory);
      return Files.isDirectory(common.resolve("objects"))
          && Files.isDirectory(common.resolve("refs"));
    } catch (IOException e) {
      return false;
    }
  }

  /** The git directory with the objects and the configuration: for a linked worktree, that of the main one. */
  static Path common(Path gitDirectory) throws IOException {
    Path file = gitDirectory.resolve("commondir");
    return Files.exists(file) ? resolve(file, start(file).strip()) : gitDirectory;
  }

  private static Path resolve(Path file, String written) throws IOException {
    try {
      return file.resolveSibling(written);
    } catch (InvalidPathException e) {
      throw new ObjectDirectoryException(
          "cannot follow %s: it holds no path: %s".formatted(file, written), e);
    }
  }

  private static String start(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_READ_BYTES), StandardCharsets.UTF_8);
    }
  }
}
