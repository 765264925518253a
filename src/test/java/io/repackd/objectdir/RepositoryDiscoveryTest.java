package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepositoryDiscoveryTest {
  @TempDir Path given;
  private Path directory = Path.of("");

  @BeforeEach
  void resolve() throws IOException {
    directory = given.toRealPath();
  }

  @Test
  void aBareRepositoryHasItsObjectsInside() throws Exception {
    Path path = GitRepository.bare(directory.resolve("r.git")).path();
    RepositoryLocation location = RepositoryDiscovery.locate(path);
    assertThat(location.objectDirectory()).isEqualTo(path.resolve("objects"));
    assertThat(location.commonDirectory()).contains(path);
  }

  @Test
  void aWorktreeHasThemInItsGitDirectory() throws Exception {
    Path path = GitRepository.withWorktree(directory.resolve("r")).path();
    Path objects = path.resolve(".git/objects");
    assertThat(RepositoryDiscovery.locate(path).objectDirectory()).isEqualTo(objects);
    assertThat(RepositoryDiscovery.locate(path.resolve(".git")).objectDirectory())
        .isEqualTo(objects);
  }

  @Test
  void aLinkedWorktreeSharesThemWithTheMainOne() throws Exception {
    GitRepository main =
        GitRepository.withWorktree(directory.resolve("r"), "-b", "main").commits(1, new Random(1));
    Path linked = directory.resolve("linked");
    main.git("worktree", "add", "-q", "-b", "other", linked.toString(), "main");
    RepositoryLocation location = RepositoryDiscovery.locate(linked);
    assertThat(location.objectDirectory()).isEqualTo(main.objects());
    assertThat(location.commonDirectory()).contains(main.path().resolve(".git"));
  }

  @Test
  void anObjectDirectoryKnowsTheRepositoryAroundIt() throws Exception {
    Path path = GitRepository.bare(directory.resolve("r.git")).path();
    RepositoryLocation location = RepositoryDiscovery.locate(path.resolve("objects"));
    assertThat(location.objectDirectory()).isEqualTo(path.resolve("objects"));
    assertThat(location.commonDirectory()).contains(path);
  }

  @Test
  void anObjectDirectoryMayStandAlone() throws Exception {
    Path cache = directory.resolve("cache");
    Files.createDirectories(cache.resolve("pack"));
    RepositoryLocation location = RepositoryDiscovery.locate(cache);
    assertThat(location.objectDirectory()).isEqualTo(cache);
    assertThat(location.commonDirectory()).isEmpty();
  }

  @Test
  void twoWaysToOneRepositoryLeadToOneObjectDirectory() throws Exception {
    Path path = GitRepository.bare(directory.resolve("r.git")).path();
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    assertThat(RepositoryDiscovery.locate(link).objectDirectory())
        .isEqualTo(RepositoryDiscovery.locate(path).objectDirectory());
  }

  @Test
  void whatIsNoRepositoryIsNamed() throws Exception {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> RepositoryDiscovery.locate(missing))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessage("cannot open repository %s: no such file or directory", missing);
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> RepositoryDiscovery.locate(file))
        .hasMessage("cannot open repository %s: not a directory", file);
    Path empty = Files.createDirectory(directory.resolve("empty"));
    assertThatThrownBy(() -> RepositoryDiscovery.locate(empty))
        .hasMessageContaining("%s: neither a git repository nor an object directory", empty);
  }
}
