package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.KilledProgram;
import io.repackd.objectdir.FileStamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A wrong index is not installed by a cycle that is killed on the way, and the next cycle clears it away. */
class SpoiltIndexKillTest {
  @TempDir Path directory;

  @Test
  void killedAnywhereItLeavesTheIndexBefore() throws Exception {
    Random random = new Random(20261121);
    GitRepository template =
        GitRepository.bare(directory.resolve("template.git"), "-b", "main").fetches(3, random);
    template.git("multi-pack-index", "write");
    template.fetches(2, random);
    boolean killed = true;
    boolean leftDraft = false;
    for (int change = 1; killed; change++) {
      String when = "killed before change " + change;
      GitRepository repository = template.copyTo(directory.resolve(change + ".git"));
      Path state = Files.createDirectories(directory.resolve("state-" + change));
      String reachable = repository.reachable();
      FileStamp installed = FileStamp.of(repository.index());
      killed = cycle(repository, state).run(change);
      assertThat(installed.unchanged()).as(when).isTrue();
      assertThat(repository.reachable()).as(when).isEqualTo(reachable);
      repository.assertHealthy();
      leftDraft |= drafts(repository) > 0;
      CycleOutcome next =
          IndexProofTest.cycle(repository, state, Instant.now().plusSeconds(120), _ -> {});
      assertThat(next.result()).as("%s: %s", when, next.detail()).isEqualTo(Result.OK);
      assertThat(drafts(repository)).as(when).isZero();
      assertThat(installed.unchanged()).as(when).isFalse();
      repository.assertHealthy();
    }
    assertThat(leftDraft).as("it was killed while the draft was there").isTrue();
  }

  private static long drafts(GitRepository repository) {
    return repository.files("").stream()
        .filter(file -> file.getFileName().toString().startsWith("tmp_midx_"))
        .count();
  }

  private static KilledProgram cycle(GitRepository repository, Path state) {
    return new KilledProgram(
        List.of(SpoiltIndexProgram.class.getName(), repository.path().toString(), state.toString()),
        Map.of(),
        IndexProof.class.getName());
  }
}
