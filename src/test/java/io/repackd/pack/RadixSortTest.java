package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RadixSortTest {
  private static final int COUNT = 5_000;
  private static final int PLACE_BITS = 13;

  private final Arena arena = Arena.ofAuto();

  private static LongTable table(Arena arena, long[] values) {
    LongTable table = new LongTable(arena, values.length);
    for (int i = 0; i < values.length; i++) {
      table.set(i, values[i]);
    }
    return table;
  }

  private static long[] array(LongTable table) {
    long[] values = new long[(int) table.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = table.get(i);
    }
    return values;
  }

  /** Many are equal, so that it shows whether their order stays. */
  private static long[] random(int bits) {
    Random random = new Random(bits);
    return random
        .longs(COUNT)
        .map(value -> value % 3 == 0 ? value & 3 : value)
        .map(value -> value >>> Long.SIZE - bits)
        .toArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10, 11, 12, 22, 23, 33, 63, 64})
  void sortsPairs(int bits) {
    long[] values = random(bits);
    LongTable keys = table(arena, values);
    LongTable places = table(arena, IntStream.range(0, COUNT).asLongStream().toArray());
    RadixSort.sort(keys, places, bits);
    Comparator<Integer> byValue = (i, j) -> Long.compareUnsigned(values[i], values[j]);
    long[] expected =
        IntStream.range(0, COUNT).boxed().sorted(byValue).mapToLong(Integer::longValue).toArray();
    assertThat(array(places)).isEqualTo(expected);
    assertThat(array(keys)).isEqualTo(Arrays.stream(expected).map(i -> values[(int) i]).toArray());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 11, 12, 24, 40})
  void sortsByTheBitsThatAreAskedForAlone(int fromBit) {
    for (int toBit : new int[] {fromBit + 1, fromBit + 5, fromBit + 11, fromBit + 12, 63, 64}) {
      long[] values = random(64);
      LongTable keys = table(arena, values);
      RadixSort.sort(keys, fromBit, toBit);
      long mask = toBit - fromBit == 64 ? -1 : (1L << toBit - fromBit) - 1;
      long[] expected =
          Arrays.stream(values)
              .boxed()
              .sorted(Comparator.comparing(value -> value >>> fromBit & mask))
              .mapToLong(Long::longValue)
              .toArray();
      assertThat(array(keys)).as("bits %d to %d", fromBit, toBit).isEqualTo(expected);
    }
  }

  /** What is below the bits is the place of each, as where an offset and a position stand in one number. */
  @ParameterizedTest
  @CsvSource({"1, 8", "60, 8", "200, 8", "200, 1", "5000, 9", "5000, 17", "5000, 50"})
  void sortsFewInAnArray(int count, int bits) {
    Random random = new Random(bits);
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextLong() >>> Long.SIZE - bits << PLACE_BITS | i;
    }
    long[] expected = values.clone();
    Arrays.sort(expected);
    assertThat(RadixSort.sort(values, PLACE_BITS, PLACE_BITS + bits)).isEqualTo(expected);
  }
}
