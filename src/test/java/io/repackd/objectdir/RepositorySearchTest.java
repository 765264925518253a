package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepositorySearchTest {
  @TempDir Path given;
  private Path directory = Path.of("");

  @BeforeEach
  void resolve() throws IOException {
    directory = given.toRealPath();
  }

  private static RepositoryLocation search(Path from) throws IOException {
    return search(from, Map.of());
  }

  private static RepositoryLocation search(Path from, Map<String, String> environment)
      throws IOException {
    return new RepositorySearch(from, environment).search();
  }

  @Test
  void aRepositoryIsFoundFromAnywhereInside() throws Exception {
    GitRepository repository = GitRepository.withWorktree(directory.resolve("r"));
    Path deep = Files.createDirectories(repository.path().resolve("a/b/c"));
    for (Path from :
        new Path[] {deep, repository.path(), repository.objects(), repository.packs()}) {
      RepositoryLocation location = search(from);
      assertThat(location.objectDirectory()).as("%s", from).isEqualTo(repository.objects());
      assertThat(location.commonDirectory()).contains(repository.path().resolve(".git"));
    }
  }

  @Test
  void aBareRepositoryIsFoundFromInside() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    assertThat(search(repository.path().resolve("refs/heads")).objectDirectory())
        .isEqualTo(repository.objects());
  }

  @Test
  void aLinkedWorktreeLeadsToTheObjectsOfTheMainOne() throws Exception {
    GitRepository main =
        GitRepository.withWorktree(directory.resolve("r"), "-b", "main").commits(1, new Random(1));
    Path linked = directory.resolve("linked");
    main.git("worktree", "add", "-q", "-b", "other", linked.toString(), "main");
    Path inside = Files.createDirectories(linked.resolve("new"));
    RepositoryLocation location = search(inside);
    assertThat(location.objectDirectory()).isEqualTo(main.objects());
    assertThat(location.commonDirectory()).contains(main.path().resolve(".git"));
    Path own = main.path().resolve(".git/worktrees/linked");
    assertThat(search(directory, Map.of("GIT_DIR", own.toString())))
        .satisfies(byName -> assertThat(byName.objectDirectory()).isEqualTo(main.objects()));
  }

  @Test
  void aSymbolicLinkIntoAWorktreeCountsAsBeingThere() throws Exception {
    GitRepository repository = GitRepository.withWorktree(directory.resolve("r"));
    Path inside = Files.createDirectories(repository.path().resolve("a"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), inside);
    assertThat(search(link).objectDirectory()).isEqualTo(repository.objects());
  }

  @Test
  void variablesGoBeforeTheWorkingDirectory() throws Exception {
    GitRepository here = GitRepository.bare(directory.resolve("here.git"));
    GitRepository there = GitRepository.bare(directory.resolve("there.git"));
    assertThat(search(here.path(), Map.of("GIT_DIR", "../there.git")).objectDirectory())
        .isEqualTo(there.objects());
    assertThat(search(here.path(), Map.of("GIT_DIR", "")).objectDirectory())
        .isEqualTo(here.objects());

    RepositoryLocation lent =
        search(here.path(), Map.of("GIT_OBJECT_DIRECTORY", there.objects().toString()));
    assertThat(lent.objectDirectory()).isEqualTo(there.objects());
    assertThat(lent.commonDirectory()).contains(here.path());
  }

  @Test
  void whereThereIsNoRepositoryItSaysSo() throws Exception {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    // Somebody may have a repository around the temporary directory.
    assumeThat(GitRepository.at(empty).gitStatus("rev-parse", "--git-dir")).isNotZero();
    assertThatThrownBy(() -> search(empty))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("not a git repository")
        .hasMessageContaining(empty.toString());
    assertThatThrownBy(() -> search(empty, Map.of("GIT_DIR", "nowhere")))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("nowhere");
    Path broken = Files.writeString(empty.resolve(".git"), "gitdir: /nowhere\n");
    assertThatThrownBy(() -> search(empty))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining(broken.toString());
  }

  @Test
  void aRepositoryOfSomebodyElseIsRefusedUnlessItIsTrusted() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    int somebodyElse = 12345;
    try {
      Files.setAttribute(repository.path(), "unix:uid", somebodyElse);
    } catch (IOException e) {
      assumeThat(e).as("only root gives files away").isNull();
    }
    Map<String, String> home = Map.of("HOME", directory.toString());
    assertThatThrownBy(() -> search(repository.path(), home))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("belongs to another user");

    assertThat(search(repository.path(), Map.of("SUDO_UID", "12345"))).isNotNull();
    assertThat(search(directory, Map.of("GIT_DIR", "r.git"))).isNotNull();
    assertThat(new RepositorySearch(directory, home).objectDirectory(Path.of("r.git/objects")))
        .isNotNull();
    for (String trusted : new String[] {repository.path().toString(), "*", directory + "/*"}) {
      Files.writeString(directory.resolve(".gitconfig"), "[safe]\n\tdirectory = " + trusted + "\n");
      assertThat(search(repository.path(), home)).as(trusted).isNotNull();
    }
    Files.writeString(directory.resolve(".gitconfig"), "[safe]\n\tdirectory = *\n\tdirectory =\n");
    assertThatThrownBy(() -> search(repository.path(), home)).isNotNull();
  }

  @Test
  void aNamedObjectDirectoryMayBelongToARepositoryOrStandAlone() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    Path alone = Files.createDirectories(directory.resolve("cache/objects"));
    RepositorySearch search = new RepositorySearch(directory, Map.of());

    RepositoryLocation belonging = search.objectDirectory(Path.of("r.git/objects"));
    assertThat(belonging.commonDirectory()).contains(repository.path());
    assertThat(belonging.objectDirectory()).isEqualTo(repository.objects());
    RepositoryLocation standing = search.objectDirectory(alone);
    assertThat(standing.commonDirectory()).isEmpty();
    assertThat(standing.objectDirectory()).isEqualTo(alone);
    assertThatThrownBy(() -> search.objectDirectory(Path.of("missing")))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining(directory.resolve("missing").toString())
        .hasMessageContaining("no such file or directory");
  }
}
