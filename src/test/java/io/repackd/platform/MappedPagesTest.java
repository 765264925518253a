package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedPagesTest {
  private static final int BYTES = 1 << 20;

  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void file() throws IOException {
    byte[] content = new byte[BYTES];
    Arrays.fill(content, (byte) 1);
    file = Files.write(directory.resolve("file"), content);
  }

  @Test
  void whatWasReadIsGivenBackAndCanBeReadAgain() throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel channel = FileChannel.open(file)) {
      // As all of ours are: with another lifetime, a mapping says no more that it is one.
      MemorySegment mapping =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, BYTES, Arena.global())
              .reinterpret(arena, null);
      assertThat(sum(mapping)).isEqualTo(BYTES);
      assertThat(residentKibibytes(mapping)).isPositive();
      MappedPages.release(mapping);
      assertThat(residentKibibytes(mapping)).isZero();
      assertThat(sum(mapping)).isEqualTo(BYTES);
    }
  }

  @Test
  void whatSomebodyWroteIsLeftAlone() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(BYTES, 1 << 12).fill((byte) 1);
      MappedPages.release(memory);
      assertThat(sum(memory)).isEqualTo(BYTES);
    }
  }

  private static long sum(MemorySegment memory) {
    long sum = 0;
    for (long i = 0; i < memory.byteSize(); i++) {
      sum += memory.get(ValueLayout.JAVA_BYTE, i);
    }
    return sum;
  }

  private static long residentKibibytes(MemorySegment mapping) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
    String start = Long.toHexString(mapping.address()) + "-";
    int line = 0;
    while (!lines.get(line).startsWith(start)) {
      line++;
    }
    while (!lines.get(line).startsWith("Rss:")) {
      line++;
    }
    return Long.parseLong(lines.get(line).replaceAll("\\D", ""));
  }
}
