package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is no file, where there should be one. Git waits for ever for somebody to write into a pipe, so it is not asked. */
class SpecialFilesTest {
  private static final Duration FOREVER = Duration.ofSeconds(60);

  @TempDir Path directory;

  private IndexedRepository repository;

  @BeforeEach
  void aRepository() {
    repository = IndexedRepository.create(directory.resolve("r.git"), HashAlgorithm.SHA1);
  }

  private List<Fault> verify() throws IOException {
    return MultiPackIndexVerifier.verify(
        repository.index(), HashAlgorithm.SHA1, Level.PACKS, new Cancellation());
  }

  @Test
  void aNamedPipeIsNoMultiPackIndex() throws Exception {
    Files.delete(repository.index());
    ListedPackEditor.makePipe(repository.index());

    assertTimeoutPreemptively(
        FOREVER,
        () ->
            assertThatThrownBy(this::verify)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot map " + repository.index())
                .hasMessageContaining("not a regular file"));
  }

  @Test
  void noPackIndex() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    Files.delete(pack.index());
    ListedPackEditor.makePipe(pack.index());

    List<Fault> faults = assertTimeoutPreemptively(FOREVER, this::verify);

    assertThat(faults).extracting(Fault::type).containsExactly(Fault.Type.PACK_INDEX);
    assertThat(faults.getFirst().message()).contains(pack.index() + ": it is not a regular file");
  }

  @Test
  void andNoPack() throws Exception {
    ListedPackEditor pack = ListedPackEditor.of(repository, true);
    Files.delete(pack.data());
    ListedPackEditor.makePipe(pack.data());

    List<Fault> faults = assertTimeoutPreemptively(FOREVER, this::verify);

    assertThat(faults).extracting(Fault::type).containsExactly(Fault.Type.PACK_FILE);
    assertThat(faults.getFirst().message()).contains(pack.data() + ": it is not a regular file");
  }

  @Test
  void aDirectoryIsNoMultiPackIndex() throws Exception {
    Files.delete(repository.index());
    Files.createDirectory(repository.index());

    assertThatThrownBy(this::verify)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a regular file");
  }
}
