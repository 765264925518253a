package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pack indexes which a search and a walk do not see alike. */
class OddPackIndexTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;
  private static final int HEADER_BYTES = 12;
  private static final int TRIALS = 60;

  private final long seed = 20261122;
  private final Random random = new Random(seed);

  @TempDir Path directory;

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "--template=", "-b", "main");
  }

  /** Git has the index of such a pack list both copies, finds one of them, and misses the other. */
  @Test
  void aPackMayHoldAnObjectTwice() throws Exception {
    GitRepository repository = repository();
    String id = repository.gitWithInput("twice\n", "hash-object", "-w", "--stdin").strip();
    Path once = directory.resolve("once");
    repository.gitWithInput(id + "\n", "pack-objects", "-q", once.toString());
    int entryBytes = writeTwice(repository, readOnly(once));
    repository.git("multi-pack-index", "write");

    byte[] index = Files.readAllBytes(repository.index());
    for (int offset : new int[] {HEADER_BYTES, HEADER_BYTES + entryBytes}) {
      IndexedRepository listed = IndexedRepository.of(repository, HASH);
      MultiPackIndexEditor file = new MultiPackIndexEditor(index, HASH);
      file.edit(ChunkTable.OFFSETS, chunk -> chunk.putInt(Integer.BYTES, offset));
      listed.install(file.bytes());

      VerifyComparison.assertDeviation(listed, GitDeviation.OBJECT_TWICE, 1, 0);
      assertThat(
              MultiPackIndexVerifier.verify(listed.index(), HASH, Level.PACKS, new Cancellation()))
          .isEmpty();
    }
  }

  private static byte[] readOnly(Path stem) throws IOException {
    try (var files = Files.list(stem.getParent())) {
      return Files.readAllBytes(
          files.filter(file -> file.toString().endsWith(".pack")).findFirst().orElseThrow());
    }
  }

  /** Writes a pack that has the only entry of another twice. */
  private static int writeTwice(GitRepository repository, byte[] once) throws IOException {
    int entryBytes = once.length - HEADER_BYTES - HASH.length();
    ByteBuffer twice = ByteBuffer.allocate(once.length + entryBytes);
    twice.put(once, 0, 8).putInt(2);
    twice.put(once, HEADER_BYTES, entryBytes).put(once, HEADER_BYTES, entryBytes);
    byte[] bytes = MultiPackIndexEditor.seal(twice.array(), HASH);
    String trailer = HexFormat.of().formatHex(bytes, bytes.length - HASH.length(), bytes.length);
    Path pack = repository.packs().resolve("pack-%s.pack".formatted(trailer));
    Files.write(pack, bytes);
    repository.git("index-pack", pack.toString());
    return entryBytes;
  }

  /**
   * Two packs have the same objects, and share them at random. In the index of one, two entries that begin with the same byte
   * change places. Whether git finds what it looks for then is chance.
   */
  @Test
  void whereGitMissesAnObjectInADisorderedIndexWeFindTheDisorder() throws Exception {
    GitRepository repository = repository().commits(200, random);
    String ids = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    repository.gitWithInput(
        ids, "pack-objects", "-q", "--window=0", repository.packs().resolve("pack").toString());
    repository.git("multi-pack-index", "write");
    shareObjects(repository);
    IndexedRepository shared = IndexedRepository.of(repository, HASH);
    VerifyComparison.assertAgreed(shared, 0);
    Path index = repository.files(".idx").getFirst();
    byte[] sound = Files.readAllBytes(index);

    int foundByGit = 0;
    int foundByUs = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
      Files.delete(index);
      Files.write(index, exchangeTwo(sound.clone()));
      int git = VerifyComparison.git(shared);
      VerifyComparison.Verdict ours = VerifyComparison.Verdict.of(shared);
      assertThat(ours.status())
          .as("seed %d, trial %d, git %d: %s", seed, trial, git, ours.message())
          .isGreaterThanOrEqualTo(git);
      foundByGit += git;
      foundByUs += ours.status();
    }
    assertThat(foundByGit).as("seed %d", seed).isBetween(1, foundByUs);
  }

  /** Gives each object to one pack or the other, by chance. */
  private void shareObjects(GitRepository repository) throws IOException {
    byte[] bytes = Files.readAllBytes(repository.index());
    MultiPackIndexEditor file = new MultiPackIndexEditor(bytes, HASH);
    ByteBuffer owners = file.chunk(ChunkTable.OFFSETS);
    MemorySegment ids = MemorySegment.ofArray(file.chunk(ChunkTable.IDS).array());
    List<Path> indexes = repository.files(".idx");
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < file.objects(); i++) {
        int number = random.nextInt(indexes.size());
        PackIndex pack = PackIndex.open(indexes.get(number), HASH, arena);
        long offset = pack.packOffset(pack.find(ids, (long) i * HASH.length()));
        owners.putInt(i * MultiPackIndex.OWNER_BYTES, number);
        owners.putInt(i * MultiPackIndex.OWNER_BYTES + Integer.BYTES, (int) offset);
      }
    }
    Files.delete(repository.index());
    Files.write(repository.index(), file.bytes());
  }

  /** Ids, checksums and offsets change places together, so each object is still where the index says. */
  private byte[] exchangeTwo(byte[] index) {
    ByteBuffer file = ByteBuffer.wrap(index);
    int count = file.getInt(8 + 255 * Integer.BYTES);
    int idsAt = 8 + 1024;
    int left;
    int right;
    do {
      left = random.nextInt(count - 1);
      right = Math.min(count - 1, left + 1 + random.nextInt(3));
    } while (index[idsAt + left * HASH.length()] != index[idsAt + right * HASH.length()]);
    exchange(index, idsAt, HASH.length(), left, right);
    int checksumsAt = idsAt + count * HASH.length();
    exchange(index, checksumsAt, Integer.BYTES, left, right);
    exchange(index, checksumsAt + count * Integer.BYTES, Integer.BYTES, left, right);
    return MultiPackIndexEditor.seal(index, HASH);
  }

  private static void exchange(byte[] file, int at, int width, int left, int right) {
    byte[] before = Arrays.copyOfRange(file, at + left * width, at + (left + 1) * width);
    System.arraycopy(file, at + right * width, file, at + left * width, width);
    System.arraycopy(before, 0, file, at + right * width, width);
  }
}
