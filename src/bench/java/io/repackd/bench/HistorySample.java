package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The history of a real repository, cut along the first parents of its {@code HEAD} into equal ranges, one pack each, as if
 * somebody had fetched it so many times.
 *
 * @param history the repository, a complete one; it is only read
 * @param thin whether the packs are sent thin, as over the network, so that the bases of their deltas are added to them
 */
record HistorySample(String name, Path history, int packs, boolean thin) implements Sample {
  @Override
  public void fill(Path repository, Git git) throws IOException {
    Path packDirectory = repository.resolve("objects/pack");
    Files.createDirectories(packDirectory);
    List<String> commits =
        git.run(history, "rev-list", "--first-parent", "--reverse", "HEAD").lines().toList();
    if (commits.size() < packs) {
      throw new IOException(
          "cannot make %s: %s has only %d commits along first parents"
              .formatted(name, history, commits.size()));
    }
    try (ExecutorService executor =
        Executors.newFixedThreadPool(thin ? 1 : Runtime.getRuntime().availableProcessors())) {
      List<Future<?>> made = new ArrayList<>();
      for (int pack = 0; pack < packs; pack++) {
        int number = pack;
        made.add(
            executor.submit(() -> {
              String name = pack(repository, commits, number, git);
              FileTime time = FileTime.from(Sample.modified(number));
              Files.setLastModifiedTime(packDirectory.resolve(name + ".pack"), time);
              Files.setLastModifiedTime(packDirectory.resolve(name + ".idx"), time);
              return name;
            }));
      }
      for (Future<?> pack : made) {
        pack.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("cannot make %s: %s".formatted(name, e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while making " + name, e);
    }
    git.run(repository, "update-ref", "HEAD", commits.getLast());
    git.run(repository, "fsck", "--connectivity-only", "--no-dangling");
  }

  /**
   * Makes one pack.
   *
   * @return its name
   */
  private String pack(Path repository, List<String> commits, int number, Git git)
      throws IOException {
    Path range = Files.createTempFile("range-", "");
    Path sent = Files.createTempFile("sent-", ".pack");
    try {
      String before = number == 0 ? "" : "^%s%n".formatted(lastOf(commits, number - 1));
      Files.writeString(range, "%s%n%s".formatted(lastOf(commits, number), before));
      git.run(
          history,
          range,
          sent,
          Map.of(),
          "-c",
          "pack.threads=1",
          "pack-objects",
          "--revs",
          "--delta-base-offset",
          thin ? "--thin" : "--no-thin",
          "--no-use-bitmap-index",
          "--stdout",
          "-q");
      String answer = git.run(repository, sent, Map.of(), "index-pack", "--stdin", "--fix-thin");
      return "pack-" + answer.replaceFirst("^pack\t", "").strip();
    } finally {
      Files.delete(range);
      Files.delete(sent);
    }
  }

  private String lastOf(List<String> commits, int pack) {
    return commits.get((int) ((long) commits.size() * (pack + 1) / packs) - 1);
  }
}
