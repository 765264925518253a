package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reverse indexes as git writes them, whole and damaged; a pack is verified by them. */
class ReverseIndexTest {
  private static final int HEADER = 12;
  private static final int HASH = 20;

  @TempDir Path directory;

  private final Arena arena = Arena.ofShared();
  private Path packPath = Path.of("");

  @AfterEach
  void unmap() {
    arena.close();
  }

  @BeforeEach
  void aPackWithDeltas() throws IOException {
    packPath = pack("sha1");
  }

  private Path pack(String format) throws IOException {
    GitRepository repository =
        GitRepository.bare(
            directory.resolve(format + ".git"), "-b", "main", "--object-format=" + format);
    Random random = new Random(20261130);
    for (int fetch = 0; fetch < 8; fetch++) {
      repository.fetch(40, random);
    }
    repository.git("repack", "-a", "-d", "-q");
    Path pack = repository.packFiles().getFirst();
    repository.git("index-pack", "--rev-index", pack.toString());
    return pack;
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("pack$", extension));
  }

  private PackFile open(Path pack, HashAlgorithm hash) throws IOException {
    return PackFile.open(pack, beside(pack, "idx"), hash, arena);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SHA1", "SHA256"})
  void isThatOfGit(HashAlgorithm hash) throws Exception {
    Path path = hash == HashAlgorithm.SHA1 ? packPath : pack("sha256");
    PackFile pack = open(path, hash);
    ReverseIndex reverse = ReverseIndex.open(beside(path, "rev"), pack.index(), arena);
    OffsetOrder order = new OffsetOrder(pack, arena);
    assertThat(order.count()).isGreaterThan(2 * 256); // several are looked up at a time
    for (long i = 0; i < order.count(); i++) {
      assertThat(reverse.position(i)).isEqualTo(order.position(i));
    }
    PackVerification.verify(pack, reverse, new Cancellation());
    PackVerification.verifyEntries(pack, reverse, new Cancellation());
  }

  @Test
  void oneThatIsNotThereIsNamed() throws Exception {
    PackIndex index = open(packPath, HashAlgorithm.SHA1).index();
    Path missing = directory.resolve("none.rev");
    assertThatThrownBy(() -> ReverseIndex.open(missing, index, arena))
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining(missing.toString());
  }

  private Path damaged(Consumer<ByteBuffer> damage, int length) throws IOException {
    byte[] bytes = Files.readAllBytes(beside(packPath, "rev"));
    damage.accept(ByteBuffer.wrap(bytes));
    Path file = directory.resolve("damaged.rev");
    Files.write(file, Arrays.copyOf(bytes, bytes.length + length));
    return file;
  }

  static Stream<Arguments> headsAndTails() {
    return Stream.of(
        damage("is cut off", -4, _ -> {}, "has"),
        damage("has a number too many", 4, _ -> {}, "has"),
        damage("is another file", 0, file -> file.putInt(0, 0x50414b41), "magic number"),
        damage("is of another version", 0, file -> file.putInt(4, 2), "version"),
        damage("has other hashes", 0, file -> file.putInt(8, 2), "hash function"),
        damage(
            "is of another pack",
            0,
            file -> file.put(file.limit() - 2 * HASH, (byte) ~file.get(file.limit() - 2 * HASH)),
            "another pack"));
  }

  private static Arguments damage(
      String name, int length, Consumer<ByteBuffer> damage, String message) {
    return Arguments.of(name, length, damage, message);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("headsAndTails")
  void oneThatIsMalformedIsNotOpened(
      String name, int length, Consumer<ByteBuffer> damage, String message) throws Exception {
    Path file = damaged(damage, length);
    PackIndex index = open(packPath, HashAlgorithm.SHA1).index();
    assertThatThrownBy(() -> ReverseIndex.open(file, index, arena))
        .isInstanceOf(CorruptFileException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  static Stream<Arguments> tables() {
    return Stream.of(
        damage(
            "leads beyond the end",
            0,
            file -> file.putInt(at(7), Integer.MAX_VALUE),
            "object 7 is"),
        damage(
            "has two in the wrong order",
            0,
            file -> swap(file, at(0), at(1)),
            "is said to begin at 12"),
        damage("has a wrong order behind", 0, file -> swap(file, at(7), at(8)), "object 7 of"),
        damage("has one where two meet", 0, file -> swap(file, at(255), at(256)), "object 255 of"),
        damage("has one twice", 0, file -> file.putInt(at(9), file.getInt(at(8))), "object 8 of"),
        damage(
            "has the last twice",
            0,
            file -> file.putInt(last(file), file.getInt(last(file) - 4)),
            "is said to begin"));
  }

  private static int at(int place) {
    return HEADER + 4 * place;
  }

  private static int last(ByteBuffer file) {
    return file.limit() - 2 * HASH - 4;
  }

  private static void swap(ByteBuffer file, int left, int right) {
    int value = file.getInt(left);
    file.putInt(left, file.getInt(right));
    file.putInt(right, value);
  }

  /** Also where its own checksum is right. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("tables")
  void aWrongOrderIsFoundByVerification(
      String name, int length, Consumer<ByteBuffer> damage, String message) throws Exception {
    Path file = damaged(damage.andThen(ReverseIndexTest::sign), length);
    PackFile pack = open(packPath, HashAlgorithm.SHA1);
    ReverseIndex reverse = ReverseIndex.open(file, pack.index(), arena);
    assertVerificationFinds(pack, reverse, file, message);
  }

  private static final Verification[] VERIFICATIONS = {
    PackVerification::verify, PackVerification::verifyEntries
  };

  private interface Verification {
    void run(PackFile pack, ReverseIndex reverse, Cancellation cancellation) throws IOException;
  }

  private static void assertVerificationFinds(
      PackFile pack, ReverseIndex reverse, Path file, String message) {
    for (Verification verification : VERIFICATIONS) {
      assertThatThrownBy(() -> verification.run(pack, reverse, new Cancellation()))
          .isInstanceOf(CorruptFileException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining(message);
    }
  }

  private static void sign(ByteBuffer file) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(file.duplicate().limit(file.limit() - HASH));
      file.duplicate().position(file.limit() - HASH).put(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aWrongChecksumIsFoundByVerification() throws Exception {
    Path file =
        damaged(bytes -> bytes.put(bytes.limit() - 1, (byte) ~bytes.get(bytes.limit() - 1)), 0);
    PackFile pack = open(packPath, HashAlgorithm.SHA1);
    ReverseIndex reverse = ReverseIndex.open(file, pack.index(), arena);
    assertVerificationFinds(pack, reverse, file, "trailing checksum");
  }

  /** Where the reverse index is as it should be: one that leads beyond the end, back, or to what is no entry. */
  @ParameterizedTest
  @ValueSource(ints = {Integer.MAX_VALUE, 0, 12, -1, 1 << 20})
  void aWrongOffsetIsFoundByVerification(int offset) throws Exception {
    byte[] bytes = Files.readAllBytes(beside(packPath, "idx"));
    PackFile sound = open(packPath, HashAlgorithm.SHA1);
    ReverseIndex reverse = ReverseIndex.open(beside(packPath, "rev"), sound.index(), arena);
    int objects = Math.toIntExact(sound.index().count());
    int offsets = 8 + 1024 + objects * (HASH + 4);
    for (int place : new int[] {1, 100, 255, 256, 257, objects - 1}) {
      byte[] changed = bytes.clone();
      int position = Math.toIntExact(reverse.position(place));
      ByteBuffer.wrap(changed).putInt(offsets + 4 * position, offset);
      sign(ByteBuffer.wrap(changed));
      Path file = directory.resolve("changed-%d.idx".formatted(place));
      Files.write(file, changed);
      PackFile pack = PackFile.open(packPath, file, HashAlgorithm.SHA1, arena);
      ReverseIndex itsReverse = ReverseIndex.open(beside(packPath, "rev"), pack.index(), arena);
      assertVerificationFinds(pack, itsReverse, file, "");
    }
  }

  /** Every byte of the pack counts, whichever way it is read. */
  @Test
  void aDamagedEntryIsFoundByVerification() throws Exception {
    byte[] bytes = Files.readAllBytes(packPath);
    Random random = new Random(7);
    for (int round = 0; round < 50; round++) {
      byte[] changed = bytes.clone();
      int at = HEADER + random.nextInt(bytes.length - HEADER - HASH);
      changed[at] ^= (byte) (1 << random.nextInt(8));
      Path file = directory.resolve("changed-%d.pack".formatted(round));
      Files.write(file, changed);
      PackFile pack = PackFile.open(file, beside(packPath, "idx"), HashAlgorithm.SHA1, arena);
      ReverseIndex reverse = ReverseIndex.open(beside(packPath, "rev"), pack.index(), arena);
      assertThatThrownBy(() -> PackVerification.verifyEntries(pack, reverse, new Cancellation()))
          .as("byte %d", at)
          .isInstanceOf(CorruptFileException.class)
          .hasMessageContaining(file.toString());
    }
  }
}
