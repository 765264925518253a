package io.repackd.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Inputs that taught something: files as git or we write them, from which a fuzzer sets out ({@code sound-…}), and what it found.
 * None is refused without the name of a file, and the sound ones are taken.
 */
class CorpusTest {
  static final Path INPUTS = Path.of("src/test/resources/fuzz");

  @TempDir Path directory;

  static Stream<Arguments> inputs() {
    return Stream.of(FuzzTargets.values())
        .flatMap(target -> files(target).map(file -> Arguments.of(target, file)));
  }

  private static Stream<Path> files(FuzzTargets target) {
    try (Stream<Path> files = Files.list(INPUTS.resolve(target.folder()))) {
      return files.sorted().toList().stream();
    } catch (IOException e) {
      throw new IllegalStateException("each target has inputs", e);
    }
  }

  @ParameterizedTest
  @MethodSource("inputs")
  void isTakenOrRefusedByName(FuzzTargets target, Path input) throws Exception {
    boolean taken = FuzzDriver.feed(target.make(), Files.readAllBytes(input), directory);
    boolean sound = input.getFileName().toString().startsWith("sound-");
    assertThat(taken || !sound).as("a sound one is refused").isTrue();
  }

  @Test
  void whatIsRefusedWithoutANameIsAFailure() {
    byte[] input = {0};
    assertThat(FuzzDriver.feed((_, _) -> {}, input, directory)).isTrue();
    FuzzTarget names =
        (_, where) -> {
          throw new FileSystemException(where.resolve("x").toString());
        };
    assertThat(FuzzDriver.feed(names, input, directory)).isFalse();
    FuzzTarget namesNone =
        (_, _) -> {
          throw new IOException("Input length = 1");
        };
    assertThatThrownBy(() -> FuzzDriver.feed(namesNone, input, directory))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("no file is named");
  }
}
