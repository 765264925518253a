package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody cuts an index off while it is mapped, so that its pages cannot be read any more. If this goes wrong, there is no failed
 * test but no virtual machine.
 */
class CutOffMappingTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  /** So often, and what is called gets compiled. */
  private static final int OFTEN = 5_000;

  private final Cancellation never = new Cancellation();
  private final Arena arena = Arena.ofShared();

  @TempDir Path directory;

  private IndexedRepository repository;
  private MultiPackIndex index;
  private ListedPack pack;

  @BeforeEach
  void mappedIndexes() throws IOException {
    repository = IndexedRepository.create(directory.resolve("r.git"), HASH);
    repository.install(repository.withEverything().bytes());
    index = MultiPackIndex.open(repository.index(), HASH, arena);
    pack = ListedPack.of(open(ListedPackEditor.of(repository, true).index()));
  }

  @AfterEach
  void unmap() {
    arena.close();
  }

  private PackIndex open(Path path) throws IOException {
    return PackIndex.open(path, HASH, arena);
  }

  private static void cutOff(Path file) throws IOException {
    file.toFile().setWritable(true);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
  }

  private static void assertFailsCleanly(ThrowingCallable reading) {
    assertThatThrownBy(reading).isInstanceOf(InternalError.class);
  }

  private List<Fault> check() throws IOException {
    ListedPack[] packs = new ListedPack[index.packNames().size()];
    packs[index.packNames().indexOf(pack.index().path().getFileName().toString())] = pack;
    Faults faults = new Faults(index.path());
    try (Arena scratch = Arena.ofConfined()) {
      for (IdRange range : IdRange.divide(List.of(index), PortionCheck.MAX_OBJECTS)) {
        PortionCheck.Room room = new PortionCheck.Room(index, range.count(index), scratch);
        new PortionCheck(index, range, room, faults, never).run(packs);
      }
    }
    return faults.sorted();
  }

  @Test
  void aMultiPackIndexThatIsCutOffCannotBeRead() throws Exception {
    cutOff(repository.index());

    assertFailsCleanly(() -> index.checksumMatches(never));
    assertFailsCleanly(() -> index.countOwners());
    assertFailsCleanly(() -> index.packOf(3));
    assertFailsCleanly(() -> index.packOffset(3));
    assertFailsCleanly(() -> index.idHex(3));
    assertFailsCleanly(() -> index.find(pack.index().ids(), pack.index().idOffset(3)));
    assertFailsCleanly(() -> BitmapOrder.check(index, never));
    assertFailsCleanly(this::check);
    assertFailsCleanly(
        () -> OwnerSearch.search(index, List.of(pack.index()), (_, _, _) -> {}, never));
  }

  @Test
  void aPackIndexThatIsCutOffCannotBeRead() throws Exception {
    PackIndex ids = pack.index();
    cutOff(ids.path());

    assertFailsCleanly(() -> PackVerification.verify(ids, never));
    assertFailsCleanly(() -> pack.damage(never));
    assertFailsCleanly(() -> ids.packOffset(3));
    assertFailsCleanly(() -> ids.crc32(3));
    assertFailsCleanly(() -> ids.idHex(3));
    assertFailsCleanly(() -> ids.find(index.ids(), index.idOffset(3)));
    assertFailsCleanly(this::check);
    assertFailsCleanly(
        () -> OwnerSearch.search(index, List.of(pack.index()), (_, _, _) -> {}, never));
  }

  @Test
  void norByCodeThatHasBeenCompiled() throws Exception {
    for (int i = 0; i < OFTEN; i++) {
      assertThat(index.checksumMatches(never)).isTrue();
      assertThat(check()).isEmpty();
      PackVerification.verify(pack.index(), never);
    }
    cutOff(repository.index());
    cutOff(pack.index().path());

    assertFailsCleanly(() -> index.checksumMatches(never));
    assertFailsCleanly(this::check);
    assertFailsCleanly(() -> PackVerification.verify(pack.index(), never));
  }

  /** Writes an index of some packs, upon the installed one or not. */
  private void write(Optional<MultiPackIndex> installed, List<PackIndex> packs) throws IOException {
    Path output = directory.resolve("written");
    Files.deleteIfExists(output);
    try (FileChannel channel =
        FileChannel.open(
            output,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      List<IndexedPack> added =
          packs.stream()
              .map(opened -> new IndexedPack(opened.path().getFileName().toString(), opened, 1))
              .toList();
      new MultiPackIndexWriter(HASH, never).write(channel, installed, Set.of(), added);
    }
  }

  @Test
  void noIndexIsWrittenFromPackIndexesThatAreCutOff() throws Exception {
    List<PackIndex> packs = new ArrayList<>();
    for (Path path : repository.repository().files(".idx")) {
      packs.add(open(path));
    }
    write(Optional.empty(), packs);
    cutOff(packs.getLast().path());
    assertFailsCleanly(() -> write(Optional.empty(), packs));
    cutOff(packs.getFirst().path());
    assertFailsCleanly(() -> write(Optional.empty(), packs));
  }

  @Test
  void norUponAnInstalledIndexThatIsCutOff() throws Exception {
    cutOff(repository.index());

    assertFailsCleanly(() -> write(Optional.of(index), List.of()));
  }

  /** When exactly is chance. There are faults, or the file is too short to be read, or it was read before. */
  @Test
  void filesMayBeCutOffAtAnyTimeDuringVerification() throws Exception {
    long seed = 20261125;
    Random random = new Random(seed);
    List<Path> files = new ArrayList<>(repository.repository().files(".idx"));
    files.addAll(repository.repository().files(".pack"));
    files.add(repository.index());
    for (int trial = 0; trial < 100; trial++) {
      Path file = files.get(random.nextInt(files.size()));
      byte[] before = Files.readAllBytes(file);
      CountDownLatch begun = new CountDownLatch(1);
      int delay = random.nextInt(2_000);
      Thread cutter =
          Thread.ofPlatform()
              .start(() -> {
                begun.countDown();
                for (int i = 0; i < delay; i++) {
                  Thread.onSpinWait();
                }
                try {
                  cutOff(file);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      begun.await();
      try {
        MultiPackIndexVerifier.verify(repository.index(), HASH, Level.PACKS, never);
      } catch (InternalError | IOException e) {
        // A clean failure: the step ends, and the virtual machine goes on.
      } catch (RuntimeException e) {
        throw new AssertionError("seed %d, trial %d".formatted(seed, trial), e);
      }
      cutter.join();
      assertThat(Files.size(file)).isZero();
      Files.delete(file);
      Files.write(file, before);
    }
  }
}
