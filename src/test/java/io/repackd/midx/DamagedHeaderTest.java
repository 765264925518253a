package io.repackd.midx;

import static io.repackd.midx.VerifyComparison.FATAL;

import io.repackd.objectdir.HashAlgorithm;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each field of the twelve bytes with which a multi-pack-index begins. */
class DamagedHeaderTest {
  private static final int VERSION_AT = 4;
  private static final int HASH_AT = 5;
  private static final int COUNT_AT = 6;
  private static final int BASES_AT = 7;

  @TempDir Path directory;

  @TestFactory
  Stream<DynamicTest> soundIndexesAreAccepted() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository ->
            new DamageCases(repository, IndexedRepository::plain)
                .agreed("as git writes it", 0, MultiPackIndexEditor::bytes)
                .agreed("as git writes it beside a bitmap", 0, _ -> repository.withBitmap().bytes())
                .agreed("with BTMP", 0, _ -> withBitmappedPacks(repository))
                .agreed("with LOFF", 0, file -> IndexedRepository.withLargeOffsets(file).bytes())
                .agreed(
                    "with LOFF that nothing points to",
                    0,
                    file -> file.put(ChunkTable.LARGE_OFFSETS, new byte[16]).bytes())
                .agreed(
                    "with a LOFF of no entry",
                    0,
                    file -> file.put(ChunkTable.LARGE_OFFSETS, new byte[0]).bytes())
                .agreed("with everything", 0, _ -> repository.withEverything().bytes())
                .tests());
  }

  private static byte[] withBitmappedPacks(IndexedRepository repository) {
    return IndexedRepository.withBitmappedPacks(repository.withBitmap()).bytes();
  }

  @TestFactory
  Stream<DynamicTest> damagedHeadersAreNot() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::plain);
          addSignatures(cases);
          addVersions(cases);
          addHashFunctions(cases, repository.hash());
          addChunkCounts(cases);
          return cases.tests();
        });
  }

  private static void addSignatures(DamageCases cases) {
    for (int i = 0; i < Integer.BYTES; i++) {
      int at = i;
      cases.agreed(
          "letter %d of MIDX is wrong".formatted(at), FATAL, file -> file.header(at, 'x').bytes());
    }
  }

  private static void addVersions(DamageCases cases) {
    for (int version : new int[] {0, 3, 0x81, 0xff}) {
      cases.agreed(
          "version %d".formatted(version), FATAL, file -> file.header(VERSION_AT, version).bytes());
    }
    cases.deviating(
        "version 2",
        GitDeviation.VERSION_TWO,
        0,
        FATAL,
        file -> file.header(VERSION_AT, 2).bytes());
    for (int bases : new int[] {1, 0xff}) {
      cases.deviating(
          "%d base files".formatted(bases),
          GitDeviation.BASE_FILES,
          0,
          FATAL,
          file -> file.header(BASES_AT, bases).bytes());
    }
  }

  private static void addHashFunctions(DamageCases cases, HashAlgorithm right) {
    Arrays.stream(new int[] {0, 1, 2, 3, 0xff})
        .filter(hash -> hash != right.formatId())
        .forEach(hash ->
            cases.agreed(
                "hash function %d".formatted(hash), 1, file -> file.header(HASH_AT, hash).bytes()));
  }

  private static void addChunkCounts(DamageCases cases) {
    for (int count : new int[] {0, 1, 3, 5, 6, 0x7f, 0x80, 0xff}) {
      cases.agreed(
          "%d chunks instead of four".formatted(count),
          1,
          file -> file.bytes(bytes -> bytes.put(COUNT_AT, (byte) count)));
    }
  }
}
