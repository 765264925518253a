package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the command says and does where something is wrong, and which status it ends with. */
class MultiPackIndexFaultsTest {
  private static final int HEADER_BYTES = 12;
  private static final int ENTRY_BYTES = 12;
  private static final int HASH_BYTES = 20;
  private static final int LARGE = 0x80000000;

  @TempDir Path given;

  private final Random random = new Random(20261121);
  private GitRepository repository = GitRepository.at(Path.of(""));

  @BeforeEach
  void threePacksWithAnIndex() throws Exception {
    repository =
        GitRepository.bare(given.toRealPath().resolve("r.git"), "-b", "main")
            .fetches(3, random)
            .distinctTimes();
    repository.git("multi-pack-index", "write");
  }

  /**
   * A damage to an index.
   *
   * @param expected the status of verify
   * @param asInGit whether git 2.39 has the same; later ones do
   */
  record Damage(String words, int expected, boolean asInGit, UnaryOperator<byte[]> change) {
    @Override
    public String toString() {
      return words;
    }
  }

  static Stream<Damage> damages() {
    return Stream.of(
        new Damage("too short", 1, true, index -> Arrays.copyOf(index, 20)),
        new Damage("empty", 1, true, _ -> new byte[0]),
        new Damage("no signature", 128, true, index -> set(index, 0, 'X')),
        new Damage("unknown version", 128, true, index -> set(index, 4, 3)),
        new Damage("another hash function", 1, true, index -> set(index, 5, 2)),
        new Damage("a chunk is missing", 128, true, index -> set(index, HEADER_BYTES, 'X')),
        new Damage(
            "a chunk is too short",
            128,
            false,
            index ->
                sealed(
                    putLong(
                        index, HEADER_BYTES + 2 * ENTRY_BYTES + 4, chunk(index, "OIDF") + 1020))),
        new Damage(
            "names out of order",
            128,
            true,
            index -> sealed(set(index, chunk(index, "PNAM") + "pack-".length(), 'z'))),
        new Damage(
            "checksum",
            1,
            true,
            index -> set(index, index.length - 1, index[index.length - 1] ^ 1)),
        new Damage(
            "ids out of order",
            1,
            true,
            index -> sealed(set(index, chunk(index, "OIDL") + 10 * HASH_BYTES, 0xff))),
        new Damage(
            "pack number out of range",
            128,
            true,
            index -> sealed(set(index, chunk(index, "OOFF"), 1))),
        new Damage(
            "wrong offset",
            1,
            true,
            index ->
                sealed(set(index, chunk(index, "OOFF") + 7, index[chunk(index, "OOFF") + 7] ^ 1))),
        new Damage(
            "large offset out of bounds",
            128,
            false,
            index -> {
              byte[] more = withChunk(index, "LOFF", new byte[8]);
              ByteBuffer.wrap(more).putInt(chunk(more, "OOFF") + 4, LARGE | 7);
              return sealed(more);
            }));
  }

  private static byte[] set(byte[] index, int at, int value) {
    byte[] changed = index.clone();
    changed[at] = (byte) value;
    return changed;
  }

  private static byte[] putLong(byte[] index, int at, long value) {
    byte[] changed = index.clone();
    ByteBuffer.wrap(changed).putLong(at, value);
    return changed;
  }

  /** Where a chunk begins. */
  private static int chunk(byte[] index, String id) {
    ByteBuffer bytes = ByteBuffer.wrap(index);
    for (int i = 0; i < index[6]; i++) {
      int entry = HEADER_BYTES + i * ENTRY_BYTES;
      if (id.equals(new String(index, entry, 4, StandardCharsets.US_ASCII))) {
        return (int) bytes.getLong(entry + 4);
      }
    }
    throw new AssertionError("no chunk " + id);
  }

  /** The same with one more chunk at the end. */
  private static byte[] withChunk(byte[] index, String id, byte[] content) {
    int chunks = index[6];
    int tableEnd = HEADER_BYTES + (chunks + 1) * ENTRY_BYTES;
    int end = index.length - HASH_BYTES;
    ByteBuffer before = ByteBuffer.wrap(index);
    ByteBuffer after = ByteBuffer.allocate(index.length + ENTRY_BYTES + content.length);
    after.put(index, 0, HEADER_BYTES).put(6, (byte) (chunks + 1));
    for (int i = 0; i < chunks; i++) {
      int entry = HEADER_BYTES + i * ENTRY_BYTES;
      after.putInt(before.getInt(entry)).putLong(before.getLong(entry + 4) + ENTRY_BYTES);
    }
    after.put(id.getBytes(StandardCharsets.US_ASCII)).putLong(end + ENTRY_BYTES);
    after.putInt(0).putLong(end + ENTRY_BYTES + content.length);
    after.put(index, tableEnd, end - tableEnd).put(content);
    return after.array();
  }

  /** The same with a checksum that fits. */
  private static byte[] sealed(byte[] index) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(index, 0, index.length - HASH_BYTES);
      byte[] changed = index.clone();
      System.arraycopy(digest.digest(), 0, changed, index.length - HASH_BYTES, HASH_BYTES);
      return changed;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static void damage(GitRepository damaged, Damage damage) throws Exception {
    byte[] index = Files.readAllBytes(damaged.index());
    Files.delete(damaged.index());
    Files.write(damaged.index(), damage.change().apply(index));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void verifyEndsAsGitsDoes(Damage damage) throws Exception {
    Twins twins = Twins.of(repository).with(copy -> damage(copy, damage));
    assertThat(twins.repackd("verify")).as(twins.errors()).isEqualTo(damage.expected());
    assertThat(twins.errors()).contains(twins.ours().index().toString());
    if (damage.asInGit()) {
      assertThat(twins.git("verify")).isEqualTo(damage.expected());
    }
    if (damage.expected() == 1) {
      assertThat(twins.errors()).startsWith("index-wrong (");
    }
  }

  @ParameterizedTest
  @MethodSource("damages")
  void nothingIsDeletedByADamagedIndexAndWriteMendsIt(Damage damage) throws Exception {
    repository.git("multi-pack-index", "repack");
    Twins twins = Twins.of(repository).with(copy -> damage(copy, damage));
    assertThat(twins.repackd("expire")).isEqualTo(damage.expected());
    assertThat(twins.ours().packFiles()).hasSize(4);

    boolean foreign = damage.words().equals("unknown version");
    byte[] before = Files.readAllBytes(twins.ours().index());
    assertThat(twins.repackd("write")).isEqualTo(foreign ? 128 : 0);
    if (foreign) {
      assertThat(twins.errors()).startsWith("fatal: leaving ");
      assertThat(Files.readAllBytes(twins.ours().index())).isEqualTo(before);
      return;
    }
    boolean sealed = twins.errors().isEmpty();
    if (!sealed) {
      assertThat(twins.errors()).startsWith("warning: ").contains("from the packs alone");
      twins.ours().assertHealthy();
      assertThat(twins.repackd("verify")).isZero();
    } else {
      // As with git: what has the right checksum is not read any further.
      assertThat(twins.git("write")).isZero();
      assertThat(Files.readAllBytes(twins.ours().index())).isEqualTo(before);
    }
  }

  @Test
  void aPackThatIsGoneIsToldFromWhatIsWrong() throws Exception {
    Twins twins =
        Twins.of(repository).with(copy -> GitRepository.remove(copy.packFiles().getFirst()));
    assertThat(twins.repackd("verify")).isEqualTo(1).isEqualTo(twins.git("verify"));
    assertThat(twins.errors().lines())
        .hasSize(1)
        .allMatch(
            line -> line.startsWith("pack-gone (pack-gone): ") && line.endsWith("look again"));
    assertThat(twins.repackd("verify", "--level=structure")).isZero();
    assertThat(twins.repackd("expire")).isEqualTo(0).isEqualTo(twins.git("expire"));
    assertThat(twins.repackd("write")).isZero();
    assertThat(twins.errors()).startsWith("warning: ").contains("is gone");
    assertThat(twins.repackd("verify")).isZero();
  }

  @Test
  void aPackThatOwnsNothingAndIsGoneHindersNothing() throws Exception {
    repository.git("multi-pack-index", "repack");
    String gone = Twins.unreferenced(repository).iterator().next();
    GitRepository.remove(repository.packs().resolve(gone.replace(".idx", ".pack")));
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("expire")).as(twins.errors()).isZero();
    assertThat(twins.git("expire")).as("later gits fail, with the packs gone").isIn(0, 1);
    assertThat(twins.ours().packFiles()).hasSize(1);
    assertThat(twins.gits().packFiles()).hasSize(1);
    assertThat(twins.repackd("verify")).isZero();
    assertThat(twins.git("verify")).as("git lists what is gone").isEqualTo(1);
  }

  @Test
  void onlyALookAtTheWholePackFindsADamagedObject() throws Exception {
    Path pack = repository.packFiles().getFirst();
    byte[] content = Files.readAllBytes(pack);
    content[content.length / 2] ^= 1;
    Files.delete(pack);
    Files.write(pack, content);
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("verify")).isEqualTo(0).isEqualTo(twins.git("verify"));
    assertThat(twins.repackd("verify", "--level=packs")).isEqualTo(1);
    assertThat(twins.errors()).startsWith("pack-wrong (").contains(pack.getFileName().toString());
    assertThat(twins.repackd("verify", "--level=everything")).isEqualTo(129);

    assertThat(twins.repackd("repack")).isEqualTo(1);
    assertThat(twins.errors()).startsWith("error: corrupt file ");
    assertThat(twins.ours().packFiles()).hasSize(3);
  }

  @Test
  void aPackWithAMalformedIndexIsNotListedAsWithGit() throws Exception {
    Files.delete(repository.index());
    Path index = repository.files(".idx").getFirst();
    Files.delete(index);
    Files.writeString(index, "this is no index of a pack");
    Twins twins = Twins.of(repository);
    assertThat(twins.both("write")).isZero();
    assertThat(twins.errors()).startsWith("warning: ").contains(index.getFileName().toString());
    assertThat(twins.errors().lines()).hasSize(1);
  }

  @Test
  void anIndexThatIsHeldIsLeftToWhoeverHoldsIt() throws Exception {
    repository.git("multi-pack-index", "repack");
    repository.fetches(1, random);
    Path lock = Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    byte[] before = Files.readAllBytes(repository.index());
    Twins twins = Twins.of(repository);
    for (String verb : new String[] {"write", "expire"}) {
      assertThat(twins.repackd(verb)).isEqualTo(128);
      assertThat(twins.errors()).startsWith("fatal: ").contains(lock.getFileName().toString());
      assertThat(twins.ours().packFiles()).hasSize(5);
      assertThat(Files.readAllBytes(twins.ours().index())).isEqualTo(before);
    }
    assertThat(twins.git("write")).isEqualTo(128);
    assertThat(twins.repackd("verify")).isZero();
  }

  @Test
  void aRepackThatCannotBeListedHasWrittenItsPackAsWithGit() throws Exception {
    Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("repack")).isEqualTo(128).isEqualTo(twins.git("repack"));
    assertThat(twins.ours().packFiles()).hasSize(4);
    Files.delete(twins.ours().packs().resolve("multi-pack-index.lock"));
    assertThat(twins.repackd("repack")).isZero();
    assertThat(Twins.unreferenced(twins.ours())).hasSize(3);
    twins.ours().assertHealthy();
  }

  @Test
  void aChainIsLeftAlone() throws Exception {
    Files.delete(repository.index());
    Path parts = Files.createDirectory(repository.packs().resolve("multi-pack-index.d"));
    Files.writeString(
        parts.resolve("multi-pack-index-chain"), "0123456789012345678901234567890123456789\n");
    Twins twins = Twins.of(repository);
    for (String verb : new String[] {"write", "verify", "expire", "repack"}) {
      assertThat(twins.repackd(verb)).isEqualTo(128);
      assertThat(twins.errors()).startsWith("fatal: leaving ").contains("incremental");
    }
    assertThat(twins.ours().index()).doesNotExist();
    assertThat(twins.ours().files("multi-pack-index.d")).hasSize(1);
  }
}
