package io.repackd.container;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  @Test
  void takesClassesFromTheCacheUntilTheJarsChange() throws IOException {
    assertThat(classesComeFromTheCache()).as("before the training").isFalse();
    train();
    assertThat(classesComeFromTheCache()).as("after the training").isTrue();
    Files.setLastModifiedTime(
        home.resolve("lib/repackd.jar"), FileTime.from(Instant.ofEpochSecond(1_700_000_000)));
    assertThat(classesComeFromTheCache()).as("with another jar").isFalse();
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

  private void train() {
    assertThat(Output.of(new ProcessBuilder(home.resolve("bin/train-aot").toString())))
        .returns(0, Output::status);
  }

  private boolean classesComeFromTheCache() {
    ProcessBuilder command = command(home.resolve("bin/repackd"));
    command.environment().put("REPACKD_JAVA_OPTS", "-Xlog:class+load=info");
    return Output.of(command).out().contains("io.repackd.cli.Repackd source: shared objects file");
  }

  private static ProcessBuilder command(Path launcher) {
    ProcessBuilder command = new ProcessBuilder(launcher.toString(), "--help");
    command.environment().remove("REPACKD_JAVA_OPTS");
    return command;
  }
}
