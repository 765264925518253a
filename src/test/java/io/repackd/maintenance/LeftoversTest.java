package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.maintenance.Leftovers.Recovered;
import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.TemporaryKeep;
import io.repackd.platform.Cancellation;
import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftoversTest {
  private static final String RANDOM_NAME = "0123456789abcdef0123456789abcdef";

  @TempDir Path directory;
  private GitRepository repository = GitRepository.at(Path.of(""));

  @BeforeEach
  void start() {
    repository =
        GitRepository.bare(directory.resolve("r.git"), "-b", "main").fetches(2, new Random(1));
  }

  private Recovered recover() throws IOException {
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    return new Leftovers(objects, new Cancellation()).recover("this-cycle");
  }

  private Path file(String name) {
    return repository.packs().resolve(name);
  }

  private String firstPack() {
    return repository.packFiles().getFirst().getFileName().toString().replace(".pack", "");
  }

  @Test
  void aPackWhoseDeletionHadBegunGetsItsIndexBack() throws Exception {
    String reachable = repository.reachable();
    Files.move(file(firstPack() + ".idx"), file("tmp_hidden_" + firstPack()));
    assertThat(recover()).isEqualTo(new Recovered(0, 1));
    assertThat(repository.reachable()).isEqualTo(reachable);
    repository.assertHealthy();
  }

  @Test
  void aPackThatIsDeletedLosesTheRestOfItsFiles() throws Exception {
    String pack = firstPack();
    Files.move(file(pack + ".idx"), file("tmp_hidden_" + pack));
    Files.delete(file(pack + ".pack"));
    Files.createFile(file(pack + ".rev"));
    Files.createFile(file(pack + ".keep"));
    assertThat(recover()).isEqualTo(new Recovered(2, 0));
    assertThat(file(pack + ".rev")).doesNotExist();
    assertThat(file(pack + ".keep")).exists();
  }

  @Test
  void aPackThatWasBeingPublishedGetsItsIndex() throws Exception {
    Files.move(file(firstPack() + ".idx"), file("tmp_idx_" + RANDOM_NAME));
    assertThat(recover()).isEqualTo(new Recovered(0, 1));
    repository.assertHealthy();
  }

  /** The pack had been given its permissions already. */
  @Test
  void theIndexOfAPackThatEverybodyMayReadIsForEverybody() throws Exception {
    String pack = firstPack();
    Path index = Files.move(file(pack + ".idx"), file("tmp_idx_" + RANDOM_NAME));
    Files.setPosixFilePermissions(index, PosixFilePermissions.fromString("rw-------"));
    assertThat(recover()).isEqualTo(new Recovered(0, 1));
    assertThat(Files.getPosixFilePermissions(file(pack + ".idx")))
        .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
  }

  @Test
  void anIndexThatDoesNotFitIsNotGivenToAPack() throws Exception {
    String pack = firstPack();
    byte[] index = Files.readAllBytes(file(pack + ".idx"));
    index[1100] ^= 1;
    Files.delete(file(pack + ".idx"));
    Files.write(file("tmp_idx_" + RANDOM_NAME), index);
    assertThat(recover()).isEqualTo(new Recovered(1, 0));
    assertThat(file(pack + ".idx")).doesNotExist();
    assertThat(file(pack + ".pack")).exists();
  }

  @Test
  void whatWasHalfWrittenGoesAndWhatIsNotOursStays() throws Exception {
    Files.createFile(file("tmp_pack_" + RANDOM_NAME));
    Files.createFile(file("tmp_midx_" + RANDOM_NAME));
    Files.createFile(file("tmp_idx_" + RANDOM_NAME));
    Files.createFile(file("tmp_deltas_" + RANDOM_NAME));
    Files.createFile(file("tmp_pack_a1B2c3"));
    Files.createFile(file("tmp_idx_XXXXXX"));
    assertThat(recover()).isEqualTo(new Recovered(4, 0));
    assertThat(file("tmp_pack_a1B2c3")).exists();
    assertThat(file("tmp_idx_XXXXXX")).exists();
  }

  @Test
  void whatAnotherProcessWritesStaysWhileItLives() throws Exception {
    Process other = new ProcessBuilder("cat").start();
    Path file = file("tmp_pack_" + token(other) + "0123456789abcdef");
    Files.createFile(file);
    try {
      assertThat(recover()).isEqualTo(new Recovered(0, 0));
      assertThat(file).exists();
    } finally {
      other.outputWriter().close();
      other.waitFor();
    }
    assertThat(recover()).isEqualTo(new Recovered(1, 0));
  }

  private static String token(Process process) throws IOException {
    String stat = Files.readString(Path.of("/proc/%d/stat".formatted(process.pid())));
    String startTicks = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[22 - 3];
    return "%08x%08x".formatted(process.pid(), (int) Long.parseLong(startTicks));
  }

  @Test
  void whatSomebodyIsDeletingIsLeftToThem() throws Exception {
    Path hidden = file("tmp_hidden_" + firstPack());
    Files.move(file(firstPack() + ".idx"), hidden);
    Path lock = Files.createFile(file("multi-pack-index.lock"));
    assertThatThrownBy(this::recover).isInstanceOf(LockedException.class);
    assertThat(hidden).exists();
    Files.delete(lock);
    assertThat(recover()).isEqualTo(new Recovered(0, 1));
  }

  @Test
  void theBeginningOfALockGoesIfItsOwnerIsDead() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp dead =
        new ProcessStamp(own.host(), own.bootId(), own.pidNamespace(), own.pid(), 1, "");
    Files.writeString(repository.objects().resolve("tmp_lock_a"), dead.render() + "\n");
    Files.writeString(file("tmp_lock_b"), dead.render() + "\n");
    Files.writeString(file("tmp_lock_c"), own.render() + "\n");
    assertThat(recover()).isEqualTo(new Recovered(2, 0));
    assertThat(file("tmp_lock_c")).exists();
  }

  @Test
  void whatThisProcessIsWritingBesideTheCycleStays() throws Exception {
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    Path written;
    try (Unpublished index = objects.publisher().create("idx")) {
      written = index.file();
      assertThat(recover()).isEqualTo(new Recovered(0, 0));
      assertThat(written).exists();
    }
    Files.createFile(written);
    assertThat(recover()).isEqualTo(new Recovered(1, 0));
  }

  @Test
  void aStaleKeepGoesAlsoIfItsPackNeverCame() throws Exception {
    ObjectDirectory objects = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    TemporaryKeep.place(objects.publisher(), firstPack(), "that-cycle");
    TemporaryKeep.place(objects.publisher(), "pack-that-never-came", "that-cycle");
    TemporaryKeep.place(objects.publisher(), "pack-under-way", "this-cycle");
    Files.writeString(file("pack-of-a-push.keep"), "receive-pack 123 on host");
    Files.createFile(file("pack-of-mine.keep"));
    assertThat(recover()).isEqualTo(new Recovered(0, 0, 2));
    assertThat(repository.files(".keep"))
        .containsExactly(
            file("pack-of-a-push.keep"), file("pack-of-mine.keep"), file("pack-under-way.keep"));
  }
}
