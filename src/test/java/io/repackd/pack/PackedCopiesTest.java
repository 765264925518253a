package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedCopiesTest {
  @TempDir Path directory;

  private GitRepository repository(String hash) {
    GitRepository repository =
        GitRepository.bare(directory.resolve("r.git"), "-b", "main", "--object-format=" + hash);
    repository.commits(60, new Random(5));
    // One thread, so that the pack is the same each time.
    repository.git("-c", "pack.threads=1", "repack", "-adfq", "--depth=50");
    return repository;
  }

  private static Path indexOf(Path pack) {
    return Path.of(pack.toString().replaceFirst("pack$", "idx"));
  }

  /** Which objects, by position, cannot be relied upon. */
  private static List<Long> faults(Path pack, HashAlgorithm hash, long wanted) throws Exception {
    List<Long> faults = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      PackFile file = PackFile.open(pack, indexOf(pack), hash, arena);
      try (PackedCopies copies = new PackedCopies(file, wanted, new Cancellation())) {
        for (long i = 0; i < file.index().count(); i++) {
          try {
            copies.check(i);
          } catch (CorruptFileException e) {
            assertThat(e).hasMessageContaining(pack.toString());
            faults.add(i);
          }
        }
      }
    }
    return faults;
  }

  @ParameterizedTest
  @CsvSource({"sha1, SHA1, 2", "sha1, SHA1, 1", "sha256, SHA256, 2"})
  void everyObjectOfASoundPackCanBeReliedUpon(String name, HashAlgorithm hash, int version)
      throws Exception {
    GitRepository repository = repository(name);
    Path pack = repository.packFiles().getFirst();
    repository.git("index-pack", "--index-version=" + version, pack.toString());

    assertThat(faults(pack, hash, Long.MAX_VALUE)).isEmpty();
    assertThat(faults(pack, hash, -1)).isEmpty(); // by content, as with a few of many
  }

  /** A damaged entry takes along all that build upon it, and nothing else: both ways to look see the same. */
  @Test
  void aDamagedEntryAndWhatBuildsUponItCannot() throws Exception {
    GitRepository repository = repository("sha1");
    Path pack = repository.packFiles().getFirst();
    pack.toFile().setWritable(true);
    byte[] sound = Files.readAllBytes(pack);
    Random random = new Random(9);
    int several = 0;
    for (int round = 0; round < 20; round++) {
      byte[] damaged = sound.clone();
      damaged[12 + random.nextInt(sound.length - 32)] ^= 0x10;
      Files.write(pack, damaged);
      List<Long> byChecksum = faults(pack, HashAlgorithm.SHA1, Long.MAX_VALUE);
      assertThat(byChecksum).as("round %d", round).isNotEmpty();
      assertThat(faults(pack, HashAlgorithm.SHA1, -1)).isSubsetOf(byChecksum);
      several += byChecksum.size() > 1 ? 1 : 0;
    }
    assertThat(several).isPositive();
  }

  @Test
  void anIndexWithoutChecksumsIsNotBelieved() throws Exception {
    GitRepository repository = repository("sha1");
    Path pack = repository.packFiles().getFirst();
    repository.git("index-pack", "--index-version=1", pack.toString());
    byte[] index = Files.readAllBytes(indexOf(pack));
    index[4 * 256 + 4 + 19] ^= 1; // the last byte of the first id
    indexOf(pack).toFile().setWritable(true);
    Files.write(indexOf(pack), index);

    assertThat(faults(pack, HashAlgorithm.SHA1, Long.MAX_VALUE)).containsExactly(0L);
  }

  @Test
  void aCircleOfDeltasIsNoChain() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    byte[] base = "a text of which another one is made".getBytes(StandardCharsets.UTF_8);
    byte[] target = "a text of which another one was made".getBytes(StandardCharsets.UTF_8);
    Path pack =
        TestPack.write(
            repository,
            TestPack.whole(3, base),
            TestPack.refDelta(TestPack.blobId(base), base, target));
    try (Arena arena = Arena.ofConfined()) {
      PackFile file = PackFile.open(pack, indexOf(pack), HashAlgorithm.SHA1, arena);
      byte[] content = Files.readAllBytes(pack);
      byte[] id = TestPack.blobId(base);
      int at =
          new String(content, StandardCharsets.ISO_8859_1)
              .indexOf(new String(id, StandardCharsets.ISO_8859_1));
      assertThat(at).isPositive();
      System.arraycopy(TestPack.blobId(target), 0, content, at, id.length);
      byte[] index = Files.readAllBytes(indexOf(pack));
      pack.toFile().setWritable(true);
      Files.write(pack, content);
      long position = file.index().find(MemorySegment.ofArray(TestPack.blobId(target)), 0);
      long end = content.length - 20;
      CRC32 crc = new CRC32();
      crc.update(content, at - 1, (int) end - at + 1);
      ByteBuffer.wrap(index).putInt(8 + 1024 + 2 * 20 + 4 * (int) position, (int) crc.getValue());
      indexOf(pack).toFile().setWritable(true);
      Files.write(indexOf(pack), index);
      try (PackedCopies copies = new PackedCopies(file, Long.MAX_VALUE, new Cancellation())) {
        assertThatThrownBy(() -> copies.check(position)).hasMessageContaining("delta chain");
      }
    }
  }
}
