package io.repackd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The real git, which comes to a stop where it starts a certain command of its own: {@code git repack} at {@code pack-objects}, when
 * it knows which packs it is going to replace and has replaced none. It goes on when it is told.
 *
 * <p>Git finds its commands in the directory that {@code GIT_EXEC_PATH} names. In this one lies a program that says that it has been
 * started and waits, by way of named pipes, and then becomes the git that was meant.
 */
public final class HeldGit implements AutoCloseable {
  private final Path commands;
  private final Path began;
  private final Path goOn;
  private Process process;
  private boolean released;

  private HeldGit(Path scratch) {
    this.commands = scratch.resolve("commands");
    this.began = scratch.resolve("began");
    this.goOn = scratch.resolve("go-on");
  }

  /**
   * Starts git, and waits until it has come to the command.
   *
   * @param scratch an empty directory
   * @param heldCommand a command that it starts
   * @param environment variables, in addition
   */
  public static HeldGit start(
      Path scratch,
      String heldCommand,
      Path workingDirectory,
      Map<String, String> environment,
      List<String> arguments)
      throws Exception {
    HeldGit git = new HeldGit(Files.createDirectories(scratch));
    git.prepare(heldCommand);
    git.process = git.builder(workingDirectory, environment, arguments).start();
    // Opening a pipe waits for somebody at its other end; reading ends when that one has gone.
    try (InputStream in = Files.newInputStream(git.began)) {
      assertThat(in.readAllBytes()).isNotEmpty();
    }
    return git;
  }

  private void prepare(String heldCommand) throws Exception {
    Path real = Path.of(output(List.of("git", "--exec-path")));
    Files.createDirectory(commands);
    output(List.of("mkfifo", began.toString(), goOn.toString()));
    Path git = commands.resolve("git");
    Files.writeString(
        git,
        """
        #!/bin/sh
        if test "$1" = '%s' && mkdir '%s' 2>/dev/null; then
          echo began >'%s'
          read line <'%s'
        fi
        exec '%s' "$@"
        """
            .formatted(heldCommand, commands.resolve("held"), began, goOn, real.resolve("git")));
    Files.setPosixFilePermissions(git, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private ProcessBuilder builder(
      Path workingDirectory, Map<String, String> environment, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(workingDirectory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(commands.resolveSibling("output").toFile());
    builder.environment().putAll(GitRepository.ENVIRONMENT);
    builder.environment().putAll(environment);
    builder.environment().put("GIT_EXEC_PATH", commands.toString());
    return builder;
  }

  private static String output(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as("%s", command).isZero();
    return output.strip();
  }

  /** The process that was started: not the command at which it waits. */
  public Process process() {
    return process;
  }

  /** Lets it go on, and waits for the command at which it was held, whoever started it. */
  public void release() throws IOException {
    released = true;
    Files.writeString(goOn, "go on\n");
  }

  /** Lets it go on and wants it to succeed. */
  public void finish() throws Exception {
    release();
    int status = process.waitFor();
    assertThat(status).as(Files.readString(commands.resolveSibling("output"))).isZero();
  }

  /**
   * Waits for all that git has started, too: a git that is killed leaves the commands that it runs to themselves, and one in the
   * background has left its parent, and both go on writing into the repository.
   */
  @Override
  public void close() throws Exception {
    if (!released) {
      release();
    }
    process.waitFor();
    for (List<ProcessHandle> left = left(); !left.isEmpty(); left = left()) {
      left.forEach(each -> each.onExit().join());
    }
  }

  /** Who runs with our directory of commands in the environment. A process that has ended shows none. */
  private List<ProcessHandle> left() {
    String ours = "GIT_EXEC_PATH=" + commands + '\0';
    return ProcessHandle.allProcesses().filter(each -> environment(each).contains(ours)).toList();
  }

  private static String environment(ProcessHandle process) {
    try {
      return Files.readString(
          Path.of("/proc", Long.toString(process.pid()), "environ"), StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return ""; // gone, or somebody else's
    }
  }
}
