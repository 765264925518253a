package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ObjectDirectoryTest {
  @TempDir Path directory;

  private GitRepository repository(String... options) {
    return GitRepository.bare(directory.resolve("r.git"), options);
  }

  private static ObjectDirectory open(GitRepository repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  @Test
  void aListingTellsPacksFromWhatIsNone() throws Exception {
    GitRepository repository = repository("-b", "main").fetches(3, new Random(1));
    Path packs = repository.packs();
    List<Path> files = repository.packFiles();
    String first = files.getFirst().toString().replaceFirst("\\.pack$", "");
    Files.writeString(Path.of(first + ".keep"), "receive-pack 4711 on somewhere\n");
    Files.createFile(Path.of(first + ".promisor"));
    Files.delete(Path.of(files.get(2).toString().replaceFirst("\\.pack$", ".idx")));
    Files.createFile(packs.resolve("tmp_pack_abc"));
    Files.createFile(packs.resolve(".tmp-12-pack-0123.idx"));
    Files.createFile(packs.resolve(".tmp-12-pack-0123.pack"));
    Files.createFile(packs.resolve("multi-pack-index.lock"));
    Files.createFile(packs.resolve("pack-gone.rev"));
    Files.createFile(packs.resolve("notes.txt"));
    Files.createFile(packs.resolve("tmp_superseded_4711")); // an index that somebody reads

    PackDirectoryListing listing = open(repository).listPacks();

    assertThat(listing.packs()).hasSize(2);
    StoredPack kept = listing.packs().getFirst();
    assertThat(kept.kind()).isEqualTo(PackKind.KEPT);
    assertThat(kept.has(Sidecar.PROMISOR)).isTrue();
    assertThat(listing.keepFiles()).containsValue(KeepOwner.GIT).hasSize(1);
    assertThat(listing.garbage())
        .extracting(file -> file.stamp().name() + " " + file.kind())
        .contains(
            "tmp_pack_abc TEMPORARY",
            ".tmp-12-pack-0123.idx TEMPORARY",
            "multi-pack-index.lock LOCK",
            "pack-gone.rev ORPHAN",
            files.get(2).getFileName() + " ORPHAN",
            "notes.txt UNKNOWN")
        .noneMatch(file -> file.contains("superseded"));
  }

  @ParameterizedTest
  @CsvSource({
    "repackd 12 on host, REPACKD",
    "receive-pack 12 on host, GIT",
    "fetch-pack 12 on host, GIT",
    "fast-import, GIT",
    "fast-imported by hand, OTHER",
    "jgit receive-pack, GIT",
    "jgit receive-pack from A U Thor <a@example.org> 1700000000 +0000, GIT",
    "jgit fetch from https://example.org/r.git, GIT",
    "'', OTHER"
  })
  void aKeepFileSaysWhoseItIs(String content, KeepOwner owner) throws Exception {
    Path file = Files.writeString(directory.resolve("x.keep"), content + "\n");
    assertThat(KeepFile.owner(file)).isEqualTo(owner);
  }

  @Test
  void looseObjectsAreCounted() throws Exception {
    GitRepository repository = repository();
    for (int i = 0; i < 20; i++) {
      repository.gitWithInput("blob " + i, "hash-object", "-w", "--stdin");
    }
    assertThat(open(repository).countLooseObjects().count()).isEqualTo(20);
  }

  @Test
  void theHashFunctionComesFromTheConfiguration() throws Exception {
    assertThat(open(repository("--object-format=sha256")).hash()).isEqualTo(HashAlgorithm.SHA256);
  }

  @Test
  void anObjectDirectoryWithoutRepositoryTellsByItsFiles() throws Exception {
    GitRepository repository =
        repository("--object-format=sha256", "-b", "main").fetches(1, new Random(2));
    Path cache = directory.resolve("cache");
    Files.move(repository.objects(), cache);
    assertThat(ObjectDirectory.open(RepositoryDiscovery.locate(cache)).hash())
        .isEqualTo(HashAlgorithm.SHA256);
  }

  @Test
  void anUnknownExtensionIsRefused() {
    GitRepository repository = repository();
    repository.git("config", "extensions.sparkles", "true");
    repository.git("config", "core.repositoryformatversion", "1");
    assertThatThrownBy(() -> open(repository))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("extension that repackd does not know: sparkles");
  }

  @Test
  void anUnknownVersionIsRefused() {
    GitRepository repository = repository();
    repository.git("config", "core.repositoryformatversion", "2");
    assertThatThrownBy(() -> open(repository)).hasMessageContaining("format version is 2");
  }

  @Test
  void aBrokenConfigurationIsNamed() throws Exception {
    GitRepository repository = repository();
    Path config = Files.writeString(repository.path().resolve("config"), "[core\nbare = true\n");
    assertThatThrownBy(() -> open(repository))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("cannot parse git configuration")
        .hasMessageContaining(config.getFileName().toString());
  }

  @Test
  void aPackDirectoryElsewhereIsRefused() throws Exception {
    GitRepository repository = repository();
    Path elsewhere = directory.resolve("elsewhere");
    Files.move(repository.packs(), elsewhere);
    Files.createSymbolicLink(repository.packs(), elsewhere);
    assertThatThrownBy(() -> open(repository)).hasMessageContaining("is a symbolic link");
  }

  @ParameterizedTest
  @CsvSource({
    "'', r--r--r--, rw-r--r--",
    "group, r--r--r--, rw-rw-r--",
    "0640, r--r-----, rw-r-----",
    "all, r--r--r--, rw-rw-r--"
  })
  void publishedFilesHaveThePermissionsThatGitGives(String shared, String pack, String index)
      throws Exception {
    GitRepository repository = repository();
    if (!shared.isEmpty()) {
      repository.git("config", "core.sharedRepository", shared);
    }
    FilePublisher publisher = open(repository).publisher();
    try (FilePublisher.Unpublished readOnly = publisher.create("pack");
        FilePublisher.Unpublished writable = publisher.create("midx")) {
      for (FilePublisher.Unpublished file : List.of(readOnly, writable)) {
        Files.setPosixFilePermissions(file.file(), PosixFilePermissions.fromString("rw-r--r--"));
      }
      readOnly.publishReadOnly("a");
      writable.publishWritable("b");
    }
    assertThat(permissions(repository.packs().resolve("a"))).isEqualTo(pack);
    assertThat(permissions(repository.packs().resolve("b"))).isEqualTo(index);
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  @Test
  void whatIsNotPublishedLeavesNothingBehind() throws Exception {
    GitRepository repository = repository();
    try (FilePublisher.Unpublished file = open(repository).publisher().create("pack")) {
      assertThat(file.file()).exists();
    }
    assertThat(repository.files("")).isEmpty();
  }

  @Test
  void aConfigurationThatIncludesADeviceIsReadWithoutIt() throws Exception {
    GitRepository repository = repository();
    repository.git("config", "include.path", "/dev/zero");
    assertThat(open(repository).traits().preciousObjects()).isFalse();
  }

  /** What {@code git gc} refuses to read keeps it from deleting, and nobody else reads it. */
  @ParameterizedTest
  @CsvSource({"1m, 1048576", "0, 9223372036854775807", "many, 9223372036854775807"})
  void theSizeFromWhichGitGcLeavesPacks(String value, long bytes) throws Exception {
    GitRepository repository = repository();
    repository.git("config", "gc.bigPackThreshold", value);
    assertThat(repository.gitStatusWithInput("", "gc", "-q") == 0).isEqualTo(!value.equals("many"));
    assertThat(open(repository).traits().bigPackBytes()).isEqualTo(bytes);
  }

  @Test
  void aConfigurationNeedNotBeInUtf8() throws Exception {
    GitRepository repository = repository();
    Path file = repository.path().resolve("config");
    byte[] latin1 = "[user]\n\tname = J\u00f6rg\n".getBytes(StandardCharsets.ISO_8859_1);
    Files.write(file, latin1, StandardOpenOption.APPEND);
    assertThat(open(repository).traits().multiPackIndex()).isTrue();
  }

  @Test
  void whoeverCollectsGarbageIsKnownByTheKernelsNameOfThisHost() throws Exception {
    GitRepository repository = repository();
    Path file = repository.path().resolve("gc.pid");
    String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    Files.writeString(file, ProcessHandle.current().pid() + " " + host);
    assertThat(GcPid.holder(open(repository), Instant.now())).isPresent();
    Files.writeString(file, Integer.MAX_VALUE + " " + host);
    assertThat(GcPid.holder(open(repository), Instant.now())).isEmpty();
    Files.writeString(file, Integer.MAX_VALUE + " elsewhere");
    assertThat(GcPid.holder(open(repository), Instant.now())).isPresent();
  }
}
