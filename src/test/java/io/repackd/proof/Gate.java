package io.repackd.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs programs behind {@code src/test/gate/gate.c}, which counts their system calls that change files, and can kill the program
 * or let a call fail at any of them.
 */
final class Gate {
  /** What the gate says when it cannot do its work. */
  private static final int FAILED = 70;

  private static final int LONGEST_RUN_SECONDS = 120;

  /** How long others have to be quiet until a call that is held goes on. */
  private static final int QUIET_MILLIS = 250;

  /**
   * A run that is left alone has to do all that there is to do, and there are few such runs. But the rounds beside a repack look
   * again every two seconds, so it is never quiet for longer.
   */
  private static final int QUIET_ALONE_MILLIS = 1500;

  private static final Path SOURCE = Path.of("src/test/gate/gate.c");

  private final Path program;

  /** What happens at a call. */
  enum Action {
    NOTHING,
    /** The program is killed instead of the call. */
    KILL,
    /** The call fails with EIO, once. */
    ERROR,
    /** This call and all later ones that need space on the disk fail with ENOSPC. */
    FULL
  }

  /**
   * One call.
   *
   * @param thread of which thread
   * @param text its name and the paths, as they are
   */
  record Call(long thread, String text) {
    /** Whether it needs space on a disk. */
    boolean grows() {
      return text.matches(
          "(open|creat|p?write|copy|sendfile|splice|fallocate|rename|link|symlink|mkdir|mknod).*");
    }

    /** What it is in every run: without what is made of random digits, checksums and times. */
    String kind() {
      return text.replaceAll("[0-9a-f]{38,64}|[0-9a-f-]{32,36}", "*")
          .replaceAll("/[0-9a-f]{2}(?=/|$| )", "/**")
          .replaceAll("/\\S*/(?=r\\.git|state)", "");
    }
  }

  /**
   * How a program ended.
   *
   * @param status its exit status, or 128 and the number of the signal
   * @param calls what counted, up to the end
   */
  record Run(int status, List<Call> calls, String output) {
    boolean killed() {
      return status == 128 + 9;
    }
  }

  private Gate(Path program) {
    this.program = program;
  }

  /** Compiles the gate; where that or what it needs is not possible, the test is skipped and says why. */
  static Gate compile(Path directory) throws Exception {
    Path program = directory.resolve("gate");
    Path output = directory.resolve("gcc.output");
    try {
      Process gcc =
          new ProcessBuilder("gcc", "-O1", "-o", program.toString(), SOURCE.toString())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      assertThat(gcc.waitFor()).as(Files.readString(output)).isZero();
    } catch (IOException e) {
      assumeTrue(false, "gcc is not installed: " + e.getMessage());
    }
    Path log = directory.resolve("gate.log");
    Process trial =
        new ProcessBuilder(
                program.toString(),
                "--under",
                directory.toRealPath().toString(),
                "--log",
                log.toString(),
                "--output",
                directory.resolve("gate.output").toString(),
                "--",
                "/bin/sh",
                "-c",
                "echo >> " + directory.toRealPath().resolve("gate.trial"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int status = trial.waitFor();
    assumeTrue(status == 0, "no system call can be watched here: " + Files.readString(output));
    assertThat(Files.readAllLines(log)).hasSize(2);
    return new Gate(program);
  }

  /** What runs, and what is looked at. */
  record Program(List<String> command, Map<String, String> environment, List<Path> watched) {}

  /** What the test does when the program waits for it. */
  interface Pause {
    Pause NONE = () -> {};

    void run() throws Exception;
  }

  /**
   * Runs a program.
   *
   * @param at the number of the call where something happens; 1 is the first
   * @param directory for what the gate writes
   * @param pauseAt the text of the call that waits for the pause
   * @param holdAt the text of the call that waits until others have been quiet
   */
  Run run(
      Program program,
      Action action,
      int at,
      Path directory,
      String pauseAt,
      Pause pause,
      String holdAt)
      throws Exception {
    Path log = directory.resolve("calls");
    Path output = directory.resolve("output");
    List<String> command = new ArrayList<>(List.of(this.program.toString()));
    for (Path watched : program.watched()) {
      command.addAll(List.of("--under", watched.toRealPath().toString()));
    }
    command.addAll(List.of("--log", log.toString(), "--output", output.toString()));
    int quietMillis = action == Action.NOTHING ? QUIET_ALONE_MILLIS : QUIET_MILLIS;
    command.addAll(List.of("--pause", pauseAt, "--hold", holdAt, Integer.toString(quietMillis)));
    if (action != Action.NOTHING) {
      command.addAll(
          List.of("--at", Integer.toString(at), action.name().toLowerCase(java.util.Locale.ROOT)));
    }
    command.add("--");
    command.addAll(program.command());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(directory.resolve("gate.errors").toFile());
    builder.environment().putAll(program.environment());
    Process process = builder.start();
    try (BufferedReader said = process.inputReader();
        Writer answers = process.outputWriter()) {
      if (said.readLine() != null) {
        pause.run();
        answers.write("on\n");
        answers.flush();
      }
      boolean ended = process.waitFor(LONGEST_RUN_SECONDS, TimeUnit.SECONDS);
      assertThat(ended).as("hangs at call %d: %s", at, Files.readString(output)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    assertThat(process.exitValue())
        .as(Files.readString(directory.resolve("gate.errors")))
        .isNotEqualTo(FAILED);
    return new Run(process.exitValue(), calls(log), Files.readString(output));
  }

  private static List<Call> calls(Path log) {
    try {
      return Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
          .map(line -> line.split(" ", 3))
          .map(words -> new Call(Long.parseLong(words[1]), words[2].strip()))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
