package io.repackd.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Gives each target inputs for a minute ({@code -Drepackd.fuzz.seconds=N} for longer), each in a process of its own with a bounded
 * heap. What is found lies in {@code target/fuzz} and belongs among the resources once it is mended.
 */
@Tag("exhaustive")
class FuzzingIT {
  private static final long SECONDS = Long.getLong("repackd.fuzz.seconds", 60);

  /** What one input may take. On a machine that others use, or that is stopped for a while, even a short one takes long. */
  private static final long LONGEST_INPUT_SECONDS = 60;

  /** The heap of the daemon and what the fuzzer needs beside it. */
  private static final long MOST_MEMORY_MIB = 2048;

  private static final Duration GRACE = Duration.ofMinutes(2);

  /** In memory, where the machine has such a place. */
  private static final Path MEMORY = Path.of("/dev/shm");

  @ParameterizedTest
  @EnumSource
  void findsNothing(FuzzTargets target) throws Exception {
    Path found = Files.createDirectories(Path.of("target/fuzz", target.folder()).toAbsolutePath());
    Path corpus = Files.createDirectories(found.resolve("corpus"));
    Path output = found.resolve("output");
    Path scratch =
        Files.isDirectory(MEMORY)
            ? Files.createTempDirectory(MEMORY, "repackd-fuzz")
            : Files.createTempDirectory("repackd-fuzz");
    Process fuzzer =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:+EnableDynamicAgentLoading",
                    "-D" + FuzzDriver.DIRECTORY + "=" + scratch,
                    "-cp",
                    System.getProperty("java.class.path"),
                    "com.code_intelligence.jazzer.Jazzer",
                    "--target_class=" + FuzzDriver.class.getName(),
                    "--target_args=" + target.name(),
                    "--instrumentation_includes=io.repackd.**",
                    "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.*",
                    "--reproducer_path=" + found,
                    "-max_total_time=" + SECONDS,
                    "-max_len=8192",
                    "-timeout=" + LONGEST_INPUT_SECONDS,
                    "-rss_limit_mb=" + MOST_MEMORY_MIB,
                    "-artifact_prefix=" + found + "/",
                    "-print_final_stats=1",
                    corpus.toString(),
                    CorpusTest.INPUTS.resolve(target.folder()).toAbsolutePath().toString()))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = fuzzer.waitFor(GRACE.plusSeconds(SECONDS).toSeconds(), TimeUnit.SECONDS);
      List<String> lines = Files.readAllLines(output);
      String end = String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
      assertThat(ended).as(end).isTrue();
      assertThat(fuzzer.exitValue()).as(end).isZero();
      System.out.println(
          target + ": " + lines.stream().filter(line -> line.startsWith("Done ")).toList());
    } finally {
      fuzzer.destroyForcibly().waitFor();
      delete(scratch);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
