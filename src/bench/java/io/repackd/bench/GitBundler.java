package io.repackd.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;

/**
 * Git as it bundles packs or loose objects: {@code pack-objects} without a search for deltas.
 *
 * @param byIds whether it is given the ids of the objects, instead of the names of packs; loose objects are given by their ids in
 *     any case
 */
record GitBundler(Git git, BundleStage stage, boolean byIds) implements Contender {
  @Override
  public String label() {
    return git.label() + (byIds ? " by ids" : " --stdin-packs");
  }

  @Override
  public long run(Job job, Path repository) throws IOException {
    long start = System.nanoTime();
    waitFor(pack(job, repository).start());
    if (job == Job.LOOSE) {
      waitFor(builder(repository, "prune-packed", "-q").start());
    }
    return System.nanoTime() - start;
  }

  @Override
  public PeakMemory peak(Job job, Path repository) throws IOException {
    Process process = pack(job, repository).start();
    PeakMemory peak;
    try (PeakMemory.Watch watch = new PeakMemory.Watch(process.pid())) {
      waitFor(process);
      peak = watch.peak();
    }
    if (job == Job.LOOSE) {
      waitFor(builder(repository, "prune-packed", "-q").start());
    }
    return peak;
  }

  private ProcessBuilder pack(Job job, Path repository) {
    boolean ids = byIds || job == Job.LOOSE;
    ProcessBuilder builder =
        ids
            ? builder(repository, "pack-objects", "-q", "--window=0", "--delta-base-offset", base())
            : builder(
                repository,
                "pack-objects",
                "-q",
                "--window=0",
                "--delta-base-offset",
                "--stdin-packs",
                base());
    return builder.redirectInput((ids ? stage.ids(job) : stage.packNames(job)).toFile());
  }

  private static String base() {
    return "objects/pack/pack";
  }

  private ProcessBuilder builder(Path repository, String... arguments) {
    return Git.undisturbed(git.command(arguments))
        .directory(repository.toFile())
        .redirectOutput(Redirect.DISCARD)
        .redirectError(Redirect.INHERIT);
  }

  private static void waitFor(Process process) throws IOException {
    try {
      int status = process.waitFor();
      if (status != 0) {
        throw new IOException("git failed with %d".formatted(status));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while git ran", e);
    }
  }
}
