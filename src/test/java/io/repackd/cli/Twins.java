package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerCounts;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.RepositorySearch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Two copies of one directory with a repository in it: on one git does what it is told, on the other repackd. */
final class Twins {
  /** What git 2.39 returns from a verb that fails without dying, and what later ones do. */
  private static final int ERROR = 1;

  private static final int LATER_ERROR = 255;

  private final Path gits;
  private final Path ours;
  private final Path inside;
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();
  private String input = "";
  private boolean terminal;

  private Twins(Path gits, Path ours, Path inside) {
    this.gits = gits;
    this.ours = ours;
    this.inside = inside;
  }

  /**
   * Copies a directory twice, with all dates.
   *
   * @param original stays as it is
   * @param inside where in it the commands are run
   */
  static Twins of(Path original, Path inside) throws Exception {
    Path parent = Files.createTempDirectory(original.toAbsolutePath().getParent(), "twins");
    Path gits = copy(original, parent.resolve("gits"));
    Path ours = copy(original, parent.resolve("ours"));
    return new Twins(gits, ours, inside);
  }

  static Twins of(GitRepository repository) throws Exception {
    return of(repository.path(), Path.of(""));
  }

  private static Path copy(Path from, Path to) throws Exception {
    Process copy =
        new ProcessBuilder("cp", "-a", from.toString(), to.toString()).inheritIO().start();
    assertThat(copy.waitFor()).isZero();
    return to;
  }

  Twins withInput(String text) {
    input = text;
    return this;
  }

  Twins onATerminal() {
    terminal = true;
    return this;
  }

  /** Does the same to both copies. */
  Twins with(Change change) throws Exception {
    change.apply(gits());
    change.apply(ours());
    return this;
  }

  interface Change {
    void apply(GitRepository repository) throws Exception;
  }

  GitRepository gits() {
    return GitRepository.at(gits.resolve(inside));
  }

  GitRepository ours() {
    return GitRepository.at(ours.resolve(inside));
  }

  /** Runs the command of git on its copy; returns the exit status that git 2.39 has. */
  int git(String... arguments) {
    int status = gits().gitStatusWithInput(input, concat("multi-pack-index", arguments));
    return status == LATER_ERROR ? ERROR : status;
  }

  /** Runs the command of repackd on its copy; returns the exit status. */
  int repackd(String... arguments) {
    return repackd(Map.of(), arguments);
  }

  int repackd(Map<String, String> environment, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return new MultiPackIndexCommand(
            new RepositorySearch(ours.resolve(inside), environment),
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintWriter(out),
            new PrintWriter(errors),
            terminal)
        .run(List.of(arguments));
  }

  private static String[] concat(String first, String[] others) {
    return Stream.concat(Stream.of(first), Stream.of(others)).toArray(String[]::new);
  }

  /** What repackd printed last. */
  String out() {
    return out.toString();
  }

  String errors() {
    return errors.toString();
  }

  /** Runs both, and wants the same status, the same files and the same index. */
  int both(String... arguments) throws IOException {
    int expected = git(arguments);
    assertThat(repackd(arguments)).as(errors()).isEqualTo(expected);
    assertSame();
    return expected;
  }

  void assertSame() throws IOException {
    assertThat(names(ours())).isEqualTo(names(gits()));
    assertThat(Files.exists(ours().index())).isEqualTo(Files.exists(gits().index()));
    if (Files.exists(ours().index())) {
      assertThat(ours().index()).hasSameBinaryContentAs(gits().index());
    }
  }

  /** The files in a pack directory. Git makes one where it finds nothing to put there. */
  private static Set<String> names(GitRepository repository) throws IOException {
    if (!Files.isDirectory(repository.packs())) {
      return Set.of();
    }
    try (Stream<Path> files = Files.list(repository.packs())) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** The packs that an index lists and takes no object from. */
  static Set<String> unreferenced(GitRepository repository) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      OwnerCounts owners =
          MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena).countOwners();
      return owners.objects().keySet().stream()
          .filter(name -> owners.of(name) == 0)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
