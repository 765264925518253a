package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What says which object a bit of a bitmap stands for. Git does not verify any of it. */
class DamagedBitmapOrderTest {
  @TempDir Path directory;

  private Stream<DynamicTest> inEach(int chunk, Consumer<Rows> rows) {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::withEverything);
          rows.accept((name, change) ->
              cases.deviating(
                  name,
                  GitDeviation.BITMAP_CHUNKS,
                  0,
                  1,
                  file -> file.edit(chunk, change).bytes()));
          return cases.tests();
        });
  }

  /** Takes a row of a table of cases. */
  private interface Rows {
    void add(String name, Consumer<ByteBuffer> change);
  }

  private static Consumer<ByteBuffer> put(int at, int value) {
    return chunk -> chunk.putInt(at, value);
  }

  private static Consumer<ByteBuffer> exchange(int left, int right) {
    return chunk -> {
      int before = chunk.getInt(left);
      chunk.putInt(left, chunk.getInt(right)).putInt(right, before);
    };
  }

  /** BTMP says nothing which RIDX does not, so it can be made where git is too old to write it. */
  @TestFactory
  Stream<DynamicTest> bitmappedPacksAreThoseThatGitWrites() {
    return IndexedRepository.ofEachHash(directory)
        .map(repository ->
            DynamicTest.dynamicTest(
                repository.hash().gitName(),
                () -> {
                  MultiPackIndexEditor made =
                      IndexedRepository.withBitmappedPacks(repository.withBitmap());
                  MultiPackIndexEditor gits = repository.withBitmap();
                  if (gits.has(ChunkTable.BITMAPPED_PACKS)) {
                    assertThat(made.chunk(ChunkTable.BITMAPPED_PACKS).array())
                        .isEqualTo(gits.chunk(ChunkTable.BITMAPPED_PACKS).array());
                  }
                  VerifyComparison.assertAgreed(repository.install(made.bytes()), 0);
                }));
  }

  @TestFactory
  Stream<DynamicTest> reverseIndex() {
    return inEach(
        ChunkTable.REVERSE_INDEX,
        rows -> {
          for (int position : new int[] {-1, 1 << 31, 10_000}) {
            rows.add(
                "bit 5 stands for object " + Integer.toUnsignedString(position), put(20, position));
          }
          rows.add("the first bit stands for no object", put(0, -1));
          rows.add("two neighbours are exchanged", exchange(20, 24));
          rows.add("the first two are exchanged", exchange(0, 4));
          rows.add("one object twice", chunk -> chunk.putInt(20, chunk.getInt(24)));
          rows.add(
              "the first and the last are exchanged",
              chunk -> exchange(0, chunk.capacity() - 4).accept(chunk));
          rows.add(
              "the order of the ids",
              chunk -> {
                for (int i = 0; i < chunk.capacity() / Integer.BYTES; i++) {
                  chunk.putInt(i * Integer.BYTES, i);
                }
              });
          rows.add("all zeros", chunk -> chunk.put(0, new byte[chunk.capacity()]));
        });
  }

  @TestFactory
  Stream<DynamicTest> bitmappedPacks() {
    return inEach(
        ChunkTable.BITMAPPED_PACKS,
        rows -> {
          for (int at = 0; at < 4 * 8; at += 4) {
            int field = at;
            rows.add(
                "field %d is one more".formatted(field / 4),
                chunk -> chunk.putInt(field, chunk.getInt(field) + 1));
            rows.add("field %d is 2^32 - 1".formatted(field / 4), put(field, -1));
          }
          rows.add("all zeros", chunk -> chunk.put(0, new byte[chunk.capacity()]));
          rows.add("another pack comes first than in RIDX", DamagedBitmapOrderTest::preferLast);
        });
  }

  /** Gives the first bits to the last pack that has any; all the rest agrees with that. */
  private static void preferLast(ByteBuffer chunk) {
    int packs = chunk.capacity() / 8;
    int preferred = packs - 1;
    while (chunk.getInt(preferred * 8 + 4) == 0) {
      preferred--;
    }
    int next = chunk.getInt(preferred * 8 + 4);
    chunk.putInt(preferred * 8, 0);
    for (int pack = 0; pack < preferred; pack++) {
      int count = chunk.getInt(pack * 8 + 4);
      if (count > 0) {
        chunk.putInt(pack * 8, next);
        next += count;
      }
    }
  }
}
