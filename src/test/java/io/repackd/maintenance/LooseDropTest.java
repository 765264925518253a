package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LooseTable;
import io.repackd.objectdir.LooseWalk;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may happen between the moment in which loose objects are found to be needless and that in which they go. */
class LooseDropTest {
  @TempDir Path directory;

  private GitRepository repository;
  private List<String> ids;
  private Path pack;

  @BeforeEach
  void packedObjects() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    ids = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      ids.add(repository.gitWithInput("text " + i, "hash-object", "-w", "--stdin").strip());
    }
    ids.sort(null);
    String name =
        repository
            .gitWithInput(
                String.join("\n", ids) + "\n",
                "pack-objects",
                "-q",
                repository.packs().resolve("pack").toString())
            .strip();
    pack = repository.packs().resolve("pack-" + name + ".pack");
  }

  private interface Meanwhile {
    Optional<String> happens() throws IOException;
  }

  private LooseDrop drop(Meanwhile beforeTheLastLook) throws IOException {
    return drop(beforeTheLastLook, () -> {});
  }

  private interface Change {
    void happens() throws IOException;
  }

  private LooseDrop drop(Meanwhile beforeTheLastLook, Change afterTheListing) throws IOException {
    ObjectDirectory opened = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    List<StoredPack> packs = opened.listPacks().packs();
    LooseDrop drop =
        new LooseDrop(
            opened,
            packs,
            beforeTheLastLook::happens,
            new BadLooseObjects(_ -> {}),
            new Cancellation());
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        Arena arena = Arena.ofShared()) {
      new LooseWalk(opened, new Cancellation()).next(table, 100);
      LooseCopies copies = LooseCopies.find(table, packs, Instant.now(), new Cancellation(), arena);
      afterTheListing.happens();
      drop.drop(table, copies, LongStream.range(0, table.count()).toArray());
    }
    return drop;
  }

  private void assertAllThere() {
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    repository.assertHealthy();
  }

  @Test
  void withoutAReasonToKeepThemTheyGo() throws Exception {
    assertThat(drop(Optional::empty).dropped()).isEqualTo(10);
    assertThat(LooseFiles.ids(repository)).isEmpty();
    repository.assertHealthy();
  }

  /** A gc that has come before sees loose objects which it need not save from a pack; one that comes now sees none. */
  @Test
  void whoeverLooksBeforeTheyGoFindsThemInThePackOnly() throws Exception {
    LooseDrop drop =
        drop(() -> {
          assertThat(LooseFiles.ids(repository)).isEmpty();
          ids.forEach(id -> repository.git("cat-file", "-e", id));
          return Optional.of("git gc");
        });

    assertThat(drop.dropped()).isZero();
    assertThat(drop.ended()).contains("git gc is running");
    assertAllThere();
  }

  @Test
  void ifTheirPackHasGoneTheyComeBack() throws Exception {
    LooseDrop drop =
        drop(() -> {
          GitRepository.remove(pack);
          return Optional.empty();
        });

    assertThat(drop.ended()).isPresent();
    assertAllThere();
  }

  @Test
  void ifTheirPackHasBecomeACruftPackTheyComeBack() throws Exception {
    LooseDrop drop =
        drop(() -> {
          Files.createFile(Path.of(pack.toString().replace(".pack", ".mtimes")));
          return Optional.empty();
        });

    assertThat(drop.ended()).isPresent();
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
  }

  private void makePrivate(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
  }

  @Test
  void ifFewerPeopleMayReadTheirPackMeanwhileTheyComeBack() throws Exception {
    LooseDrop drop =
        drop(() -> {
          makePrivate(pack);
          return Optional.empty();
        });

    assertThat(drop.ended())
        .hasValueSatisfying(why -> assertThat(why).contains("is not readable for the same people"));
    assertAllThere();
  }

  /** By an earlier configuration more people could read them. */
  @Test
  void theyGoIfAsManyMayReadTheirPackAsIsConfigured() throws Exception {
    makePrivate(pack);
    assertThat(drop(Optional::empty).dropped()).isZero();
    repository.git("config", "core.sharedRepository", "0640");
    assertThat(drop(Optional::empty).dropped()).isEqualTo(10);
  }

  @Test
  void ifNobodyCanTellWhoIsThereTheyComeBack() throws Exception {
    assertThat(
            catchThrowable(() ->
                drop(() -> {
                  throw new IOException("no process table");
                })))
        .hasMessage("no process table");
    assertAllThere();
  }

  @Test
  void ifTheirPackHasGoneBeforeItWasOpenedTheyStay() throws Exception {
    LooseDrop drop = drop(Optional::empty, () -> GitRepository.remove(pack));

    assertThat(drop.dropped()).isZero();
    assertAllThere();
  }

  @Test
  void oneThatWasReplacedTouchedOrHasGoneIsNotUnlinked() throws Exception {
    Path replaced = LooseFiles.path(repository, ids.get(1));
    Path touched = LooseFiles.path(repository, ids.get(2));
    Path gone = LooseFiles.path(repository, ids.get(3));
    Path directory = LooseFiles.path(repository, ids.get(4));
    Path link = LooseFiles.path(repository, ids.get(5));
    LooseDrop drop =
        drop(
            Optional::empty,
            () -> {
              Path copy = Files.copy(replaced, repository.path().resolve("copy"));
              Files.setLastModifiedTime(copy, Files.getLastModifiedTime(replaced));
              Files.delete(replaced);
              Files.move(copy, replaced);
              GitRepository.setModified(touched, Instant.now().plusSeconds(5));
              Files.delete(gone);
              Files.delete(directory);
              Files.createDirectory(directory);
              Files.delete(link);
              Files.createSymbolicLink(link, replaced);
            });

    assertThat(drop.dropped()).isEqualTo(5);
    assertThat(replaced).exists();
    assertThat(touched).exists();
    assertThat(directory).isDirectory();
    assertThat(link).isSymbolicLink();
    assertThat(gone).doesNotExist();
  }

  /** It is the same object, and whoever has written it may count on it. */
  @Test
  void oneThatSomebodyWritesWhileItIsHiddenStaysWritten() throws Exception {
    Path path = LooseFiles.path(repository, ids.getFirst());
    byte[] file = Files.readAllBytes(path);

    LooseDrop going =
        drop(() -> {
          Files.write(path, file);
          return Optional.empty();
        });

    assertThat(going.dropped()).isEqualTo(10);
    assertThat(LooseFiles.ids(repository)).containsExactly(ids.getFirst());
    GitRepository.setModified(path, FileStamp.of(pack).modified().minusSeconds(1));
    FileStamp written = FileStamp.of(path);

    drop(() -> {
      assertThat(path).doesNotExist();
      Files.write(path, file);
      return Optional.of("somebody");
    });

    assertThat(FileStamp.of(path).inode()).isNotEqualTo(written.inode());
    repository.assertHealthy();
  }
}
