package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What several packs say of one: it is the oldest of them, and the others are younger, in this order. */
class SupersessionTest {
  @TempDir Path directory;

  private GitRepository repository;
  private String one;
  private String older;
  private String younger;

  @BeforeEach
  void packs() {
    repository =
        GitRepository.bare(directory.resolve("r.git"), "-b", "main")
            .fetches(3, new Random(20261130))
            .distinctTimes();
    List<String> names =
        repository.packFiles().stream()
            .map(pack -> pack.getFileName().toString().replaceFirst("\\.pack$", ""))
            .toList();
    one = names.get(0);
    older = names.get(1);
    younger = names.get(2);
  }

  private void says(String pack, List<String> whole, List<String> repacked) throws IOException {
    Files.writeString(
        repository.packs().resolve(pack + ".supersedes"),
        new SupersededPacks(BootClock.SYSTEM.now(), whole, repacked).render());
  }

  private Supersession of(String pack) throws IOException {
    return Optional.ofNullable(Supersession.among(packs(repository)).get(pack)).orElseThrow();
  }

  private static List<StoredPack> packs(GitRepository repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path())).listPacks().packs();
  }

  @Test
  void whatWasRepackedIsNotSupersededAsAWhole() throws Exception {
    says(younger, List.of(older), List.of(one));
    assertThat(of(older).whole()).isTrue();
    assertThat(of(one).whole()).isFalse();
    assertThat(RepackedPacks.among(packs(repository)))
        .extracting(StoredPack::name)
        .containsExactly(one);
  }

  @Test
  void whoeverHasAllOfItCountsWhicheverIsYounger() throws Exception {
    says(older, List.of(one), List.of());
    says(younger, List.of(), List.of(one));
    assertThat(of(one).whole()).isTrue();
    assertThat(of(one).by().name()).isEqualTo(older);
    says(older, List.of(), List.of(one));
    says(younger, List.of(one), List.of());
    assertThat(of(one).whole()).isTrue();
    assertThat(of(one).by().name()).isEqualTo(younger);
    assertThat(of(one).claims()).hasSize(1);
  }

  /** It is there still, so that what it says counts. */
  @Test
  void whatWasRepackedItselfSupersedesAllTheSame() throws Exception {
    says(older, List.of(one), List.of());
    says(younger, List.of(), List.of(older));
    assertThat(of(one).by().name()).isEqualTo(older);
    assertThat(of(older).by().name()).isEqualTo(younger);
  }

  /** Whatever is said of what it was made of goes by the one that lasts. */
  @Test
  void ofSeveralOneCountsThatIsNotSupersededAsAWhole() throws Exception {
    says(older, List.of(), List.of(one));
    says(younger, List.of(older), List.of(one));
    assertThat(of(one).by().name()).isEqualTo(younger);
    assertThat(of(one).claims()).hasSize(2);
  }
}
