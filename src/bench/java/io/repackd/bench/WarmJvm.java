package io.repackd.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Does all jobs in one JVM, which has the options of the daemon and runs the steps that the daemon runs: {@link Worker}. It is
 * told each job by a line, and answers with a line.
 */
final class WarmJvm implements Contender {
  private final String label;
  private final Process process;
  private final BufferedWriter requests;
  private final BufferedReader answers;

  /**
   * Starts the JVM.
   *
   * @param options in front of the class path, such as {@code -XX:AOTCache=…}
   */
  WarmJvm(String label, Distribution distribution, List<String> options) throws IOException {
    this.label = label;
    List<String> command = new ArrayList<>();
    command.addAll(distribution.daemonJvm());
    command.addAll(options);
    command.addAll(List.of("-cp", distribution.classPath(), Worker.class.getName()));
    ProcessBuilder builder = Git.undisturbed(command).redirectInput(ProcessBuilder.Redirect.PIPE);
    builder.environment().put("MALLOC_ARENA_MAX", "2"); // as the launcher does
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    requests =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  @Override
  public String label() {
    return label;
  }

  @Override
  public boolean needsWarmUp() {
    return true;
  }

  @Override
  public long run(Job job, Path repository) throws IOException {
    requests.write(job.verb() + " " + repository);
    requests.newLine();
    requests.flush();
    String answer = answers.readLine();
    if (answer == null || !answer.startsWith(Worker.DONE)) {
      throw new IOException("%s: %s failed: %s".formatted(label, job.label(), answer));
    }
    return Long.parseLong(answer.substring(Worker.DONE.length()));
  }

  @Override
  public PeakMemory peak(Job job, Path repository) throws IOException {
    try (PeakMemory.Watch watch = new PeakMemory.Watch(process.pid())) {
      run(job, repository);
      return watch.peak();
    }
  }

  @Override
  public void close() throws IOException {
    requests.close(); // it ends with its input
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
