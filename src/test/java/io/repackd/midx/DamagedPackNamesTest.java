package io.repackd.midx;

import static io.repackd.midx.GitDeviation.ANY;
import static io.repackd.midx.VerifyComparison.FATAL;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Names of packs, and the number of them. */
class DamagedPackNamesTest {
  @TempDir Path directory;

  private static List<byte[]> names(MultiPackIndexEditor file) {
    List<byte[]> names = new ArrayList<>();
    ByteBuffer chunk = file.chunk(ChunkTable.PACK_NAMES);
    for (int i = 0; i < file.packCount(); i++) {
      ByteArrayOutputStream name = new ByteArrayOutputStream();
      for (byte octet = chunk.get(); octet != 0; octet = chunk.get()) {
        name.write(octet);
      }
      names.add(name.toByteArray());
    }
    return names;
  }

  private static byte[] withNames(MultiPackIndexEditor file, List<byte[]> names) {
    ByteArrayOutputStream chunk = new ByteArrayOutputStream();
    for (byte[] name : names) {
      chunk.writeBytes(name);
      chunk.write(0);
    }
    chunk.writeBytes(new byte[-chunk.size() & 3]);
    return file.put(ChunkTable.PACK_NAMES, chunk.toByteArray()).bytes();
  }

  /** Another name for one pack. */
  private static DamageCases.Damage renamed(int number, UnaryOperator<byte[]> change) {
    return file -> {
      List<byte[]> names = names(file);
      names.set(number, change.apply(names.get(number)));
      return withNames(file, names);
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    Arrays.stream(parts).forEach(joined::writeBytes);
    return joined.toByteArray();
  }

  /** A name that comes after all others. */
  private static byte[] last(String rest) {
    return bytes("pack-g" + rest);
  }

  @TestFactory
  Stream<DynamicTest> namesOutOfOrder() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository ->
            new DamageCases(repository, IndexedRepository::plain)
                .agreed(
                    "two names are exchanged",
                    FATAL,
                    file -> {
                      List<byte[]> names = names(file);
                      names.add(1, names.remove(2));
                      return withNames(file, names);
                    })
                .agreed(
                    "two names are equal",
                    FATAL,
                    file -> {
                      List<byte[]> names = names(file);
                      names.set(1, names.getFirst());
                      return withNames(file, names);
                    })
                .agreed("the second is empty", FATAL, renamed(1, _ -> new byte[0]))
                .agreed("the last is empty", FATAL, renamed(3, _ -> new byte[0]))
                .agreed("the first comes after all", FATAL, renamed(0, _ -> last(".idx")))
                .agreed("the first is no index, and last", FATAL, renamed(0, _ -> last("")))
                .agreed("the last begins with a slash", FATAL, renamed(3, _ -> bytes("/a.idx")))
                .agreed("the last leads upwards", FATAL, renamed(3, _ -> bytes("../a.idx")))
                .agreed(
                    "a long name out of order",
                    FATAL,
                    renamed(3, _ -> bytes("a".repeat(300) + ".idx")))
                .agreed("bytes above 127 first", FATAL, renamed(0, name -> join(bytes("ä"), name)))
                .tests());
  }

  @TestFactory
  Stream<DynamicTest> namesThatNoPackHas() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository ->
            new DamageCases(repository, IndexedRepository::plain)
                .agreed("the first is empty", 1, renamed(0, _ -> new byte[0]))
                .agreed("the first is only .idx", 1, renamed(0, _ -> bytes(".idx")))
                .agreed("not .idx", 1, renamed(3, _ -> last(".pack")))
                .agreed("a capital .IDX", 1, renamed(3, _ -> last(".IDX")))
                .agreed("a pack that is not there", 1, renamed(3, _ -> last(".idx")))
                .agreed("a name of 255 bytes", 1, renamed(3, _ -> last("a".repeat(245) + ".idx")))
                .agreed("a name of 256 bytes", 1, renamed(3, _ -> last("a".repeat(246) + ".idx")))
                .agreed("a name of 4,000 bytes", 1, renamed(3, _ -> last("a".repeat(4_000))))
                .agreed("a million bytes", 1, renamed(3, _ -> last("a".repeat(1_000_000))))
                .agreed("a name with a slash", 1, renamed(3, _ -> last("/a.idx")))
                .agreed("a line break", 1, renamed(3, _ -> last("\n.idx")))
                .deviating(
                    "not UTF-8",
                    GitDeviation.PACK_NAMES,
                    1,
                    FATAL,
                    renamed(3, name -> join(name, new byte[] {(byte) 0xc3}, bytes(".idx"))))
                .tests());
  }

  @TestFactory
  Stream<DynamicTest> namesThatLeadToPacksElsewhere() throws IOException {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository ->
            new DamageCases(repository, IndexedRepository::plain)
                .deviating(
                    "through the parent directory",
                    GitDeviation.PACK_NAMES,
                    0,
                    1,
                    renamed(0, name -> join(bytes("../pack/"), name)))
                .deviating(
                    "through the directory itself",
                    GitDeviation.PACK_NAMES,
                    0,
                    1,
                    renamed(0, name -> join(bytes("./"), name)))
                .tests());
  }

  @TestFactory
  Stream<DynamicTest> numbersOfPacks() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository ->
            new DamageCases(repository, IndexedRepository::plain)
                .agreed("no packs", FATAL, file -> file.packCount(0).bytes())
                .agreed("fewer packs than own objects", FATAL, file -> file.packCount(1).bytes())
                .agreed(
                    "one pack too many, named by the padding",
                    FATAL,
                    file -> file.grow(ChunkTable.PACK_NAMES, 4).packCount(5).bytes())
                .deviating(
                    "one pack too many",
                    GitDeviation.CHUNK_LENGTHS,
                    ANY,
                    FATAL,
                    file -> file.packCount(5).bytes())
                .agreed("2^31 packs", FATAL, file -> file.packCount(1 << 31).bytes())
                .agreed("2^32 - 1 packs", FATAL, file -> file.packCount(-1).bytes())
                .deviating(
                    "a list without names",
                    GitDeviation.CHUNK_LENGTHS,
                    ANY,
                    FATAL,
                    file -> withNames(file, List.of()))
                .tests());
  }

  /** What letters a file name may have depends on the locale of the process. */
  @TestFactory
  Stream<DynamicTest> namesThatTheLocaleMayNotHave() {
    return IndexedRepository.ofEachHash(directory)
        .map(repository ->
            DynamicTest.dynamicTest(
                repository.hash().gitName(),
                () -> {
                  repository.install(
                      renamed(3, _ -> last("ä\u6f22.idx")).apply(repository.plain()));
                  VerifyComparison.Verdict verdict = VerifyComparison.Verdict.of(repository);
                  assertThat(verdict.status()).as(verdict.message()).isIn(1, FATAL);
                  assertThat(Files.exists(repository.index())).isTrue();
                }));
  }
}
