package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepErrorsTest {
  @TempDir Path directory;

  /** As {@code git gc} deletes it when it has deleted packs that it lists. */
  @Test
  void anIndexThatSomebodyDeletedIsNoFailureOfOurs() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena))
          .isInstanceOfSatisfying(
              IOException.class,
              gone -> {
                StepFailure failure = StepErrors.classify(gone);
                assertThat(failure.result()).isEqualTo(Result.SKIPPED);
                assertThat(failure.reason()).isEqualTo("packs-changed");
                assertThat(failure.detail()).contains(repository.index().toString());
              });
    }
  }
}
