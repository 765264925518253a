package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compared with what {@code git verify-pack} says; with one number for each entry, and with two. */
class OffsetOrderTest {
  /** Of version 2, before the ids. */
  private static final int TABLES = 8 + 1024;

  @TempDir Path directory;

  /** So few are sorted as an array, and so many by digits. */
  private Path pack(int objects) {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    StringBuilder stream = new StringBuilder();
    Random random = new Random(objects);
    for (int i = 0; i < objects; i++) {
      String content = "%d %x".formatted(i, random.nextLong());
      stream.append("blob\ndata ").append(content.length()).append('\n').append(content);
      stream.append('\n');
    }
    repository.gitWithInput(
        stream.toString(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet");
    return repository.packFiles().getFirst();
  }

  private static Path indexOf(Path pack) {
    return Path.of(pack.toString().replaceFirst("pack$", "idx"));
  }

  private static PackFile open(Path pack, Arena arena) throws IOException {
    return PackFile.open(pack, indexOf(pack), HashAlgorithm.SHA1, arena);
  }

  private record Entry(String id, long offset) {}

  @ParameterizedTest
  @CsvSource({"300, 63", "300, 20", "20000, 63", "20000, 20"})
  void isThatOfThePack(int objects, int numberBits) throws Exception {
    Path pack = pack(objects);
    GitRepository repository = GitRepository.at(directory.resolve("r.git"));
    List<Entry> expected = new ArrayList<>();
    for (String line : repository.git("verify-pack", "-v", pack.toString()).lines().toList()) {
      if (line.matches("[0-9a-f]{40} .*")) {
        String[] words = line.split(" +");
        expected.add(new Entry(words[0], Long.parseLong(words[4])));
      }
    }
    assertThat(expected).hasSize(objects);
    try (Arena arena = Arena.ofConfined()) {
      PackFile file = open(pack, arena);
      OffsetOrder order = new OffsetOrder(file, arena, numberBits);
      assertThat(order.count()).isEqualTo(objects);
      List<Entry> found = new ArrayList<>();
      for (long i = 0; i < order.count(); i++) {
        found.add(new Entry(file.index().idHex(order.position(i)), order.offset(i)));
        assertThat(order.entryEnd(i))
            .isEqualTo(i + 1 < order.count() ? order.offset(i + 1) : Files.size(pack) - 20);
        assertThat(order.find(order.offset(i))).isEqualTo(i);
        assertThat(order.find(order.offset(i) + 1)).isNegative();
      }
      assertThat(found).isEqualTo(expected);
      assertThat(order.find(0)).isNegative();
      assertThat(order.find(Files.size(pack))).isNegative();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "300, 63, 0",
    "300, 20, 0",
    "20000, 63, 0",
    "20000, 20, 0",
    "20000, 63, 12",
    "20000, 20, 12",
    "300, 63, 2147483647",
    "20000, 63, 2147483647",
    "20000, 20, 2147483647"
  })
  void anEntryThatCannotBeThereIsNamed(int objects, int numberBits, int offset) throws Exception {
    Path pack = pack(objects);
    Path index = indexOf(pack);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(index));
    int offsets = TABLES + objects * 24;
    int wrong = objects / 2;
    // Two at one place: the one that really is the first, and this.
    if (bytes.getInt(offsets + wrong * 4) == offset) {
      wrong++;
    }
    bytes.putInt(offsets + wrong * 4, offset);
    Files.delete(index);
    Files.write(index, bytes.array());
    try (Arena arena = Arena.ofConfined()) {
      PackFile file = open(pack, arena);
      assertThatThrownBy(() -> new OffsetOrder(file, arena, numberBits))
          .isInstanceOf(CorruptFileException.class)
          .hasMessageContaining("is said to begin at %d of %s".formatted(offset, pack))
          .hasMessageContaining(index.toString());
    }
  }
}
