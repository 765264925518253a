package io.repackd.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What the configuration takes from outside its files.
 *
 * @param variables the environment variables
 * @param home the home directory, which {@code ~} stands for; absolute
 * @param root whether this process is root, for whom a configuration of a user's own is not read
 * @param systemDirectory where the configuration of the whole system lies; absolute
 */
public record Environment(
    Map<String, String> variables, Path home, boolean root, Path systemDirectory) {
  private static final Path SYSTEM_DIRECTORY = Path.of("/etc/repackd");

  private static final Path ROOT_STATE_DIRECTORY = Path.of("/var/lib/repackd");

  private static final String PROGRAM = "repackd";

  public Environment {
    variables = Map.copyOf(variables);
  }

  /** The environment of this process. */
  public static Environment ofThisProcess() {
    Map<String, String> variables = System.getenv();
    String home = variables.getOrDefault("HOME", "");
    Path directory = Path.of(home.isEmpty() ? System.getProperty("user.home", "/") : home);
    return new Environment(variables, directory.toAbsolutePath(), isRoot(), SYSTEM_DIRECTORY);
  }

  /** The value of a variable; an empty one counts as missing. */
  public Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }

  /** The directory of a user's own configuration files: {@code $XDG_CONFIG_HOME/repackd} or its default. */
  Path userDirectory() {
    return directory("XDG_CONFIG_HOME").orElse(home.resolve(".config")).resolve(PROGRAM);
  }

  /** Where state is kept if the configuration does not say. */
  Path stateDirectory() {
    Optional<Path> ofService =
        variable("STATE_DIRECTORY")
            .map(list -> list.split(":", 2)[0])
            .map(Path::of)
            .filter(Path::isAbsolute);
    if (ofService.isPresent()) {
      return ofService.get();
    }
    return root
        ? ROOT_STATE_DIRECTORY
        : directory("XDG_STATE_HOME").orElse(home.resolve(".local/state")).resolve(PROGRAM);
  }

  /** The XDG specification has relative paths ignored. */
  private Optional<Path> directory(String variable) {
    return variable(variable).map(Path::of).filter(Path::isAbsolute);
  }

  private static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException | UnsupportedOperationException e) {
      return System.getProperty("user.name", "").equals("root");
    }
  }
}
