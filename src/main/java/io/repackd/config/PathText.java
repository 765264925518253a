package io.repackd.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads paths and globs as a person writes them.
 *
 * @param home what {@code ~} stands for
 */
record PathText(Path home) {
  /** Reads a path; a relative one counts from the given directory. */
  Path path(String text, Path directory) {
    return home(text).map(home::resolve).orElseGet(() -> directory.resolve(text)).normalize();
  }

  /** Reads a path or a glob; a relative one counts from the given directory. */
  PathPattern pattern(String text, Path directory) {
    if (text.startsWith("/")) {
      return new PathPattern(text);
    }
    return home(text).map(rest -> below(home, rest)).orElseGet(() -> below(directory, text));
  }

  private static PathPattern below(Path directory, String rest) {
    String prefix = PathPattern.escape(directory.toString());
    return new PathPattern(
        rest.isEmpty() ? prefix : prefix.endsWith("/") ? prefix + rest : prefix + "/" + rest);
  }

  /** What follows {@code ~/}, if the text begins so. */
  private static Optional<String> home(String text) {
    if (!text.startsWith("~")) {
      return Optional.empty();
    }
    if (text.length() > 1 && text.charAt(1) != '/') {
      throw new IllegalArgumentException(
          text + ": only ~ and ~/ are known, not the home directory of somebody else");
    }
    return Optional.of(text.length() > 1 ? text.substring(2) : "");
  }
}
