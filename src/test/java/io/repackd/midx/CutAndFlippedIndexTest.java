package io.repackd.midx;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What a broken disk or a full one makes of a multi-pack-index. */
class CutAndFlippedIndexTest {
  private static final int RANDOM_CUTS = 20;
  private static final int RANDOM_FLIPS = 100;

  /** Header, table, names and fanout are a small part of the file, and the one which matters most. */
  private static final int BEGINNING_BYTES = 400;

  private final long seed = 20261123;
  private final Random random = new Random(seed);

  @TempDir Path directory;

  /** Every place where something begins or ends, those beside it, and some others. */
  private SortedSet<Integer> places(MultiPackIndexEditor file) {
    byte[] bytes = file.bytes();
    SortedSet<Integer> boundaries = new TreeSet<>();
    IntStream.of(0, 4, 5, 6, 7, 8).forEach(boundaries::add);
    for (int i = 0; i <= file.chunkCount(); i++) {
      boundaries.add(MultiPackIndexEditor.idAt(i));
      boundaries.add(MultiPackIndexEditor.offsetAt(i));
      boundaries.add(Math.toIntExact(MultiPackIndexEditor.offset(bytes, i)));
    }
    boundaries.add(MultiPackIndexEditor.HEADER_BYTES + file.hash().length());
    boundaries.add(bytes.length);
    SortedSet<Integer> places = new TreeSet<>();
    boundaries.forEach(at -> IntStream.rangeClosed(at - 1, at + 1).forEach(places::add));
    random.ints(RANDOM_CUTS, 0, bytes.length).forEach(places::add);
    places.removeIf(at -> at < 0 || at >= bytes.length);
    return places;
  }

  @TestFactory
  Stream<DynamicTest> cutOffAnywhere() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::withEverything);
          for (int length : places(repository.withEverything())) {
            cases.agreed(
                "cut off at %d (seed %d)".formatted(length, seed),
                1,
                file -> Arrays.copyOf(file.bytes(), length));
            if (length >= repository.hash().length()) {
              cases.agreed(
                  "cut off at %d, with a checksum that is right (seed %d)".formatted(length, seed),
                  1,
                  file ->
                      MultiPackIndexEditor.seal(Arrays.copyOf(file.bytes(), length), file.hash()));
            }
          }
          return cases.tests();
        });
  }

  @TestFactory
  Stream<DynamicTest> withOneBitFlipped() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          byte[] sound = repository.withEverything().bytes();
          return Stream.concat(
              flips(repository, sound.length, true), flips(repository, sound.length, false));
        });
  }

  private Stream<DynamicTest> flips(IndexedRepository repository, int length, boolean sealed) {
    return IntStream.range(0, RANDOM_FLIPS)
        .map(i -> random.nextInt(8 * (i % 2 == 0 ? length : BEGINNING_BYTES)))
        .mapToObj(bit -> {
          String name =
              "%s: bit %d of byte %d, checksum %s (seed %d)"
                  .formatted(
                      repository.hash().gitName(),
                      bit % 8,
                      bit / 8,
                      sealed ? "right" : "wrong",
                      seed);
          return DynamicTest.dynamicTest(
              name,
              () -> {
                byte[] bytes = repository.withEverything().bytes();
                bytes[bit / 8] ^= (byte) (1 << bit % 8);
                repository.install(
                    sealed ? MultiPackIndexEditor.seal(bytes, repository.hash()) : bytes);
                VerifyComparison.assertAgreedOrExplained(repository, name);
              });
        });
  }
}
