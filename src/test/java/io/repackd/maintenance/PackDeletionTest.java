package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.BatchReader;
import io.repackd.GitRepository;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The moment in which packs are deleted, with a {@code git multi-pack-index write} in it. The packs are not listed any more: the
 * index lists one pack that has everything.
 */
class PackDeletionTest {
  @TempDir Path temporary;

  private GitRepository repository;
  private ObjectDirectory directory;
  private List<StoredPack> doomed;
  private String reachable;

  @BeforeEach
  void anIndexThatListsTheDoomedNoMore() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetches(3, new Random(20261120));
    reachable = repository.reachable();
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    doomed = directory.listPacks().packs();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    String pack = repository.packs().resolve("pack").toString();
    String name = repository.gitWithInput(all, "pack-objects", "-q", pack).strip();
    // Git looks into the youngest packs first, and a reader of this test is to open the doomed
    // ones.
    GitRepository.setModified(
        repository.packs().resolve("pack-" + name + ".pack"), Instant.now().minusSeconds(60));
    repository.gitWithInput(
        "pack-" + name + ".idx\n", "multi-pack-index", "write", "--stdin-packs");
  }

  private long delete(PackDeletion.LastLook lastLook) throws IOException, StepFailure {
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MULTI_PACK_INDEX)) {
      return new PackDeletion(directory).delete(doomed, lock, lastLook);
    }
  }

  @Test
  void packsThatNobodyWantsAreUnlinkedWithAllThatBelongsToThem() throws Exception {
    assertThat(delete(Optional::empty)).isEqualTo(3);
    assertThat(repository.packFiles()).hasSize(1);
    assertThat(repository.files("").stream().filter(f -> f.toString().contains("tmp_"))).isEmpty();
    repository.assertHealthy();
  }

  @Test
  void whoeverListsThePacksOnceTheyAreHiddenDoesNotFindThem() throws Exception {
    Path complete = repository.index();
    delete(() -> {
      Path lock = complete.resolveSibling("multi-pack-index.lock");
      Path aside = temporary.resolve("lock");
      try {
        // What git computes while the lock is held, as if it came to publish it afterwards.
        Files.move(lock, aside);
        repository.git("multi-pack-index", "write");
        Files.move(aside, lock);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return Optional.empty();
    });
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
  }

  @Test
  void packsThatSomebodyMayHaveListedMeanwhileComeBack() throws Exception {
    repository.git("multi-pack-index", "write"); // they own all their objects again
    assertThatThrownBy(() -> delete(() -> Optional.of("git (pid 1): git multi-pack-index write")))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("git multi-pack-index write");
    assertThat(repository.packFiles()).hasSize(4);
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
  }

  @Test
  void packsThatSomebodyReadsComeBackWhoeverItIs() throws Exception {
    Path index = repository.index();
    Path aside = temporary.resolve("index");
    Files.move(index, aside); // a git that reads the packs themselves
    try (BatchReader git = new BatchReader(repository)) {
      for (String object : reachable.split("\n")) {
        assertThat(git.read(object.substring(0, 40))).doesNotContain("missing");
      }
      Files.move(aside, index);
      assertThatThrownBy(() -> delete(Optional::empty))
          .isInstanceOf(StepFailure.class)
          .hasMessageContaining("git cat-file --batch-check (pid %d) has ".formatted(git.pid()));
      assertThat(repository.packFiles()).hasSize(4);
      assertThat(repository.files(".idx")).hasSize(4);
      repository.assertHealthy();
    }
    assertThat(delete(Optional::empty)).isEqualTo(3);
  }

  /** To find out takes longer than the lock may be held; so whoever has ended when somebody asks is not known any more. */
  @Test
  void whoKeptThePacksIsFoundOutWhenTheyAreBackAndTheLockIsFree() throws Exception {
    Path wanted = doomed.getLast().data().path();
    Process reader = holderOf(wanted);
    try {
      delete(Optional::empty);
      throw new AssertionError("deleted");
    } catch (StepFailure e) {
      assertThat(repository.files(".idx")).hasSize(4);
      reader.outputWriter().close();
      reader.waitFor();
      assertThat(e).hasMessageStartingWith("somebody who is not seen has " + wanted);
    }
  }

  private static Process holderOf(Path file) throws IOException {
    Process process = new ProcessBuilder("sh", "-c", "exec 5<" + file + "; echo; cat").start();
    process.inputReader().readLine();
    return process;
  }

  @Test
  void aPackThatWasChangedOrKeptWhileItWasHiddenComesBack() throws Exception {
    StoredPack pack = doomed.getFirst();
    Path keep = repository.packs().resolve(pack.name() + ".keep");
    assertThatThrownBy(() -> delete(() -> doing(() -> Files.createFile(keep))))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining(".keep");
    assertThat(repository.files(".idx")).hasSize(4);
    Files.delete(keep);
    assertThatThrownBy(() ->
            delete(() -> doing(() -> GitRepository.setModified(pack.data().path(), Instant.now()))))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("changed");
    assertThat(repository.files(".idx")).hasSize(4);
    repository.assertHealthy();
  }

  private interface Event {
    void happen() throws IOException;
  }

  private static Optional<String> doing(Event event) throws IOException {
    event.happen();
    return Optional.empty();
  }

  @Test
  void packsComeBackIfNobodyCanSayWhetherTheyAreWanted() throws Exception {
    assertThatThrownBy(() ->
            delete(() -> {
              throw new IOException("no process table");
            }))
        .isInstanceOf(IOException.class);
    assertThat(repository.files(".idx")).hasSize(4);
    repository.assertHealthy();
  }
}
