package io.repackd.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Does each job in a process of its own: any git, and repackd's command of the same name.
 *
 * @param label what it is called in the table
 * @param program what understands {@code multi-pack-index}
 */
record FreshProcess(String label, String program) implements Contender {
  /** A git. */
  static FreshProcess of(Git git) {
    return new FreshProcess(git.label(), git.executable());
  }

  /** Repackd's own command, by its launcher. */
  static FreshProcess ofRepackd(Path launcher) {
    return new FreshProcess("repackd cold", launcher.toString());
  }

  /** The command line, the same for both. */
  private List<String> command(String verb, Path repository) {
    return List.of(
        program, "multi-pack-index", "--object-dir=" + repository.resolve("objects"), verb);
  }

  /** Whether the program knows the command at all. Repackd's help is there also for what it does not know. */
  boolean isAvailable() throws IOException {
    ProcessBuilder help = Git.undisturbed(List.of(program, "multi-pack-index", "--help"));
    Process process = help.redirectError(Redirect.DISCARD).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return waitFor(process) == 0 && text.contains("multi-pack-index");
  }

  @Override
  public long run(Job job, Path repository) throws IOException {
    Path complaints = Files.createTempFile("multi-pack-index-", ".stderr");
    try {
      ProcessBuilder builder = builder(job, repository, complaints);
      long start = System.nanoTime();
      int status = waitFor(builder.start());
      long nanos = System.nanoTime() - start;
      check(status, job, complaints);
      return nanos;
    } finally {
      Files.delete(complaints);
    }
  }

  @Override
  public PeakMemory peak(Job job, Path repository) throws IOException {
    Path complaints = Files.createTempFile("multi-pack-index-", ".stderr");
    try {
      Process process = builder(job, repository, complaints).start();
      try (PeakMemory.Watch watch = new PeakMemory.Watch(process.pid())) {
        check(waitFor(process), job, complaints);
        return watch.peak();
      }
    } finally {
      Files.delete(complaints);
    }
  }

  private ProcessBuilder builder(Job job, Path repository, Path complaints) {
    return Git.undisturbed(command(job.verb(), repository))
        .directory(repository.toFile())
        .redirectOutput(complaints.toFile())
        .redirectError(complaints.toFile());
  }

  private void check(int status, Job job, Path complaints) throws IOException {
    if (status != 0) {
      throw new IOException(
          "%s: %s failed with %d: %s"
              .formatted(label, job.label(), status, Files.readString(complaints).strip()));
    }
  }

  private static int waitFor(Process process) throws IOException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a command ran", e);
    }
  }
}
