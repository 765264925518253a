package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoundDeltasTest {
  private static final int MEBIBYTE = 1 << 20;

  @TempDir Path directory;

  /** Of the last that has room in memory, a part may have none. */
  @ParameterizedTest
  @CsvSource({"0, 0", "1048575, 0", "1048576, 1", "3500000, 3", "268435456, 256"})
  void whatHasNoRoomInMemoryLiesInTheFile(long memoryBytes, int keptMebibytes) throws Exception {
    Path file = directory.resolve("found");
    Map<Long, byte[]> added = new ConcurrentHashMap<>();
    try (FileChannel channel = SearchTrial.create(file);
        Arena arena = Arena.ofShared()) {
      FoundDeltas found = new FoundDeltas(channel, memoryBytes, arena);
      IntStream.range(0, 40).parallel().forEach(seed -> add(found, new Random(seed), added));

      added.forEach((place, content) -> assertThat(compressed(found, place)).isEqualTo(content));
      assertThat(added.values()).anyMatch(content -> content.length > MEBIBYTE);
      assertThat(added.keySet().stream().mapToLong(place -> entryBytes(found, place)).sum())
          .isEqualTo(
              added.values().stream()
                  .mapToLong(content -> EntryHeader.bytes(content.length) + content.length)
                  .sum());
      assertThat(found.bytes()).isGreaterThan(4 * MEBIBYTE);
      assertThat(Files.size(file))
          .isEqualTo(Math.max(0, found.bytes() - (long) keptMebibytes * MEBIBYTE));
    }
  }

  private static void add(FoundDeltas found, Random random, Map<Long, byte[]> added) {
    for (int length : List.of(0, 1 + random.nextInt(100), random.nextInt(2 * MEBIBYTE))) {
      byte[] content = new byte[length];
      random.nextBytes(content);
      int start = FoundDeltas.Delta.START;
      byte[] room = new byte[start + length + random.nextInt(9)];
      System.arraycopy(content, 0, room, start, length);
      try {
        added.put(found.add(new FoundDeltas.Delta(length, room, start + length)), content);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static byte[] compressed(FoundDeltas found, long place) {
    try {
      FoundDeltas.Delta delta = found.read(place);
      return Arrays.copyOfRange(delta.compressed(), FoundDeltas.Delta.START, delta.end());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long entryBytes(FoundDeltas found, long place) {
    try {
      return found.entryBytes(place);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
