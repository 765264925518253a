package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.fuzz.FuzzInput;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.Fault;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An index that was written wrong is never installed: here each is spoilt on its way to the disk. */
class IndexProofTest {
  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private final List<Path> drafts = new ArrayList<>();

  /** What a bug of the writer could leave behind. */
  private enum Bug {
    OBJECT_ELSEWHERE(index -> {
      index[index.length - 21] ^= 1; // the last offset of an index without large ones
      return FuzzInput.withTrailer(index, HashAlgorithm.SHA1);
    }),
    CHECKSUM(index -> {
      index[index.length - 1] ^= 1;
      return index;
    }),
    CUT_OFF(index -> Arrays.copyOf(index, index.length - 30)),
    NOTHING(_ -> new byte[0]);

    private final UnaryOperator<byte[]> change;

    Bug(UnaryOperator<byte[]> change) {
      this.change = change;
    }

    void spoil(Path draft) {
      try {
        Files.write(draft, change.apply(Files.readAllBytes(draft)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  static MaintenanceSettings settings() {
    return TestRegistrations.settings(
        TestRegistrations.aggregate(false, Duration.ofMinutes(1)),
        new ExpireSettings(true, Duration.ofHours(1)),
        new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO));
  }

  /** A cycle of a new process, in which something sees each index before it is verified. */
  static CycleOutcome cycle(
      GitRepository repository, Path state, Instant now, Consumer<Path> witness)
      throws IOException {
    Clock clock = Clock.fixed(now, ZoneOffset.UTC);
    return new MaintenanceCycle(clock, state, new Aggregation(clock), new VerifiedIndexes(witness))
        .run(
            new Registration("r", RepositoryDiscovery.locate(repository.path()), settings()),
            Request.SCHEDULED,
            new Cancellation(),
            new CycleListener() {});
  }

  private CycleOutcome cycle(GitRepository repository, Duration later, Consumer<Path> witness)
      throws IOException {
    Instant now = Instant.now().plusSeconds(60).plus(later);
    return cycle(repository, directory.resolve("state"), now, witness.andThen(drafts::add));
  }

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "-b", "main").fetches(3, random);
  }

  private static IndexProof proof(GitRepository repository, Consumer<Path> witness)
      throws IOException {
    ObjectDirectory opened = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    return new IndexProof(opened, witness, new Cancellation());
  }

  private static List<Path> temporary(GitRepository repository) {
    return repository.files("").stream()
        .filter(file -> file.getFileName().toString().startsWith("tmp_"))
        .toList();
  }

  private void assertNotInstalled(CycleOutcome outcome, Step step) {
    assertThat(drafts).isNotEmpty();
    assertThat(outcome.result()).isEqualTo(Result.FAILED);
    assertThat(outcome.reason()).isEqualTo("index-wrong");
    assertThat(outcome.detail()).contains("not installed").contains(drafts.getLast().toString());
    assertThat(outcome.steps().getLast().step()).isEqualTo(step);
    assertThat(outcome.steps().getLast().result()).isEqualTo(Result.FAILED);
    assertThat(drafts.getLast()).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource
  void theIndexBeforeItStays(Bug bug) throws Exception {
    GitRepository repository = repository();
    assertThat(cycle(repository, Duration.ZERO, _ -> {}).result()).isEqualTo(Result.OK);
    repository.fetches(2, random);
    String reachable = repository.reachable();
    FileStamp installed = FileStamp.of(repository.index());

    CycleOutcome outcome =
        cycle(
            repository,
            Duration.ofMinutes(1),
            draft -> {
              bug.spoil(draft);
              assertThat(repository.gitStatus("multi-pack-index", "verify")).isZero();
              assertThat(repository.reachable()).isEqualTo(reachable);
            });

    assertNotInstalled(outcome, Step.WRITE);
    assertThat(installed.unchanged()).isTrue();
    assertThat(temporary(repository)).isEmpty();
    repository.assertHealthy();
    assertThat(cycle(repository, Duration.ofMinutes(2), _ -> {}).result()).isEqualTo(Result.OK);
    assertThat(installed.unchanged()).isFalse();
    repository.assertHealthy();
  }

  @Test
  void whereThereIsNoneNoneComes() throws Exception {
    GitRepository repository = repository();
    CycleOutcome outcome = cycle(repository, Duration.ZERO, Bug.OBJECT_ELSEWHERE::spoil);
    assertNotInstalled(outcome, Step.WRITE);
    assertThat(repository.index()).doesNotExist();
    assertThat(temporary(repository)).isEmpty();
  }

  /** Packs would go that only the spoilt index does without. */
  @Test
  void nothingIsDeletedByIt() throws Exception {
    GitRepository repository = repository();
    assertThat(cycle(repository, Duration.ZERO, _ -> {}).result()).isEqualTo(Result.OK);
    assertThat(cycle(repository, Duration.ofMinutes(1), _ -> {}).result()).isEqualTo(Result.OK);
    List<Path> packs = repository.packFiles();
    FileStamp installed = FileStamp.of(repository.index());
    drafts.clear();

    CycleOutcome outcome = cycle(repository, Duration.ofHours(30), Bug.OBJECT_ELSEWHERE::spoil);

    assertNotInstalled(outcome, Step.EXPIRE);
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertThat(installed.unchanged()).isTrue();
    assertThat(temporary(repository)).isEmpty();
    assertThat(cycle(repository, Duration.ofHours(31), _ -> {}).result()).isEqualTo(Result.OK);
    assertThat(repository.packFiles()).hasSizeLessThan(packs.size());
    repository.assertHealthy();
  }

  @Test
  void aPackThatHasGoneMeanwhileIsAskedForOnceMore() throws Exception {
    GitRepository repository = repository();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    List<Path> old = repository.packFiles();
    repository.gitWithInput(
        all, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    CycleOutcome outcome =
        cycle(
            repository,
            Duration.ZERO,
            _ -> {
              if (drafts.isEmpty()) {
                old.forEach(GitRepository::remove);
              }
            });
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    assertThat(drafts).hasSize(2);
    repository.assertHealthy();
  }

  /** What was verified is trusted as long as it is that file, and its packs are there. */
  @Test
  void coversNothingButTheFileThatWasVerified() throws Exception {
    GitRepository repository = repository();
    repository.git("multi-pack-index", "write");
    GitRepository.setModified(repository.index(), Instant.parse("2026-11-21T10:00:00Z"));
    IndexProof proof = proof(repository, _ -> {});
    assertThat(proof.covers(FileStamp.find(repository.index()))).isFalse();
    assertThat(proof.verify(repository.index())).isEmpty();
    assertThat(proof.covers(FileStamp.find(repository.index()))).isTrue();
    assertThat(proof.covers(Optional.empty())).isFalse();

    Path copy = repository.packs().resolve("copy");
    Files.copy(repository.index(), copy, StandardCopyOption.COPY_ATTRIBUTES);
    assertThat(proof.covers(FileStamp.find(copy))).isFalse();

    GitRepository.setModified(repository.index(), Instant.parse("2026-11-21T10:00:01Z"));
    assertThat(proof.covers(FileStamp.find(repository.index()))).isFalse();
    GitRepository.setModified(repository.index(), Instant.parse("2026-11-21T10:00:00Z"));
    assertThat(proof.covers(FileStamp.find(repository.index()))).isTrue();
    GitRepository.remove(repository.packFiles().getFirst());
    assertThat(proof.covers(FileStamp.find(repository.index()))).isFalse();
    assertThat(proof.verify(repository.index()))
        .extracting(Fault::kind)
        .containsOnly(Fault.Kind.PACK_GONE);
    assertThat(proof.covers(FileStamp.find(repository.index()))).isFalse();
  }

  /** Whoever writes it in place within a tick of the clock leaves its time as it was. */
  @Test
  void doesNotTrustWhatIsAsYoungAsTheClockIsCoarse() throws Exception {
    GitRepository repository = repository();
    repository.git("multi-pack-index", "write");
    GitRepository.setModified(repository.index(), Instant.now().plusSeconds(60));
    IndexProof proof = proof(repository, _ -> {});
    assertThat(proof.verify(repository.index())).isEmpty();
    assertThat(proof.covers(FileStamp.find(repository.index()))).isFalse();
  }

  @Test
  void whatIsWrongIsNoFaultToBeMendedButAFailure() throws Exception {
    GitRepository repository = repository();
    repository.git("multi-pack-index", "write");
    IndexProof proof = proof(repository, Bug.CHECKSUM::spoil);
    assertThatThrownBy(() -> proof.verify(repository.index()))
        .isInstanceOf(StepFailure.class)
        .hasMessageContaining("checksum");
  }
}
