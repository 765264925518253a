package io.repackd.bench;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sample repositories, each made when it is first asked for and kept in a directory of its own.
 *
 * <p>The name of a sample says what it is: {@code real-1000} is a real history in 1,000 packs and {@code thin-1000} the same as
 * thin packs leave it; {@code syn10m-3000} is 10 million synthetic objects in 3,000 packs alike, a tenth of them in several;
 * with {@code s} at the end, as in {@code syn35m-316s}, packs of skewed sizes and a hundredth of the objects in several; with
 * {@code x} at the end, packs alike and one more, the newest, which leaves only the 100 newest of the others needed.
 */
final class Samples {
  private static final Pattern REAL = Pattern.compile("(real|thin)-(\\d+)");
  private static final Pattern SYNTHETIC = Pattern.compile("syn(\\d+)([km])-(\\d+)([sx]?)");
  private static final int EVEN_COPIES_PER_MILLE = 100;
  private static final int SKEWED_COPIES_PER_MILLE = 10;

  /** How many packs of an {@code x} sample are needed beside the newest. */
  private static final int NEEDED_PACKS = 100;

  private final Path directory;
  private final Optional<Path> history;
  private final Git git;

  /**
   * Samples in a directory.
   *
   * @param history where the real ones come from
   * @param git makes the packs of the real ones
   */
  Samples(Path directory, Optional<Path> history, Git git) {
    this.directory = directory;
    this.history = history;
    this.git = git;
  }

  /**
   * Makes a sample, unless it is there.
   *
   * @return the repository
   * @throws IllegalArgumentException if there is no such sample
   */
  Path repository(String name) throws IOException {
    Path made = directory.resolve(name).toAbsolutePath();
    if (Files.isDirectory(made)) {
      return made;
    }
    Sample sample = named(name);
    System.err.printf("making %s%n", made);
    Path unfinished = directory.resolve(name + ".unfinished").toAbsolutePath();
    delete(unfinished);
    Files.createDirectories(unfinished);
    git.run(unfinished, "init", "-q", "--bare", "--initial-branch=main", ".");
    sample.fill(unfinished, git);
    Files.move(unfinished, made);
    return made;
  }

  /** Deletes a tree, if it is there. */
  static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private Sample named(String name) throws IOException {
    Matcher real = REAL.matcher(name);
    if (real.matches()) {
      Path source =
          history.orElseThrow(
              () -> new IOException("cannot make %s: --history is missing".formatted(name)));
      return new HistorySample(
          name, source, Integer.parseInt(real.group(2)), real.group(1).equals("thin"));
    }
    Matcher synthetic = SYNTHETIC.matcher(name);
    if (synthetic.matches()) {
      return synthetic(name, synthetic);
    }
    throw new IllegalArgumentException(
        "unknown sample \"%s\": the names are like real-100, thin-100, syn10k-30, syn1m-1000s, syn1m-1000x"
            .formatted(name));
  }

  private static Sample synthetic(String name, Matcher parts) {
    long objects =
        Long.parseLong(parts.group(1)) * (parts.group(2).equals("m") ? 1_000_000 : 1_000);
    int packs = Integer.parseInt(parts.group(3));
    boolean skewed = parts.group(4).equals("s");
    return new SyntheticSample(
        name,
        objects,
        packs,
        skewed ? SKEWED_COPIES_PER_MILLE : EVEN_COPIES_PER_MILLE,
        skewed ? PackSizes.SKEWED : PackSizes.EVEN,
        parts.group(4).equals("x") ? Math.max(0, packs - NEEDED_PACKS) : 0);
  }
}
