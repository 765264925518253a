package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.repackd.GitRepository;
import io.repackd.HeldGit;
import io.repackd.platform.ProcessTable;
import io.repackd.platform.RemoteFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Locks of real tools, alive and killed. */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FoundLockTest {
  private static final LockPatience PATIENCE =
      new LockPatience(Duration.ofHours(1), Optional.empty());

  @TempDir Path directory;

  private GitRepository repository;
  private Path maintenanceLock;

  @BeforeEach
  void aRepository() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(2, new Random(20261121));
    maintenanceLock = repository.objects().resolve("maintenance.lock");
  }

  private List<FoundLock> locks() throws IOException {
    return FoundLock.list(RepositoryDiscovery.locate(repository.path()));
  }

  private ObjectDirectory open() throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  private Optional<FoundLock> broken(LockPatience patience) throws IOException {
    return open().breakForeignLock(ObjectDirectory.Lock.MAINTENANCE, patience, Instant.now());
  }

  private HeldGit held(String... arguments) throws Exception {
    return HeldGit.start(
        directory.resolve("held"), "pack-objects", repository.path(), Map.of(), List.of(arguments));
  }

  private void modified(Instant time) {
    GitRepository.setModified(maintenanceLock, time);
  }

  /** The only proof that there is about a lock which says nothing. */
  private static Instant beforeBoot() throws IOException {
    return new ProcessTable().bootTime().minus(Duration.ofHours(3));
  }

  @Test
  void gitKeepsItsLockOpenAndSoIsSeen() throws Exception {
    try (HeldGit _ = held("maintenance", "run", "--task=gc")) {
      assertThat(locks())
          .extracting(FoundLock::kind, FoundLock::ours, FoundLock::liveness)
          .containsExactlyInAnyOrder(
              tuple(LockKind.MAINTENANCE, false, Liveness.ALIVE),
              tuple(LockKind.GC, false, Liveness.ALIVE));
      modified(beforeBoot());
      assertThat(broken(new LockPatience(Duration.ZERO, Optional.of(Duration.ZERO)))).isEmpty();
      assertThat(maintenanceLock).exists();
    }
  }

  /** Only the kernel knows: nothing is in the file, and /proc shows some processes to some people. */
  @Test
  void oneOfAKilledGitIsBrokenWhenItIsOldEnough() throws Exception {
    assumeThat(RemoteFileSystem.of(directory)).as("a disk that others use").isEmpty();
    try (HeldGit git = held("maintenance", "run", "--task=gc")) {
      git.process().destroyForcibly().waitFor();
    }
    FoundLock lock = locks().getFirst();
    assertThat(lock.kind()).isEqualTo(LockKind.MAINTENANCE);
    assumeThat(lock.liveness()).as("what the kernel says of it").isNotEqualTo(Liveness.UNKNOWN);
    assertThat(lock.liveness()).isEqualTo(Liveness.DEAD);
    modified(Instant.now().minus(Duration.ofMinutes(1)));
    assertThat(broken(PATIENCE)).isEmpty();
    assertThat(broken(new LockPatience(Duration.ofSeconds(50), Optional.empty()))).isPresent();
    assertThat(maintenanceLock).doesNotExist();
  }

  @Test
  void oneOfWhichNobodyCanTellGoesByItsAgeOnlyIfThatIsWanted() throws Exception {
    Files.createFile(maintenanceLock);
    FoundLock found = locks().getFirst();
    FoundLock unknown = new FoundLock(found.kind(), found.stamp(), false, "git", Liveness.UNKNOWN);
    Instant later = Instant.now().plus(Duration.ofDays(9));
    assertThat(unknown.stale(PATIENCE, later)).isFalse();
    LockPatience byAge = new LockPatience(Duration.ZERO, Optional.of(Duration.ofDays(1)));
    assertThat(unknown.stale(byAge, later)).isTrue();
    assertThat(unknown.stale(byAge, Instant.now())).isFalse();
  }

  @Test
  void oneFromBeforeTheMachineWasBootedIsBrokenWhenItIsOldEnough() throws Exception {
    assumeThat(RemoteFileSystem.of(directory).isEmpty())
        .as("on a disk of this machine alone")
        .isTrue();
    Files.createFile(maintenanceLock);
    modified(beforeBoot());
    Duration age = locks().getFirst().age(Instant.now());
    assertThat(locks().getFirst().liveness()).isEqualTo(Liveness.DEAD);
    assertThat(broken(new LockPatience(age.plusHours(1), Optional.empty()))).isEmpty();
    assertThat(broken(PATIENCE)).isPresent();
    assertThat(maintenanceLock).doesNotExist();
  }

  @Test
  void oneOfOursIsNoMatterOfPatience() throws Exception {
    try (LockFile _ = open().lock(ObjectDirectory.Lock.MAINTENANCE)) {
      modified(beforeBoot());
      FoundLock lock = locks().getFirst();
      assertThat(lock.ours()).isTrue();
      assertThat(lock.liveness()).isEqualTo(Liveness.ALIVE);
      assertThat(broken(new LockPatience(Duration.ZERO, Optional.of(Duration.ZERO)))).isEmpty();
      assertThat(maintenanceLock).exists();
    }
  }

  @Test
  void whateverLocksThereAreAreFound() throws Exception {
    Path graphs = Files.createDirectories(repository.objects().resolve("info/commit-graphs"));
    Files.createFile(graphs.resolve("commit-graph-chain.lock"));
    Files.createFile(graphs.resolveSibling("commit-graph.lock"));
    Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    Path chain = Files.createDirectory(repository.packs().resolve("multi-pack-index.d"));
    Files.createFile(chain.resolve("multi-pack-index-chain.lock"));
    Files.writeString(repository.path().resolve("gc.pid"), "1 elsewhere");
    Files.createFile(repository.path().resolve("gc.log.lock"));
    Files.createDirectory(maintenanceLock); // no lock of anybody's
    assertThat(locks())
        .extracting(FoundLock::kind)
        .containsExactly(
            LockKind.MULTI_PACK_INDEX,
            LockKind.MULTI_PACK_INDEX_CHAIN,
            LockKind.COMMIT_GRAPH,
            LockKind.COMMIT_GRAPH_CHAIN,
            LockKind.GC,
            LockKind.GC_LOG);
    assertThat(locks()).extracting(FoundLock::liveness).doesNotContain(Liveness.ALIVE);
    assertThat(repository.gitStatus("commit-graph", "write", "--reachable")).isNotZero();
  }

  @Test
  void theCompanionThatGitCanBeToldToWriteNamesTheOwner() throws Exception {
    Files.createFile(maintenanceLock);
    Files.writeString(repository.objects().resolve("maintenance~pid.lock"), "pid 4711\n");
    assertThat(locks().getFirst().owner()).isEqualTo("process 4711");
  }
}
