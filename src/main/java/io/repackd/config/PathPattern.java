package io.repackd.config;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A path or a glob of paths, as the configuration writes it. It is a path if there is no star, question mark, opening bracket
 * or opening brace in it without a backslash before.
 *
 * @param text the absolute path or glob
 */
public record PathPattern(String text) {
  private static final String WILDCARDS = "*?[{";

  private static final Pattern ESCAPED = Pattern.compile("\\\\(.)", Pattern.DOTALL);

  private static final Pattern SPECIAL = Pattern.compile("[\\\\*?\\[{]");

  /**
   * A pattern.
   *
   * @throws IllegalArgumentException if it is neither a path nor a glob; the message says why
   */
  public PathPattern {
    if (hasWildcard(text)) {
      try {
        FileSystems.getDefault().getPathMatcher("glob:" + text);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException(text + " is no glob: " + e.getDescription(), e);
      }
    } else if (!Path.of(unescape(text)).isAbsolute()) {
      throw new IllegalArgumentException(text + " is not absolute");
    }
  }

  /** The pattern that stands for this path alone, whatever characters are in it. */
  public static PathPattern of(Path path) {
    return new PathPattern(escape(path.toAbsolutePath().toString()));
  }

  /** Whether it may stand for any number of paths. */
  public boolean isGlob() {
    return hasWildcard(text);
  }

  /** The one path it stands for; only if it is no glob. */
  public Path path() {
    return Path.of(unescape(text));
  }

  private static boolean hasWildcard(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\\') {
        i++;
      } else if (WILDCARDS.indexOf(text.charAt(i)) >= 0) {
        return true;
      }
    }
    return false;
  }

  static String escape(String path) {
    return SPECIAL.matcher(path).replaceAll("\\\\$0");
  }

  private static String unescape(String text) {
    return ESCAPED.matcher(text).replaceAll("$1");
  }
}
