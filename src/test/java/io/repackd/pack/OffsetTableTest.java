package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffsetTableTest {
  /** The last that fits four bytes, and the first that does not. */
  @ParameterizedTest
  @ValueSource(longs = {0, 12, 0x7fffffffL, 0x80000000L, 0xffffffffL, 0x100000000L, 1L << 45})
  void keepsOffsetsUpToTheLargest(long largest) {
    try (Arena arena = Arena.ofConfined()) {
      OffsetTable table = new OffsetTable(arena, 3, largest);
      table.set(0, largest);
      table.set(2, largest / 2);
      assertThat(table.get(0)).isEqualTo(largest);
      assertThat(table.get(1)).isZero();
      assertThat(table.get(2)).isEqualTo(largest / 2);
    }
  }
}
