package io.repackd.midx;

import static io.repackd.midx.GitDeviation.ANY;
import static io.repackd.midx.VerifyComparison.FATAL;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Chunks that are longer or shorter than what they hold. */
class DamagedChunkLengthsTest {
  @TempDir Path directory;

  @TestFactory
  Stream<DynamicTest> chunksOfAnotherLength() {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::withEverything);
          int id = repository.hash().length();
          cases.agreed(
              "PNAM has more padding", 0, file -> file.grow(ChunkTable.PACK_NAMES, 12).bytes());
          addRequired(cases, ChunkTable.PACK_NAMES, List.of(-4, -8));
          addRequired(cases, ChunkTable.FANOUT, List.of(-4, 4, -512, 1024));
          addRequired(cases, ChunkTable.IDS, List.of(-4, 4, -id, id));
          addRequired(cases, ChunkTable.OFFSETS, List.of(-4, 4, -8, 8));
          addLargeOffsets(cases);
          addBitmapChunk(cases, ChunkTable.REVERSE_INDEX, List.of(-4, 4, 1024));
          addBitmapChunk(cases, ChunkTable.BITMAPPED_PACKS, List.of(-4, 4, -8, 8));
          return cases.tests();
        });
  }

  private static void addRequired(DamageCases cases, int chunk, List<Integer> changes) {
    for (int by : changes) {
      add(cases, GitDeviation.CHUNK_LENGTHS, ANY, FATAL, chunk, by);
    }
    cases.deviating(
        ChunkTable.name(chunk) + " is empty",
        GitDeviation.CHUNK_LENGTHS,
        ANY,
        FATAL,
        file -> file.put(chunk, new byte[0]).bytes());
  }

  private static void add(
      DamageCases cases, GitDeviation why, int git, int ours, int chunk, int by) {
    cases.deviating(
        "%s is %d bytes too %s"
            .formatted(ChunkTable.name(chunk), Math.abs(by), by < 0 ? "short" : "long"),
        why,
        git,
        ours,
        file -> file.grow(chunk, by).bytes());
  }

  private static void addLargeOffsets(DamageCases cases) {
    int chunk = ChunkTable.LARGE_OFFSETS;
    for (int by : new int[] {-4, -8}) {
      add(cases, GitDeviation.LARGE_OFFSET_BOUNDS, ANY, FATAL, chunk, by);
    }
    cases
        .deviating(
            "LOFF is empty",
            GitDeviation.LARGE_OFFSET_BOUNDS,
            ANY,
            FATAL,
            file -> file.put(chunk, new byte[0]).bytes())
        .agreed("LOFF is 4 bytes too long", 0, file -> file.grow(chunk, 4).bytes())
        .agreed("LOFF is 8 bytes too long", 0, file -> file.grow(chunk, 8).bytes())
        .agreed("LOFF is missing", 1, file -> file.remove(chunk).bytes());
  }

  private static void addBitmapChunk(DamageCases cases, int chunk, List<Integer> changes) {
    for (int by : changes) {
      add(cases, GitDeviation.BITMAP_CHUNKS, 0, 1, chunk, by);
    }
    cases
        .deviating(
            ChunkTable.name(chunk) + " is empty",
            GitDeviation.BITMAP_CHUNKS,
            0,
            1,
            file -> file.put(chunk, new byte[0]).bytes())
        .agreed(ChunkTable.name(chunk) + " is missing", 0, file -> file.remove(chunk).bytes());
  }
}
