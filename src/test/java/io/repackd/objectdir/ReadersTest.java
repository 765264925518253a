package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.BatchReader;
import io.repackd.GitRepository;
import io.repackd.platform.ProcessTable.Reader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who reads an object directory from elsewhere, with nothing of it open. */
class ReadersTest {
  @TempDir Path temporary;

  private GitRepository repository;
  private ObjectDirectory directory;

  @BeforeEach
  void aRepository() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetch(3, new Random(20261121));
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  private Optional<Reader> seen(BatchReader git) throws IOException {
    return directory.readers().readers().stream()
        .filter(reader -> reader.pid() == git.pid())
        .findFirst();
  }

  private void assertSeen(Path workingDirectory, String... options) throws IOException {
    try (BatchReader git = new BatchReader(workingDirectory, options)) {
      git.read("0"); // no object: it has looked for the repository, and for nothing in it
      assertThat(seen(git)).hasValueSatisfying(r -> assertThat(r.worksThere()).isTrue());
    }
  }

  @Test
  void whoWorksInALinkedWorktreeIsSeen() throws Exception {
    Path worktree = temporary.resolve("elsewhere/w");
    repository.git("worktree", "add", "-q", worktree.toString(), "main");
    assertSeen(worktree);
    assertSeen(Files.createDirectories(worktree.resolve("a/b")));
  }

  @Test
  void whoWorksInARepositoryThatBorrowsTheObjectsIsSeen() throws Exception {
    Path middle = temporary.resolve("elsewhere/middle.git");
    Path last = temporary.resolve("elsewhere/last");
    repository.git(
        "clone", "-q", "--bare", "--shared", repository.path().toString(), middle.toString());
    repository.git("clone", "-q", "--shared", middle.toString(), last.toString());
    assertSeen(middle);
    assertSeen(last);
  }

  @Test
  void whoIsToldWhereTheRepositoryIsIsSeen() throws Exception {
    assertSeen(temporary, "--git-dir=" + repository.path());
    assertSeen(temporary, "--git-dir", repository.path().toString());
  }

  @Test
  void whoReadsAnotherRepositoryIsNot() throws Exception {
    GitRepository other = GitRepository.bare(temporary.resolve("other.git"), "-b", "main");
    other.fetch(1, new Random(1));
    try (BatchReader git = new BatchReader(other)) {
      git.read("main");
      assertThat(seen(git)).isEmpty();
    }
  }
}
