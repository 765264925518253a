package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.MaintenanceSettings;
import io.repackd.config.RepackSettings;
import io.repackd.config.SafetySettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Repositories of every kind that is not the usual one, each a real one, through full cycles. */
class SpecialRepositoriesTest {
  private static final Request NOW = new Request(true);

  @TempDir Path directory;

  private final Random random = new Random(20261121);

  private GitRepository repository(String name, String... options) {
    return GitRepository.bare(directory.resolve(name), options);
  }

  private CycleOutcome cycle(Path path, boolean allowForeignOwner) throws IOException {
    MaintenanceSettings any =
        TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO);
    MaintenanceSettings settings =
        new MaintenanceSettings(
            true,
            any.schedule(),
            any.jitter(),
            any.multiPackIndex(),
            any.aggregate(),
            new ExpireSettings(true, Duration.ZERO),
            new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO),
            new SafetySettings(allowForeignOwner, 0));
    Clock clock = Clock.fixed(Instant.now().plusSeconds(60), ZoneOffset.UTC);
    return new MaintenanceCycle(clock, directory.resolve("state"))
        .run(
            new Registration("r", RepositoryDiscovery.locate(path), settings),
            NOW,
            new Cancellation(),
            new CycleListener() {});
  }

  private CycleOutcome cycle(GitRepository repository) throws IOException {
    return cycle(repository.path(), false);
  }

  /** Repacks, deletes what was repacked, and finds nothing more to do. */
  private void assertMaintained(GitRepository repository, Path path) throws IOException {
    String reachable = repository.reachable();
    long written = 0;
    long deleted = 0;
    for (int i = 0; i < 3; i++) {
      CycleOutcome outcome = cycle(path, false);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
      written += outcome.work().packsWritten();
      deleted += outcome.work().packsDeleted();
    }
    assertThat(written).isPositive();
    assertThat(deleted).isPositive();
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
  }

  private void assertLeftAlone(GitRepository repository, String reason) throws IOException {
    List<Path> packs = repository.packFiles();
    CycleOutcome outcome = cycle(repository);
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.SKIPPED);
    assertThat(outcome.reason()).isEqualTo(reason);
    assertThat(repository.packFiles()).isEqualTo(packs);
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("pack$", extension));
  }

  /** The remote is not there any more, so that whoever asked it for an object would fail. */
  @Test
  void inAPartialClonePromisorPacksStayPromisorAndNothingIsFetched() throws Exception {
    GitRepository remote = repository("remote.git", "-b", "main").fetches(4, random);
    remote.git("config", "uploadpack.allowFilter", "true");
    remote.git("config", "uploadpack.allowAnySHA1InWant", "true");
    Path path = directory.resolve("clone.git");
    remote.git(
        "clone", "-q", "--bare", "--filter=blob:none", "file://" + remote.path(), path.toString());
    GitRepository clone = GitRepository.at(path);
    for (int i = 0; i < 2; i++) {
      remote.fetches(1, random);
      clone.git("fetch", "-q", "origin", "main:main");
    }
    clone.commits(3, random); // ordinary ones, which build upon what was promised
    Supplier<String> missing =
        () -> clone.git("rev-list", "--all", "--objects", "--missing=print", "--no-object-names");
    String before = missing.get();
    assertThat(before).contains("\n?");
    assertThat(clone.files(".promisor")).hasSizeGreaterThan(1);
    Files.move(remote.path(), directory.resolve("elsewhere.git"));

    for (int i = 0; i < 3; i++) {
      CycleOutcome outcome = cycle(clone);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    }

    assertThat(clone.files(".promisor")).hasSize(1);
    assertThat(clone.packFiles()).hasSize(2);
    assertThat(missing.get()).isEqualTo(before);
    assertThat(clone.gitStatus("fsck", "--full")).isZero();
    clone.git("multi-pack-index", "verify");
  }

  @Test
  void wherePreciousObjectsAreNothingIsDeletedAndNoCopiesPileUp() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");
    List<Path> packs = repository.packFiles();
    for (int i = 0; i < 3; i++) {
      CycleOutcome outcome = cycle(repository);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    }
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertThat(repository.index()).exists();
    repository.assertHealthy();
  }

  @Test
  void whoBorrowsObjectsAndWhoLendsThemAreBothMaintained() throws Exception {
    GitRepository lender = repository("lender.git", "-b", "main").fetches(4, random);
    Path path = directory.resolve("borrower.git");
    lender.git("clone", "-q", "--bare", "--shared", lender.path().toString(), path.toString());
    GitRepository borrower = GitRepository.at(path);
    for (int i = 0; i < 3; i++) {
      borrower.commits(2, random);
    }
    List<Path> lent = lender.packFiles();
    String own = borrower.git("count-objects", "-v").replaceAll("(?s).*in-pack: (\\d+).*", "$1");

    assertMaintained(borrower, path);
    assertThat(lender.packFiles()).isEqualTo(lent);
    assertThat(borrower.git("count-objects", "-v")).contains("in-pack: " + own + "\n");
    assertMaintained(lender, lender.path());
    borrower.assertHealthy();
  }

  @Test
  void aSharedCacheOfObjectsNeedsNoRepository() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    Path cache = directory.resolve("cache");
    Files.move(repository.objects(), cache);
    Files.createDirectories(repository.objects().resolve("info"));
    Files.createDirectory(repository.objects().resolve("pack"));
    Files.writeString(repository.objects().resolve("info/alternates"), cache + "\n");
    for (int i = 0; i < 2; i++) {
      CycleOutcome outcome = cycle(cache, false);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    }
    assertThat(cache.resolve("pack")).isDirectoryContaining("glob:**.pack");
    try (var packs = Files.newDirectoryStream(cache.resolve("pack"), "*.pack")) {
      assertThat(packs).hasSize(1);
    }
    repository.assertHealthy();
  }

  @Test
  void anIndexWithABitmapIsLeftAlone() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    repository.git("multi-pack-index", "write", "--bitmap");
    byte[] index = Files.readAllBytes(repository.index());
    assertLeftAlone(repository, "index-bitmap");
    assertThat(repository.index()).hasBinaryContent(index);
    assertThat(repository.files(".bitmap")).hasSize(1);
    repository.git("rev-list", "--test-bitmap", "main");
  }

  /** As the format has it; git before 2.47 takes no notice of one. */
  @Test
  void anIncrementalIndexIsLeftAlone() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    repository.git("multi-pack-index", "write");
    byte[] index = Files.readAllBytes(repository.index());
    String hash = HexFormat.of().formatHex(index, index.length - 20, index.length);
    Path chain = Files.createDirectory(repository.packs().resolve("multi-pack-index.d"));
    Path layer = chain.resolve("multi-pack-index-" + hash + ".midx");
    Files.move(repository.index(), layer);
    Path list = Files.writeString(chain.resolve("multi-pack-index-chain"), hash + "\n");
    assertLeftAlone(repository, "index-chain");
    assertThat(layer).hasBinaryContent(index);
    assertThat(list).hasContent(hash + "\n");
    assertThat(repository.index()).doesNotExist();
    assertThat(repository.gitStatus("fsck", "--full")).isZero();
  }

  /** The version is a byte, and the names may be in any order: this one is right. */
  @Test
  void anIndexOfVersionTwoIsLeftAlone() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    repository.git("multi-pack-index", "write");
    byte[] index = Files.readAllBytes(repository.index());
    index[4] = 2;
    byte[] content = Arrays.copyOf(index, index.length - 20);
    byte[] checksum = MessageDigest.getInstance("SHA-1").digest(content);
    System.arraycopy(checksum, 0, index, content.length, checksum.length);
    Files.write(repository.index(), index);
    assertLeftAlone(repository, "index-version");
    assertThat(repository.index()).hasBinaryContent(index);
  }

  /** Objects lie where they always do; only the references are elsewhere, and nobody here reads those. */
  @Test
  void aReftableIsNoneOfOurConcern() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check");
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.refStorage", "reftable");
    Files.createDirectory(repository.path().resolve("reftable"));
    Files.writeString(repository.path().resolve("HEAD"), "ref: refs/heads/.invalid\n");
    for (int i = 0; i < 2; i++) {
      CycleOutcome outcome = cycle(repository);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    }
    assertThat(repository.packFiles()).hasSize(1);
    // Older gits refuse it, so another repository judges.
    GitRepository judge = repository("judge.git", "-b", "main");
    Files.writeString(judge.objects().resolve("info/alternates"), repository.objects() + "\n");
    assertThat(judge.git("cat-file", "--batch-all-objects", "--batch-check")).isEqualTo(all);
  }

  @Test
  void newFilesOfASharedRepositoryAreShared() throws Exception {
    GitRepository repository =
        repository("r.git", "-b", "main", "--shared=0660").fetches(4, random);
    assertMaintained(repository, repository.path());
    for (String suffix : List.of(".pack", ".idx")) {
      Path file = repository.files(suffix).getFirst();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .as(file.toString())
          .isEqualTo("r--r-----");
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(repository.index())))
        .isEqualTo("rw-rw----");
  }

  /** A mount of its own, because root may write wherever a disk lets anybody write. */
  @Test
  void anObjectDirectoryThatCannotBeWrittenToIsReportedAndUntouched() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("mount"));
    try (SmallDisk disk = SmallDisk.mount(mount, "16m")) {
      GitRepository repository = GitRepository.bare(mount.resolve("r.git"), "-b", "main");
      repository.fetches(3, random);
      List<Path> files = repository.files("");
      disk.readOnly();
      CycleOutcome outcome = cycle(repository);
      assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.FAILED);
      assertThat(outcome.reason()).isEqualTo("permission");
      assertThat(outcome.detail()).contains("maintenance.lock", "Read-only file system");
      assertThat(repository.files("")).isEqualTo(files);
    }
  }

  @Test
  void aRepositoryIsMaintainedThroughALinkedWorktree() throws Exception {
    GitRepository repository =
        GitRepository.withWorktree(directory.resolve("r"), "-b", "main").fetches(4, random);
    Path linked = directory.resolve("linked");
    repository.git("worktree", "add", "-q", "--detach", linked.toString());
    // What only the linked worktree refers to is an object like others.
    Files.writeString(linked.resolve("new"), "only here\n");
    GitRepository there = GitRepository.at(linked);
    there.git("add", "new");
    there.git("commit", "-q", "-m", "only here");
    repository.git("repack", "-q");
    repository.git("reset", "-q", "--hard");
    assertMaintained(repository, linked);
    assertThat(there.git("show", "HEAD:new")).isEqualTo("only here\n");
  }

  @Test
  void aSubmoduleIsMaintainedFromItsWorkingTree() throws Exception {
    GitRepository inner = repository("inner.git", "-b", "main").fetches(2, random);
    GitRepository outer = GitRepository.withWorktree(directory.resolve("outer"), "-b", "main");
    String url = inner.path().toString();
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "sub");
    Path tree = outer.path().resolve("sub");
    GitRepository module = GitRepository.at(outer.path().resolve(".git/modules/sub"));
    module.commits(2, random);
    module.commits(2, random);
    assertMaintained(module, tree);
    assertThat(GitRepository.at(tree).gitStatus("status")).isZero();
    assertThat(module.index()).exists();
  }

  @Test
  void aRepositoryOfSomebodyElseIsRefusedUnlessThatIsAllowed() throws Exception {
    assumeThat(Files.getOwner(Path.of("/proc/self")).getName())
        .as("only root can give a directory away")
        .isEqualTo("root");
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    List<Path> packs = repository.packFiles();
    Files.setOwner(
        repository.objects(),
        repository
            .objects()
            .getFileSystem()
            .getUserPrincipalLookupService()
            .lookupPrincipalByName("nobody"));
    CycleOutcome refused = cycle(repository);
    assertThat(refused.result()).isEqualTo(Result.SKIPPED);
    assertThat(refused.reason()).isEqualTo("foreign-owner");
    assertThat(refused.detail()).contains("nobody");
    assertThat(repository.packFiles()).isEqualTo(packs);
    assertThat(repository.index()).doesNotExist();
    assertThat(cycle(repository.path(), true).result()).isEqualTo(Result.OK);
    assertThat(repository.index()).exists();
  }

  @Test
  void anObjectDirectoryIsFollowedThroughSymbolicLinks() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(4, random);
    Path elsewhere = directory.resolve("disk/objects");
    Files.createDirectory(elsewhere.getParent());
    Files.move(repository.objects(), elsewhere);
    Path step = Files.createSymbolicLink(directory.resolve("step"), elsewhere);
    Files.createSymbolicLink(repository.objects(), step);
    Path link = Files.createSymbolicLink(directory.resolve("link.git"), repository.path());
    assertMaintained(repository, link);
    assertThat(elsewhere.resolve("pack/multi-pack-index")).isRegularFile();
    assertThat(repository.objects()).isSymbolicLink();
  }

  /** Its own kind of pack, which nothing may be taken from or put into. */
  @Test
  void aCruftPackStaysAsItIs() throws Exception {
    GitRepository repository = repository("r.git", "-b", "main").fetches(3, random);
    repository.gitWithInput("unreachable", "hash-object", "-w", "--stdin");
    repository.git("repack", "--cruft", "-d", "-q");
    Path cruft =
        Path.of(repository.files(".mtimes").getFirst().toString().replace(".mtimes", ".pack"));
    byte[] content = Files.readAllBytes(cruft);
    repository.fetches(3, random);
    assertMaintained(repository, repository.path());
    assertThat(cruft).hasBinaryContent(content);
    assertThat(beside(cruft, "mtimes")).exists();
  }
}
