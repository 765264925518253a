package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.LockFile;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A large pack that owns everything, packs with some of its objects that own nothing, and a disk that spoils a byte. */
class CoveringEntriesTest {
  private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir Path temporary;

  private final SoundPacks sound = new SoundPacks();
  private GitRepository repository;
  private ObjectDirectory directory;
  private UnreferencedLedger ledger;
  private Path large;
  private Path small;
  private List<String> few;

  /** An object where it lies in a pack. */
  private record Placed(long offset, String id) {}

  @BeforeEach
  void aLargePackAndASmallOneOfItsObjects() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetch(60, new Random(20261121));
    large = repository.packFiles().getFirst();
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    ledger = UnreferencedLedger.read(temporary, directory);
    List<Placed> objects = objects(large);
    few = objects.subList(10, 14).stream().map(Placed::id).toList();
    small = pack(few);
  }

  /** A pack of objects that are there. */
  private Path pack(List<String> ids) {
    Path stem = repository.packs().resolve("pack");
    String name =
        repository
            .gitWithInput(String.join("\n", ids) + "\n", "pack-objects", "-q", stem.toString())
            .strip();
    Path pack = Path.of(stem + "-" + name + ".pack");
    GitRepository.setModified(pack, NOW.minus(Duration.ofDays(2)));
    return pack;
  }

  private List<Placed> objects(Path pack) throws IOException {
    List<Placed> objects = new ArrayList<>();
    for (String line : repository.git("verify-pack", "-v", pack.toString()).split("\n")) {
      String[] words = line.split(" +");
      if (words.length >= 5 && words[0].length() == 40) {
        objects.add(new Placed(Long.parseLong(words[4]), words[0]));
      }
    }
    return objects;
  }

  private void settle() throws IOException {
    GitRepository.setModified(large, NOW.minus(Duration.ofDays(1)));
    repository.git("multi-pack-index", "write");

    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      ledger.observe(
          directory.listPacks().packs(),
          index.countOwners(),
          Set.of(),
          NOW.minus(Duration.ofHours(2)));
    }
  }

  private long expire(Instant now) throws IOException, StepFailure {
    CyclePlan plan =
        CyclePlanner.plan(
            Snapshots.take(
                directory,
                directory.listPacks().packs(),
                directory.indexFile(),
                ledger,
                Census.NOBODY,
                SafetyWindow.withoutLeases(),
                now),
            TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO),
            false);
    assertThat(plan.deletions()).isNotEmpty();
    try (LockFile lock = directory.lock(ObjectDirectory.Lock.MAINTENANCE)) {
      Clock clock = Clock.fixed(now, ZoneOffset.UTC);
      Permission permission =
          new CyclePermission(
              directory,
              TestRegistrations.settings(true, TestRegistrations.EVERY_DAY, Duration.ZERO),
              Request.SCHEDULED,
              clock,
              lock);
      return new Expiry(
              directory,
              permission,
              ledger,
              new SafetyWindow(),
              new VerifiedIndexes().proof(directory, new Cancellation()),
              sound,
              clock,
              new Cancellation())
          .run(plan, FileStamp.find(repository.index()))
          .packs();
    }
  }

  /** As an umask of 027 leaves it. */
  @Test
  void aPackThatFewerPeopleMayReadCoversNone() throws Exception {
    settle();
    Set<PosixFilePermission> few = PosixFilePermissions.fromString("r--r-----");
    Files.setPosixFilePermissions(large, few);
    assertThat(expire(NOW)).isZero();
    assertThat(small).exists();
    Files.setPosixFilePermissions(small, few);
    assertThat(expire(NOW)).isEqualTo(1);
    assertThat(small).doesNotExist();
    repository.assertHealthy();
  }

  /** By an earlier configuration more people could read what goes. */
  @Test
  void aPackThatAsManyPeopleMayReadAsIsConfiguredCoversOthers() throws Exception {
    settle();
    repository.git("config", "core.sharedRepository", "0640");
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    Files.setPosixFilePermissions(large, PosixFilePermissions.fromString("r--r-----"));
    assertThat(expire(NOW)).isEqualTo(1);
    assertThat(small).doesNotExist();
    repository.assertHealthy();
  }

  /** As a disk does it: no time tells. */
  private static void spoil(Path file, long offset) throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) offset] ^= 4;
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, time);
  }

  private long offsetOf(Path pack, String id) throws IOException {
    return objects(pack).stream()
        .filter(object -> object.id().equals(id))
        .mapToLong(Placed::offset)
        .findFirst()
        .orElseThrow();
  }

  private void assertKept() {
    assertThatThrownBy(() -> expire(NOW))
        .isInstanceOf(CorruptFileException.class)
        .hasMessageContaining(large.toString())
        .hasMessageContaining("keeping " + small);
    assertThat(repository.packFiles()).contains(small);
    assertThat(repository.files(".idx")).hasSize(repository.packFiles().size());
    // Without the damaged pack everything that was to be deleted can be read.
    for (String id : few) {
      assertThat(repository.gitStatus("-c", "core.multiPackIndex=false", "cat-file", "-e", id))
          .isZero();
    }
  }

  @Test
  void whatIsCoveredBySoundEntriesGoes() throws Exception {
    settle();
    assertThat(expire(NOW)).isEqualTo(1);
    repository.assertHealthy();
  }

  @Test
  void whatIsCoveredByADamagedEntryStays() throws Exception {
    long offset = offsetOf(large, few.get(2));
    settle();
    spoil(large, offset + 5);
    assertKept();
  }

  @Test
  void entriesThatNothingReliesOnAreNotRead() throws Exception {
    List<Placed> objects = objects(large);
    settle();
    spoil(large, objects.getLast().offset() + 5);
    assertThat(expire(NOW)).isEqualTo(1);
  }

  @Test
  void aPackThatMuchReliesOnIsReadInFull() throws Exception {
    List<Placed> objects = objects(large);
    small = pack(objects.subList(0, objects.size() / 2).stream().map(Placed::id).toList());
    few = List.of(objects.getFirst().id());
    settle();
    spoil(large, objects.getLast().offset() + 5);
    assertThatThrownBy(() -> expire(NOW))
        .isInstanceOf(CorruptFileException.class)
        .hasMessageContaining(large.toString());
    assertThat(repository.packFiles()).contains(small);
  }

  @Test
  void anIndexWithoutChecksumsIsNoReasonToBelieveIt() throws Exception {
    Path index = Path.of(large.toString().replace(".pack", ".idx"));
    Path other = temporary.resolve("other.idx");
    repository.git("index-pack", "--index-version=1", "-o", other.toString(), large.toString());
    Files.move(other, index, StandardCopyOption.REPLACE_EXISTING);
    long offset = offsetOf(large, few.get(1));
    settle();
    spoil(large, offset + 5);
    assertKept();
  }

  @Test
  void aPackIsReadAgainWhenItsReadingHasGrownOldOrItWasTouched() throws Exception {
    settle();
    var pack =
        directory.listPacks().packs().stream()
            .filter(stored -> stored.data().path().equals(large))
            .findFirst()
            .orElseThrow();
    assertThat(sound.candidate(pack, NOW).known()).isFalse();
    sound.candidate(pack, NOW).found();
    assertThat(sound.candidate(pack, NOW.plusSeconds(1)).known()).isTrue();
    assertThat(sound.candidate(pack, NOW.plus(SoundPacks.REMEMBERED)).known()).isFalse();
    assertThat(sound.candidate(pack, NOW.minusSeconds(1)).known()).isFalse();
    spoil(large, Files.size(large) / 2);
    assertThat(sound.candidate(pack, NOW).known()).isFalse();
  }
}
