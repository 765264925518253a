package io.repackd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** A repository made and judged by the real {@code git}. */
public final class GitRepository {
  static final Map<String, String> ENVIRONMENT =
      Map.of(
          "GIT_AUTHOR_NAME",
          "A",
          "GIT_AUTHOR_EMAIL",
          "a@example.org",
          "GIT_COMMITTER_NAME",
          "C",
          "GIT_COMMITTER_EMAIL",
          "c@example.org",
          "GIT_CONFIG_GLOBAL",
          "/dev/null",
          "GIT_CONFIG_NOSYSTEM",
          "1",
          "LC_ALL",
          "C");

  private final Path path;
  private long commitSeconds = 1_700_000_000;

  private GitRepository(Path path) {
    this.path = path;
  }

  /** What is at a path already. */
  public static GitRepository at(Path path) {
    return new GitRepository(path);
  }

  /** A new bare repository. */
  public static GitRepository bare(Path path, String... options) {
    run(
        path.toAbsolutePath().getParent(),
        "",
        concat(List.of("init", "-q", "--bare"), options, path));
    return new GitRepository(path).quiet();
  }

  /** A new repository with a worktree. */
  public static GitRepository withWorktree(Path path, String... options) {
    run(path.toAbsolutePath().getParent(), "", concat(List.of("init", "-q"), options, path));
    return new GitRepository(path).quiet();
  }

  private GitRepository quiet() {
    git("config", "gc.auto", "0");
    git("config", "maintenance.auto", "false");
    git("config", "core.logAllRefUpdates", "false");
    return this;
  }

  private static List<String> concat(List<String> first, String[] options, Path last) {
    List<String> all = new ArrayList<>(first);
    all.addAll(List.of(options));
    all.add(last.toString());
    return all;
  }

  /** The same repository once more, with the times of its files. */
  public GitRepository copyTo(Path other) {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.toList()) {
        Files.copy(
            file,
            other.resolve(path.relativize(file).toString()),
            StandardCopyOption.COPY_ATTRIBUTES);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new GitRepository(other);
  }

  public Path path() {
    return path;
  }

  public Path objects() {
    Path inWorktree = path.resolve(".git/objects");
    return Files.isDirectory(inWorktree) ? inWorktree : path.resolve("objects");
  }

  public Path packs() {
    return objects().resolve("pack");
  }

  public Path index() {
    return packs().resolve("multi-pack-index");
  }

  /** Runs git and wants it to succeed. */
  public String git(String... arguments) {
    return run(path, "", List.of(arguments));
  }

  public String gitWithInput(String input, String... arguments) {
    return run(path, input, List.of(arguments));
  }

  /** Runs git and gives its exit status. */
  public int gitStatus(String... arguments) {
    return execute(path, "", List.of(arguments)).status;
  }

  /** Runs git and gives what it says if it fails; empty if it succeeds. */
  public Optional<String> gitFailure(String... arguments) {
    Finished finished = execute(path, "", List.of(arguments));
    return finished.status == 0
        ? Optional.empty()
        : Optional.of("status %d: %s".formatted(finished.status, finished.output.strip()));
  }

  public int gitStatusWithInput(String input, String... arguments) {
    return execute(path, input, List.of(arguments)).status;
  }

  /**
   * Adds commits by way of fast-import, which leaves one pack, with deltas, trees and blobs that change a little from commit to
   * commit.
   */
  public GitRepository commits(int count, Random random) {
    StringBuilder stream = new StringBuilder();
    for (int i = 0; i < count; i++) {
      long seconds = commitSeconds++;
      stream.append("commit refs/heads/main\n");
      stream.append("committer C <c@example.org> ").append(seconds).append(" +0000\n");
      String message = "commit " + seconds;
      stream.append("data ").append(message.length()).append('\n').append(message).append('\n');
      if (i == 0 && gitStatus("rev-parse", "-q", "--verify", "refs/heads/main") == 0) {
        stream.append("from refs/heads/main^0\n");
      }
      for (int file = 0; file < 1 + random.nextInt(3); file++) {
        String content = text(random, seconds);
        stream.append("M 100644 inline dir").append(random.nextInt(5)).append("/file");
        stream.append(random.nextInt(20)).append('\n');
        stream.append("data ").append(content.length()).append('\n').append(content).append('\n');
      }
    }
    gitWithInput(stream.toString(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet");
    return this;
  }

  private static String text(Random random, long seconds) {
    StringBuilder text = new StringBuilder();
    int lines = 5 + random.nextInt(60);
    int changed = random.nextInt(lines);
    for (int line = 0; line < lines; line++) {
      text.append("this is line ").append(line).append(" of a file that changes little\n");
      if (line == changed) {
        text.append("here it changed at ").append(seconds).append(random.nextInt()).append('\n');
      }
    }
    return text.toString();
  }

  /** Adds commits, and leaves what is new in one pack with deltas, as a fetch does. */
  public GitRepository fetch(int commits, Random random) {
    boolean first = gitStatus("rev-parse", "-q", "--verify", "main") != 0;
    String before = first ? "" : "^" + git("rev-parse", "main").strip() + "\n";
    List<Path> old = packFiles();
    commits(commits, random);
    List<Path> imported = new ArrayList<>(packFiles());
    imported.removeAll(old);
    String packs = packs().resolve("pack").toString();
    String name =
        gitWithInput(
                "main\n" + before, "pack-objects", "-q", "--revs", "--delta-base-offset", packs)
            .strip();
    imported.stream()
        .filter(pack -> !pack.toString().contains(name))
        .forEach(GitRepository::remove);
    return this;
  }

  /** Several fetches. */
  public GitRepository fetches(int count, Random random) {
    for (int i = 0; i < count; i++) {
      fetch(3, random);
    }
    return this;
  }

  /** Deletes a pack with all that belongs to it. */
  public static void remove(Path pack) {
    String stem = pack.toString().replaceFirst("\\.pack$", "");
    try {
      for (String extension : List.of(".idx", ".pack", ".rev")) {
        Files.deleteIfExists(Path.of(stem + extension));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pack files, by name. */
  public List<Path> packFiles() {
    return files(".pack");
  }

  public List<Path> files(String suffix) {
    try (Stream<Path> files = Files.list(packs())) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives each pack a modification time of its own, a second apart, in the order of their names. */
  public GitRepository distinctTimes() {
    List<Path> packs = packFiles();
    for (int i = 0; i < packs.size(); i++) {
      setModified(packs.get(i), Instant.ofEpochSecond(1_600_000_000L + i));
    }
    return this;
  }

  public static void setModified(Path file, Instant time) {
    try {
      Files.setLastModifiedTime(file, FileTime.from(time));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The ids of the objects that a pack has, by git's word. */
  public List<String> objectsIn(Path pack) {
    return git("verify-pack", "-v", pack.toString())
        .lines()
        .filter(line -> line.matches("[0-9a-f]{40,64} .*"))
        .map(line -> line.substring(0, line.indexOf(' ')))
        .toList();
  }

  /** All objects that refs lead to, with their paths. */
  public String reachable() {
    return git("rev-list", "--all", "--objects");
  }

  /** Git's own judgement of everything. */
  public void assertHealthy() {
    Finished fsck = execute(path, "", List.of("fsck", "--full", "--strict"));
    assertThat(fsck.status).as(fsck.output).isZero();
    if (Files.exists(index())) {
      Finished verify = execute(path, "", List.of("multi-pack-index", "verify"));
      assertThat(verify.status).as(verify.output).isZero();
    }
  }

  /** Waits until a process that was started is git to whoever looks: from fork to exec it is called as we are. */
  public static void awaitCommandLine(Process git) throws IOException {
    Path commandLine = Path.of("/proc/%d/cmdline".formatted(git.pid()));
    while (!Files.readString(commandLine).startsWith("git\0")) {
      assertThat(git.isAlive()).isTrue();
      Thread.onSpinWait();
    }
  }

  private record Finished(int status, String output) {}

  private static String run(Path directory, String input, List<String> arguments) {
    Finished finished = execute(directory, input, arguments);
    assertThat(finished.status).as("git %s: %s", arguments, finished.output).isZero();
    return finished.output;
  }

  private static Finished execute(Path directory, String input, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(arguments);
    try {
      Path in = Files.createTempFile("git", ".in");
      Files.writeString(in, input, StandardCharsets.UTF_8);
      ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
      builder.environment().putAll(ENVIRONMENT);
      builder.redirectErrorStream(true).redirectInput(in.toFile());
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      Files.delete(in);
      return new Finished(status, output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
