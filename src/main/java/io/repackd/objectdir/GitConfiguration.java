package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jgit.errors.ConfigInvalidException;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.util.StringUtils;

/**
 * A repository's git configuration over the user's and the system's, read once.
 *
 * <p>JGit parses. Its own way to find and open these files is not used: it would start {@code git} to ask for the system
 * configuration and measure the file system's clock for seconds. Conditional includes ({@code includeIf}) are not followed.
 */
final class GitConfiguration {
  /** Configurations have some kilobytes; one beyond this is none. */
  private static final int MAX_BYTES = 16 << 20;

  private final Config config;

  private GitConfiguration(Config config) {
    this.config = config;
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
    Config config = new Config();
    for (Path file : globalFiles(environment)) {
      if (Files.isReadable(file) && Files.isRegularFile(file)) {
        config = parse(file, config);
      }
    }
    if (repositoryFile.isPresent()) {
      config = parse(repositoryFile.get(), config);
    }
    return new GitConfiguration(config);
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

  private static Config parse(Path file, Config base) throws ObjectDirectoryException {
    Config config = new IncludingConfig(base, file);
    try {
      config.fromText(new String(read(file), StandardCharsets.UTF_8));
      return config;
    } catch (IOException e) {
      throw new ObjectDirectoryException(
          "cannot read git configuration %s: %s".formatted(file, Reason.of(e)), e);
    } catch (ConfigInvalidException e) {
      throw new ObjectDirectoryException(
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

  /** A truth value as git reads it; the default if the key is not there. */
  boolean truth(String section, String name, boolean ifAbsent) throws ObjectDirectoryException {
    try {
      return config.getBoolean(section, name, ifAbsent);
    } catch (IllegalArgumentException e) {
      throw new ObjectDirectoryException(
          "git configuration: %s.%s: %s".formatted(section, name, e.getMessage()), e);
    }
  }

  /** A number; the default if the key is not there. */
  int number(String section, String name, int ifAbsent) throws ObjectDirectoryException {
    try {
      return config.getInt(section, name, ifAbsent);
    } catch (IllegalArgumentException e) {
      throw new ObjectDirectoryException(
          "git configuration: %s.%s: %s".formatted(section, name, e.getMessage()), e);
    }
  }

  /** A string; empty if the key is not there or has no value. */
  Optional<String> string(String section, String name) {
    return Optional.ofNullable(config.getString(section, null, name));
  }

  /** All values of a key that can be given several times; an empty one takes back those before it. */
  List<String> strings(String section, String name) {
    List<String> values = List.of(config.getStringList(section, null, name));
    return values.subList(values.lastIndexOf("") + 1, values.size());
  }

  /** The names in a section, in lower case. */
  List<String> names(String section) {
    return config.getNames(section).stream().map(StringUtils::toLowerCase).sorted().toList();
  }

  /** Follows {@code include.path} within the file system, relative to the including file. */
  private static final class IncludingConfig extends Config {
    private final Path file;

    IncludingConfig(Config base, Path file) {
      super(base);
      this.file = file;
    }

    @Override
    protected byte[] readIncludedConfig(String included) throws ConfigInvalidException {
      try {
        return read(file.resolveSibling(Path.of(expandHome(included))));
      } catch (IOException | InvalidPathException e) {
        return new byte[0]; // git ignores an include that is not there
      }
    }

    private static String expandHome(String path) {
      String home = System.getenv().getOrDefault("HOME", "");
      return path.startsWith("~/") && !home.isEmpty() ? home + path.substring(1) : path;
    }
  }
}
