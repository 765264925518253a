package io.repackd.container;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher of an installation. A checkout's only builds first, and would build over the files of this test. */
class LauncherIT {
  private static final Path DISTRIBUTION =
      Path.of(requireNonNull(System.getProperty("repackd.distribution")));

  @TempDir Path directory;

  private Path home;

  @BeforeEach
  void installsBelowAPathWithSpaces() throws IOException {
    home = directory.resolve("with a space").resolve("repackd");
    try (Stream<Path> files = Files.walk(DISTRIBUTION)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = home.resolve(DISTRIBUTION.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    Files.deleteIfExists(home.resolve("lib/repackd.aot"));
    Files.deleteIfExists(home.resolve("lib/multi-pack-index.aot"));
    Files.deleteIfExists(home.resolve("lib/repackd.aot.jars"));
  }

  @Test
  void startsFromAnyDirectoryAndThroughLinks() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("first"), home.resolve("bin/repackd"));
    Path linkToLink = Files.createSymbolicLink(directory.resolve("second"), Path.of("first"));
    assertThat(Stream.of(home.resolve("bin/repackd"), link, linkToLink))
        .allSatisfy(launcher ->
            assertThat(Output.of(command(launcher).directory(Path.of("/").toFile())))
                .returns(0, Output::status)
                .returns("", Output::err)
                .satisfies(output -> assertThat(output.out()).startsWith("Usage: repackd")));
  }

  @Test
  void passesOverAJavaHomeThatIsNot25() throws IOException {
    Path older = directory.resolve("jdk-17");
    Files.createDirectories(older.resolve("bin"));
    for (String tool : List.of("java", "javac")) {
      Files.writeString(older.resolve("bin").resolve(tool), "#!/bin/sh\nexit 1\n");
      older.resolve("bin").resolve(tool).toFile().setExecutable(true);
    }
    Files.writeString(older.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    ProcessBuilder command = command(home.resolve("bin/repackd"));
    command.environment().put("JAVA_HOME", older.toString());
    assertThat(Output.of(command)).returns(0, Output::status);
  }

  @Test
  void addsTheOptionsOfTheEnvironment() {
    ProcessBuilder command = command(home.resolve("bin/repackd"));
    command.environment().put("REPACKD_JAVA_OPTS", "-Xmx50m -Xlog:gc+init=info");
    assertThat(Output.of(command).out())
        .contains("Heap Min Capacity: 16M", "Heap Max Capacity: 50M");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "multi-pack-index --help"})
  void takesClassesFromTheCacheUntilTheJarsChange(String arguments) throws IOException {
    String[] command = arguments.split(" ", -1);
    assertThat(classesComeFromTheCache(command)).as("before the training").isFalse();
    train();
    assertThat(classesComeFromTheCache(command)).as("after the training").isTrue();
    Files.setLastModifiedTime(
        home.resolve("lib/repackd.jar"), FileTime.from(Instant.ofEpochSecond(1_700_000_000)));
    assertThat(classesComeFromTheCache(command)).as("with another jar").isFalse();
  }

  @Test
  void givesTheExitStatusOfACommandThatStandsInForGit() throws IOException {
    Path launcher = home.resolve("bin/repackd");
    assertThat(Output.of(command(launcher, "multi-pack-index", "frobnicate")))
        .returns(129, Output::status);
    ProcessBuilder elsewhere = command(launcher, "multi-pack-index", "verify", "--object-dir=gone");
    assertThat(Output.of(elsewhere.directory(directory.toFile())))
        .returns(128, Output::status)
        .satisfies(output -> assertThat(output.err()).startsWith("fatal: ").endsWith("\n"));
  }

  @Test
  void startsWithoutAWordWhenTheCacheIsDamaged() throws IOException {
    train();
    Files.writeString(home.resolve("lib/repackd.aot"), "damaged");
    assertThat(Output.of(command(home.resolve("bin/repackd"))))
        .returns(0, Output::status)
        .returns("", Output::err)
        .satisfies(output -> assertThat(output.out()).startsWith("Usage: repackd"));
  }

  @Test
  void saysInOneLineWhatIsMissing() throws IOException {
    Files.delete(home.resolve("lib/repackd.jar"));
    assertThat(Output.of(command(home.resolve("bin/repackd"))))
        .returns(1, Output::status)
        .returns(
            "repackd: cannot start: there is no " + home.resolve("lib/repackd.jar") + "\n",
            Output::err);
  }

  /** Its time is compared to git's. A library that it loads is one that somebody has not thought of. */
  @ParameterizedTest
  @ValueSource(strings = {"write", "verify", "expire", "repack"})
  void aCommandThatStandsInForGitLoadsNoLibrary(String verb) throws IOException {
    Files.createDirectories(directory.resolve("objects/pack"));
    ProcessBuilder command =
        command(home.resolve("bin/repackd"), "multi-pack-index", "--object-dir=objects", verb);
    command.environment().put("REPACKD_JAVA_OPTS", "-Xlog:class+load=info");
    Output output = Output.of(command.directory(directory.toFile()));
    assertThat(output.out().lines().filter(line -> line.contains("source: file:")))
        .isNotEmpty()
        .allMatch(line -> line.endsWith("/lib/repackd.jar"));
  }

  private void train() {
    assertThat(Output.of(new ProcessBuilder(home.resolve("bin/train-aot").toString())))
        .returns(0, Output::status);
  }

  private boolean classesComeFromTheCache(String... arguments) {
    ProcessBuilder command = command(home.resolve("bin/repackd"), arguments);
    command.environment().put("REPACKD_JAVA_OPTS", "-Xlog:class+load=info");
    return Output.of(command).out().contains("io.repackd.cli.Repackd source: shared objects file");
  }

  private static ProcessBuilder command(Path launcher) {
    return command(launcher, "--help");
  }

  private static ProcessBuilder command(Path launcher, String... arguments) {
    List<String> words = new ArrayList<>(List.of(launcher.toString()));
    words.addAll(List.of(arguments));
    ProcessBuilder command = new ProcessBuilder(words);
    command.environment().remove("REPACKD_JAVA_OPTS");
    return command;
  }
}
