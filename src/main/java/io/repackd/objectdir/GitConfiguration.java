package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A repository's git configuration over the user's and the system's, read once.
 *
 * <p>Keys of subsections are not kept: none of them says anything about an object directory. Conditional includes ({@code
 * includeIf}) are not followed.
 */
final class GitConfiguration {
  /** Configurations have some kilobytes; one beyond this is none. */
  private static final int MAX_BYTES = 16 << 20;

  /** Git's own limit: files that include each other have no end. */
  private static final int MAX_INCLUDE_DEPTH = 10;

  /** What a key without an equals sign has as its value, and nobody can write. */
  private static final String NO_VALUE = "\0";

  private final Map<String, String> environment;

  /** All values of each key, such as {@code core.compression}, the one that counts last. */
  private final Map<String, List<String>> values = new HashMap<>();

  /** Which file has the value of each key that counts. */
  private final Map<String, Path> files = new HashMap<>();

  private GitConfiguration(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * Reads the configuration.
   *
   * @param repositoryFile the repository's own file; empty reads the user's and the system's alone
   * @param environment the environment variables, for {@code HOME} and {@code XDG_CONFIG_HOME}
   * @throws ObjectDirectoryException if a file cannot be read or is malformed; the message names it
   */
  static GitConfiguration read(Optional<Path> repositoryFile, Map<String, String> environment)
      throws ObjectDirectoryException {
    GitConfiguration configuration = new GitConfiguration(environment);
    for (Path file : globalFiles(environment)) {
      if (Files.isReadable(file) && Files.isRegularFile(file)) {
        configuration.parse(file, 0);
      }
    }
    if (repositoryFile.isPresent()) {
      configuration.parse(repositoryFile.get(), 0);
    }
    return configuration;
  }

  private static List<Path> globalFiles(Map<String, String> environment) {
    Path system = Path.of("/etc/gitconfig");
    String home = environment.getOrDefault("HOME", "");
    if (home.isEmpty()) {
      return List.of(system);
    }
    String configHome = environment.getOrDefault("XDG_CONFIG_HOME", "");
    Path userDirectory = configHome.isEmpty() ? Path.of(home, ".config") : Path.of(configHome);
    return List.of(system, userDirectory.resolve("git/config"), Path.of(home, ".gitconfig"));
  }

  private void parse(Path file, int depth) throws ObjectDirectoryException {
    String text;
    try {
      text = new String(read(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot read git configuration %s: %s".formatted(file, Reason.of(e)), e);
    }
    try {
      GitConfigurationParser.parse(
          text,
          (section, subsection, name, value) -> {
            if (subsection.isEmpty()) {
              values
                  .computeIfAbsent(key(section, name), _ -> new ArrayList<>())
                  .add(value.orElse(NO_VALUE));
              files.put(key(section, name), file);
              if (section.equals("include") && name.equals("path") && value.isPresent()) {
                include(file, value.get(), depth);
              }
            }
          });
    } catch (LocatedException e) {
      throw e;
    } catch (ObjectDirectoryException e) {
      throw new LocatedException(
          "cannot parse git configuration %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** Reads a file whose path comes out of a repository: it may be a device, or a pipe that nobody writes to. */
  private static byte[] read(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("not a regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(MAX_BYTES + 1);
      if (content.length > MAX_BYTES) {
        throw new IOException("larger than %d bytes".formatted(MAX_BYTES));
      }
      return content;
    }
  }

  /** What follows stands where it is included. What is not there is passed over, as by git. */
  private void include(Path from, String written, int depth) throws ObjectDirectoryException {
    if (depth == MAX_INCLUDE_DEPTH) {
      throw new ObjectDirectoryException("includes nest more than %d deep".formatted(depth));
    }
    try {
      Path included = from.resolveSibling(Path.of(expandHome(written)));
      if (Files.isRegularFile(included)) {
        parse(included, depth + 1);
      }
    } catch (InvalidPathException e) {
      // no name that a file can have here
    }
  }

  private String expandHome(String path) {
    String home = environment.getOrDefault("HOME", "");
    return path.startsWith("~/") && !home.isEmpty() ? home + path.substring(1) : path;
  }

  private static String key(String section, String name) {
    return section.toLowerCase(Locale.ROOT) + "." + name.toLowerCase(Locale.ROOT);
  }

  private Optional<String> last(String section, String name) {
    return Optional.ofNullable(values.get(key(section, name))).map(List::getLast);
  }

  /** A truth value as git reads it; the default if the key is not there. */
  boolean truth(String section, String name, boolean ifAbsent) throws ObjectDirectoryException {
    Optional<String> value = last(section, name);
    if (value.isEmpty()) {
      return ifAbsent;
    }
    return switch (value.get().toLowerCase(Locale.ROOT)) {
      case NO_VALUE, "true", "yes", "on" -> true;
      case "", "false", "no", "off" -> false;
      default -> parseNumber(section, name, value.get()) != 0;
    };
  }

  /** A number as git reads it, which may end in k, m or g; the default if the key is not there. */
  int number(String section, String name, int ifAbsent) throws ObjectDirectoryException {
    Optional<String> value = last(section, name);
    return value.isEmpty() ? ifAbsent : parseNumber(section, name, value.get());
  }

  /** A size in bytes as git reads it, which may end in k, m or g; the default if the key is not there. */
  long bytes(String section, String name, long ifAbsent) throws ObjectDirectoryException {
    Optional<String> value = last(section, name);
    if (value.isEmpty()) {
      return ifAbsent;
    }
    long bytes = parseLong(section, name, value.get());
    if (bytes < 0) {
      throw fault(section, name, "a size is not negative: " + value.get());
    }
    return bytes;
  }

  private int parseNumber(String section, String name, String text)
      throws ObjectDirectoryException {
    long number = parseLong(section, name, text);
    if (number != (int) number) {
      throw noNumber(section, name, text);
    }
    return (int) number;
  }

  private long parseLong(String section, String name, String text) throws ObjectDirectoryException {
    String digits = text.strip();
    int unit = digits.isEmpty() ? 0 : "kmg".indexOf(Character.toLowerCase(lastOf(digits))) + 1;
    try {
      long number =
          Long.decode(unit == 0 ? digits : digits.substring(0, digits.length() - 1).strip());
      return Math.multiplyExact(number, 1L << 10 * unit);
    } catch (NumberFormatException | ArithmeticException e) {
      throw noNumber(section, name, text);
    }
  }

  private ObjectDirectoryException noNumber(String section, String name, String text) {
    return fault(
        section,
        name,
        "neither a number nor a truth value: " + (text.equals(NO_VALUE) ? "" : text));
  }

  /** An error about the value of a key, which names the file that has it. */
  ObjectDirectoryException fault(String section, String name, String what) {
    return new ObjectDirectoryException(
        "git configuration %s: %s.%s: %s"
            .formatted(files.get(key(section, name)), section, name, what));
  }

  /** Whether a key is there. */
  boolean has(String section, String name) {
    return values.containsKey(key(section, name));
  }

  private static char lastOf(String text) {
    return text.charAt(text.length() - 1);
  }

  /** A string; empty if the key is not there or has no value. */
  Optional<String> string(String section, String name) {
    return last(section, name).filter(value -> !value.equals(NO_VALUE));
  }

  /** All values of a key that can be given several times; an empty one takes back those before it. */
  List<String> strings(String section, String name) {
    List<String> all = values.getOrDefault(key(section, name), List.of());
    return all.subList(all.lastIndexOf("") + 1, all.size());
  }

  /** The names in a section, in lower case. */
  List<String> names(String section) {
    String prefix = key(section, "");
    return values.keySet().stream()
        .filter(key -> key.startsWith(prefix))
        .map(key -> key.substring(prefix.length()))
        .sorted()
        .toList();
  }

  /** An error which says already in which file it is. */
  private static final class LocatedException extends ObjectDirectoryException {
    private static final long serialVersionUID = 1;

    LocatedException(String message, ObjectDirectoryException cause) {
      super(message, cause);
    }
  }
}
