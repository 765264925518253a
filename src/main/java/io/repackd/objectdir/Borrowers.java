package io.repackd.objectdir;

import io.repackd.platform.ProcessTable.Circumstances;
import io.repackd.platform.ProcessTable.Workplace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Knows which processes read an object directory from elsewhere: in a linked worktree, in a submodule, in a repository that
 * borrows its objects, or with an option or a variable that leads there. Such a one may have nothing of it open at the moment.
 *
 * <p>Source: gitrepository-layout ({@code objects/info/alternates}), git(1) ({@code GIT_DIR} and others). What cannot be read leads
 * nowhere; it may do so for git too.
 */
final class Borrowers implements Workplace {
  /** So deep git follows alternates. Source: object-file.c, which stops at a nesting of five. */
  private static final int MAX_DEPTH = 6;

  /** Some hundred thousand repositories; what is longer belongs to somebody who wants us to run out of memory. */
  private static final int MAX_ALTERNATES_BYTES = 16 << 20;

  private static final String GIT_DIR = "--git-dir";

  private static final String OBJECT_DIR = "--object-dir";

  private final Path objectDirectory;

  /**
   * Those of an object directory.
   *
   * @param objectDirectory its symbolic links resolved
   */
  Borrowers(Path objectDirectory) {
    this.objectDirectory = objectDirectory;
  }

  /** Git is called {@code git}, and its parts {@code git-upload-pack}; JGit runs in a {@code java}. */
  @Override
  public boolean concerns(String command) {
    return command.equals("git") || command.startsWith("git-") || command.equals("java");
  }

  @Override
  public boolean includes(Circumstances process) {
    try {
      Path workingDirectory = Path.of(process.workingDirectory());
      Set<Path> seen = new HashSet<>();
      for (Path objects : objectDirectories(process, workingDirectory)) {
        if (leadsHere(objects, seen, MAX_DEPTH)) {
          return true;
        }
      }
      return false;
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }

  private static List<Path> objectDirectories(Circumstances process, Path workingDirectory)
      throws IOException {
    List<Path> found = new ArrayList<>();
    Map<String, String> variables = process.environment();
    for (String name : List.of("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
      for (String path : variables.getOrDefault(name, "").split(":")) {
        if (!path.isEmpty()) {
          found.add(workingDirectory.resolve(path));
        }
      }
    }
    // As with `git multi-pack-index`, which stands in one repository and works for another.
    valueOf(OBJECT_DIR, process.words()).map(workingDirectory::resolve).ifPresent(found::add);
    Optional<Path> told =
        optionOf(process.words())
            .or(() -> Optional.ofNullable(variables.get("GIT_DIR")))
            .map(workingDirectory::resolve);
    Optional<Path> gitDirectory = told.isPresent() ? told : above(workingDirectory);
    if (gitDirectory.isPresent()) {
      found.add(GitDirectory.common(gitDirectory.get()).resolve("objects"));
    }
    return found;
  }

  private static Optional<String> valueOf(String option, List<String> words) {
    for (int i = 1; i < words.size(); i++) {
      if (words.get(i).startsWith(option + "=")) {
        return Optional.of(words.get(i).substring(option.length() + 1));
      }
      if (words.get(i).equals(option) && i + 1 < words.size()) {
        return Optional.of(words.get(i + 1));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> optionOf(List<String> words) {
    for (int i = 1; i < words.size() && words.get(i).startsWith("-"); i++) {
      if (words.get(i).startsWith(GIT_DIR + "=")) {
        return Optional.of(words.get(i).substring(GIT_DIR.length() + 1));
      }
      if (words.get(i).equals(GIT_DIR) && i + 1 < words.size()) {
        return Optional.of(words.get(i + 1));
      }
      if (words.get(i).equals("-C") || words.get(i).equals("-c")) {
        i++;
      }
    }
    return Optional.empty();
  }

  private static Optional<Path> above(Path directory) throws IOException {
    for (Path path = directory; path != null; path = path.getParent()) {
      Optional<Path> found = GitDirectory.find(path);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private boolean leadsHere(Path objects, Set<Path> seen, int depth) {
    try {
      Path real = objects.toRealPath();
      if (real.equals(objectDirectory)) {
        return true;
      }
      if (depth == 0 || !seen.add(real)) {
        return false;
      }
      Path alternates = real.resolve("info/alternates");
      if (!Files.isRegularFile(alternates)) {
        return false;
      }
      return RegularFile.read(alternates, MAX_ALTERNATES_BYTES, StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .anyMatch(line -> follow(real, line, seen, depth - 1));
    } catch (IOException e) {
      return false;
    }
  }

  /** A line that is no path keeps nobody from following the others. */
  private boolean follow(Path objects, String line, Set<Path> seen, int depth) {
    try {
      return leadsHere(objects.resolve(line), seen, depth);
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
