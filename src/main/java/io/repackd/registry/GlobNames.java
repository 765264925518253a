package io.repackd.registry;

import io.repackd.config.PathPattern;
import java.util.ArrayList;
import java.util.List;

/** The names between the slashes of a glob. */
final class GlobNames {
  private static final String ANY_DEPTH = "**";

  private GlobNames() {}

  /** Splits at the slashes, except those within braces: {@code {a/b,c}} is one name. */
  static List<String> split(String glob) {
    List<String> names = new ArrayList<>();
    StringBuilder name = new StringBuilder();
    int depth = 0;
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '/' && depth == 0) {
        names.add(name.toString());
        name.setLength(0);
        continue;
      }
      name.append(c);
      if (c == '\\' && i + 1 < glob.length()) {
        i++;
        name.append(glob.charAt(i));
      } else if (c == '{') {
        depth++;
      } else if (c == '}' && depth > 0) {
        depth--;
      }
    }
    names.add(name.toString());
    names.removeIf(String::isEmpty);
    return names;
  }

  static boolean isGlob(String name) {
    return new PathPattern("/" + name).isGlob();
  }

  /** Whether what it matches may lie in several directories. */
  static boolean spansDirectories(String name) {
    return isGlob(name) && (name.contains(ANY_DEPTH) || name.contains("/"));
  }

  /** The text that a name without wildcards stands for. */
  static String literal(String name) {
    return new PathPattern("/" + name).path().toString().substring(1);
  }

  /** Puts names together again. A {@code **} of its own may also stand for no directory at all, as it does in a shell. */
  static String join(List<String> names) {
    StringBuilder glob = new StringBuilder();
    for (int i = 0; i < names.size(); i++) {
      boolean last = i == names.size() - 1;
      if (names.get(i).equals(ANY_DEPTH) && !last) {
        glob.append("{**/,}");
      } else {
        glob.append(names.get(i)).append(last ? "" : "/");
      }
    }
    return glob.toString();
  }
}
