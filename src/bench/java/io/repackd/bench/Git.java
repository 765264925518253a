package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One git to compare with.
 *
 * @param executable the path of it, or a name on the search path
 * @param version as it says itself, such as {@code 2.39.5}, and whether it has a fast hash for checksums
 */
record Git(String executable, String version) {
  /** What a git built with a SHA-1 for checksums says, one that does not look for collisions. */
  private static final String FAST_HASH_OPTION = "non-collision-detecting-SHA-1:";

  private static final Path NOTHING = Path.of("/dev/null");

  /**
   * Asks a git for its version.
   *
   * @param name its path, or a name on the search path
   * @throws IOException if there is none
   */
  static Git at(String name) throws IOException {
    // It is run in other directories than this one.
    String executable = name.contains("/") ? Path.of(name).toAbsolutePath().toString() : name;
    String answer = new Git(executable, "").run(Path.of("."), "version", "--build-options").strip();
    String version = answer.lines().findFirst().orElse("").replaceFirst("^git version ", "");
    // Every write and every look at an index computes a checksum, so it matters with what.
    String fastHash =
        answer
            .lines()
            .filter(line -> line.startsWith(FAST_HASH_OPTION))
            .map(line -> " with" + line.substring(FAST_HASH_OPTION.length()))
            .findFirst()
            .orElse("");
    return new Git(executable, version + fastHash);
  }

  /** What one calls it in a table. */
  String label() {
    return "git " + version;
  }

  /** The command line. */
  List<String> command(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(executable);
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Runs git and waits.
   *
   * @return what it printed
   * @throws IOException if it failed; with what it complained of
   */
  String run(Path directory, String... arguments) throws IOException {
    return run(directory, NOTHING, Map.of(), arguments);
  }

  /**
   * Runs git and waits.
   *
   * @param input a file for its standard input
   * @param environment more variables
   */
  String run(Path directory, Path input, Map<String, String> environment, String... arguments)
      throws IOException {
    Path output = Files.createTempFile("git-", ".stdout");
    try {
      run(directory, input, output, environment, arguments);
      return Files.readString(output);
    } finally {
      Files.delete(output);
    }
  }

  /**
   * Runs git and waits.
   *
   * @param output a file for its standard output
   */
  void run(
      Path directory, Path input, Path output, Map<String, String> environment, String... arguments)
      throws IOException {
    Path complaints = Files.createTempFile("git-", ".stderr");
    try {
      ProcessBuilder builder = undisturbed(command(arguments)).directory(directory.toFile());
      builder.environment().putAll(environment);
      builder.redirectInput(input.toFile());
      builder.redirectOutput(output.toFile());
      int status = builder.redirectError(complaints.toFile()).start().waitFor();
      if (status != 0) {
        throw new IOException(
            "%s failed with %d: %s"
                .formatted(
                    String.join(" ", command(arguments)),
                    status,
                    Files.readString(complaints).strip()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while git ran", e);
    } finally {
      Files.delete(complaints);
    }
  }

  /** A command that no configuration of this machine or user changes, without a terminal. */
  static ProcessBuilder undisturbed(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("GIT_"));
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    builder.environment().put("LC_ALL", "C.UTF-8");
    return builder.redirectInput(NOTHING.toFile());
  }
}
