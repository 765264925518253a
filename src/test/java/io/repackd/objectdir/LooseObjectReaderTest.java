package io.repackd.objectdir;

import static io.repackd.LooseFiles.bytes;
import static io.repackd.LooseFiles.deflate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.platform.Cancellation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LooseObjectReaderTest {
  private static final Map<Integer, String> TYPES =
      Map.of(1, "commit", 2, "tree", 3, "blob", 4, "tag");

  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.withWorktree(
        directory.resolve("r"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  private static ObjectDirectory open(GitRepository repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  /** Takes an object as a loose file has it, but for the compression. */
  private static final class Whole implements LooseObjectReader.StreamSink {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    final ByteArrayOutputStream stream = new ByteArrayOutputStream();
    boolean streamed;

    @Override
    public void begin(int type, long length) {
      bytes.writeBytes(bytes(TYPES.get(type) + " " + length + "\0"));
    }

    @Override
    public void beginStream(int type, long length) {
      begin(type, length);
      streamed = true;
    }

    @Override
    public void write(byte[] content, int from, int length) {
      (streamed ? stream : bytes).write(content, from, length);
    }

    byte[] object() throws IOException {
      if (streamed) {
        Inflater inflater = new Inflater();
        try (InflaterInputStream in =
            new InflaterInputStream(
                new ByteArrayInputStream(stream.toByteArray()), inflater, 1 << 20)) {
          bytes.writeBytes(in.readAllBytes());
          assertThat(inflater.getBytesRead()).isEqualTo(stream.size());
        } finally {
          inflater.end();
        }
      }
      return bytes.toByteArray();
    }
  }

  private static Map<String, byte[]> readAll(GitRepository repository) throws IOException {
    ObjectDirectory opened = open(repository);
    Map<String, byte[]> found = new HashMap<>();
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, Integer.MAX_VALUE);
      for (long i = 0; i < table.count(); i++) {
        Whole whole = new Whole();
        reader.read(table, i, whole);
        reader.check(table, i);
        Whole copied = new Whole();
        reader.copy(table, i, -1, copied);
        assertThat(copied.object()).isEqualTo(whole.object());
        assertThat(copied.streamed).isTrue();
        found.put(table.idHex(i), whole.object());
      }
    }
    return found;
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void readsWhatGitWrote(HashAlgorithm hash) throws Exception {
    GitRepository repository = repository(hash);
    byte[] noise = new byte[3_000_000];
    new Random(7).nextBytes(noise);
    Files.write(repository.path().resolve("noise"), noise);
    Files.write(repository.path().resolve("zeros"), new byte[5_000_000]);
    Files.createFile(repository.path().resolve("nothing"));
    repository.git("add", ".");
    repository.git("commit", "-q", "-m", "all");
    repository.git("tag", "-a", "-m", "a tag", "v1");
    repository.gitWithInput("", "mktree");

    Map<String, byte[]> found = readAll(repository);

    assertThat(found.keySet()).hasSize(7).hasSameElementsAs(LooseFiles.ids(repository));
    found.forEach((id, whole) -> assertThat(LooseFiles.id(hash, whole)).isEqualTo(id));
  }

  /** Where the memory for content ends, everything has to be right to the byte. */
  @Test
  void readsContentsOfEveryLengthAroundTheSizeOfItsMemory() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    for (int length = (1 << 17) - 16; length <= (1 << 17) + 2; length++) {
      byte[] whole = Arrays.copyOf(bytes("blob " + length + "\0"), length + 12);
      LooseFiles.write(repository, LooseFiles.id(HashAlgorithm.SHA1, whole), deflate(whole));
    }

    readAll(repository)
        .forEach((id, whole) -> assertThat(LooseFiles.id(HashAlgorithm.SHA1, whole)).isEqualTo(id));
  }

  /** What lies around the size of the memory for compressed bytes is read once or twice. */
  @Test
  void copiesStreamsOfEveryLengthAroundTheSizeOfItsMemory() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    Random random = new Random(3);
    for (int length = (1 << 16) - 60; length <= (1 << 16) + 10; length++) {
      byte[] content = new byte[length];
      random.nextBytes(content); // stored as it is, and so some bytes longer
      byte[] whole = join(bytes("blob " + length + "\0"), content);
      LooseFiles.write(repository, LooseFiles.id(HashAlgorithm.SHA1, whole), deflate(whole));
    }

    readAll(repository)
        .forEach((id, whole) -> assertThat(LooseFiles.id(HashAlgorithm.SHA1, whole)).isEqualTo(id));
  }

  /** Git compresses with the level that is set, or else in haste. */
  @ParameterizedTest
  @CsvSource({
    "-1, -1, true", "-1, 1, true", "-1, 2, false", "-1, 6, false", "-1, 0, false", "0, -1, true",
    "1, 9, false", "4, 3, true", "5, 6, false", "6, 5, true", "6, 6, true", "6, 7, false",
    "9, 9, true", "9, 1, true", "9, 0, false"
  })
  void copiesWhatIsCompressedWellEnough(int looseLevel, int level, boolean copied)
      throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    if (looseLevel >= 0) {
      repository.git("config", "core.looseCompression", "" + looseLevel);
    }
    repository.gitWithInput("a line\nand another line\n", "hash-object", "-w", "--stdin");
    ObjectDirectory opened = open(repository);
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, 10);
      Whole whole = new Whole();
      reader.copy(table, 0, level, whole);
      assertThat(whole.streamed).isEqualTo(copied);
      assertThat(whole.object()).isEqualTo(bytes("blob 24\0a line\nand another line\n"));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 100_000, 299_999})
  void aFileThatChangesBetweenTheTwoTimesThatItIsReadIsFoundOut(long length) throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] noise = new byte[300_000];
    new Random(4).nextBytes(noise);
    byte[] whole = join(bytes("blob 300000\0"), noise);
    Path path =
        LooseFiles.write(repository, LooseFiles.id(HashAlgorithm.SHA1, whole), deflate(whole));
    ObjectDirectory opened = open(repository);
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, 10);
      LooseObjectReader.StreamSink changing =
          new LooseObjectReader.StreamSink() {
            @Override
            public void beginStream(int type, long bytes) throws IOException {
              try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                if (length > 1) {
                  channel.truncate(length);
                } else {
                  channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 200_000 * length);
                }
              }
            }

            @Override
            public void begin(int type, long bytes) {
              throw new AssertionError("it can be copied");
            }

            @Override
            public void write(byte[] content, int from, int length) {}
          };
      assertThatThrownBy(() -> reader.copy(table, 0, -1, changing))
          .isInstanceOf(BadLooseObjectException.class)
          .hasMessageContaining(path.toRealPath() + ": it was changed while it was read");
    }
  }

  private static byte[] withDictionary(byte[] bytes) {
    Deflater deflater = new Deflater();
    deflater.setDictionary(bytes("blob"));
    deflater.setInput(bytes);
    deflater.finish();
    byte[] out = new byte[100];
    int length = deflater.deflate(out);
    deflater.end();
    return Arrays.copyOf(out, length);
  }

  static Stream<Arguments> badFiles() {
    byte[] good = deflate(bytes("blob 5\0hello"));
    byte[] longer = Arrays.copyOf(good, good.length + 1);
    byte[] flipped = good.clone();
    flipped[good.length - 1] ^= 1;
    byte[] bomb = Arrays.copyOf(bytes("blob 100\0"), 64 << 20);
    byte[] shortened = Arrays.copyOf(bytes("blob 99999999\0"), 1 << 20);
    return Stream.of(
        Arguments.of("empty", new byte[0], "it is empty"),
        Arguments.of("cut", Arrays.copyOf(good, good.length - 3), "do not end"),
        Arguments.of("cut after a byte", Arrays.copyOf(good, 1), "do not end"),
        Arguments.of("text", bytes("hello, this is no zlib stream"), "are damaged"),
        Arguments.of("zeros", new byte[4096], "are damaged"),
        Arguments.of("bit flipped", flipped, "are damaged"),
        Arguments.of("needs a dictionary", withDictionary(bytes("blob 5\0hello")), "dictionary"),
        Arguments.of("trailing byte", longer, "something follows"),
        Arguments.of("two streams", join(good, good), "something follows"),
        Arguments.of("another object", deflate(bytes("blob 5\0hallo")), "its content has the id"),
        Arguments.of("another type", deflate(bytes("tag 5\0hello")), "its content has the id"),
        Arguments.of("unknown type", deflate(bytes("blub 5\0hello")), "neither a commit nor"),
        Arguments.of("beginning of a type", deflate(bytes("blo 5\0hello")), "neither a commit"),
        Arguments.of("no type", deflate(bytes(" 5\0hello")), "neither a commit nor"),
        Arguments.of("no blank", deflate(bytes("blob5\0hello")), "a type and a length"),
        Arguments.of("no zero byte", deflate(bytes("blob 5 hello")), "a type and a length"),
        Arguments.of(
            "zero byte too late", deflate(bytes("blob 5" + " ".repeat(40) + "\0")), "a type"),
        Arguments.of("empty stream", deflate(new byte[0]), "a type and a length"),
        Arguments.of("no length", deflate(bytes("blob \0hello")), "is no number"),
        Arguments.of("two blanks", deflate(bytes("blob  5\0hello")), "is no number"),
        Arguments.of("leading zero", deflate(bytes("blob 05\0hello")), "is no number"),
        Arguments.of("sign", deflate(bytes("blob +5\0hello")), "is no number"),
        Arguments.of("too large", deflate(bytes("blob 9223372036854775808\0hello")), "no number"),
        Arguments.of("too short", deflate(bytes("blob 6\0hello")), "it has 5 bytes, and says"),
        Arguments.of("too long", deflate(bytes("blob 4\0hello")), "more bytes than the 4"),
        Arguments.of(
            "huge claim", deflate(bytes("blob 9223372036854775807\0hello")), "has 5 bytes"),
        Arguments.of(
            "longer than memory, and short", deflate(shortened), "and says that it has 99999999"),
        Arguments.of("bomb", deflate(bomb), "more bytes than the 100"));
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badFiles")
  void saysWhatIsWrongWithAFileAndGivesNothingAway(String name, byte[] file, String fault)
      throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    String id = LooseFiles.id(HashAlgorithm.SHA1, bytes("blob 5\0hello"));
    Path path = LooseFiles.write(repository, id, file);
    assertBad(repository, path, fault);
    assertThat(repository.gitStatus("fsck", "--full")).isNotZero();
  }

  private static void assertBad(GitRepository repository, Path path, String fault)
      throws IOException {
    ObjectDirectory opened = open(repository);
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, 10);
      Whole whole = new Whole();
      assertThatThrownBy(() -> reader.read(table, 0, whole))
          .isInstanceOf(BadLooseObjectException.class)
          .hasMessageContaining(path.toRealPath() + ": ")
          .hasMessageContaining(fault);
      assertThatThrownBy(() -> reader.check(table, 0))
          .isInstanceOf(BadLooseObjectException.class)
          .hasMessageContaining(fault);
      assertThatThrownBy(() -> reader.copy(table, 0, -1, whole))
          .isInstanceOf(BadLooseObjectException.class)
          .hasMessageContaining(path.toRealPath() + ": ")
          .hasMessageContaining(fault);
      assertThat(whole.bytes.size() + whole.stream.size()).isZero();
    }
  }

  @Test
  void aBadObjectDoesNotSpoilTheNextOne() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    ObjectDirectory opened = open(repository);
    repository.gitWithInput("good", "hash-object", "-w", "--stdin");
    LooseFiles.write(repository, "00".repeat(20), bytes("bad"));
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, 10);
      assertThatThrownBy(() -> reader.check(table, 0)).hasMessageContaining("damaged");
      Whole whole = new Whole();
      reader.read(table, 1, whole);
      assertThat(whole.object()).isEqualTo(bytes("blob 4\0good"));
    }
  }

  /** Whoever opened a pipe would wait for a writer for ever. */
  @Test
  void whatHasBecomeAPipeOrHasGoneMeanwhileIsNotWaitedFor() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    ObjectDirectory opened = open(repository);
    String id = repository.gitWithInput("good", "hash-object", "-w", "--stdin").strip();
    Path path = LooseFiles.path(repository, id);
    try (LooseTable table = new LooseTable(opened.path(), opened.hash());
        LooseObjectReader reader = new LooseObjectReader(opened.hash(), new Cancellation())) {
      new LooseWalk(opened, new Cancellation()).next(table, 10);
      Files.delete(path);
      assertThatThrownBy(() -> reader.check(table, 0)).isInstanceOf(NoSuchFileException.class);
      assertThat(new ProcessBuilder(List.of("mkfifo", path.toString())).start().waitFor()).isZero();
      assertThatThrownBy(() -> reader.check(table, 0))
          .isInstanceOf(BadLooseObjectException.class)
          .hasMessageContaining("not a regular file");
    }
  }
}
