package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** Compared with the library's own. */
class EntryChecksumTest {
  private static int expected(byte[] bytes, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  @Test
  void ofEachShortLength() {
    byte[] bytes = new byte[4096];
    new Random(32).nextBytes(bytes);
    for (int length = 0; length < 2 * ShortChecksum.WORTH_BYTES; length++) {
      for (int from = 0; from < 16; from++) {
        assertThat(ShortChecksum.of(bytes, from, length))
            .as("%d bytes from %d", length, from)
            .isEqualTo(expected(bytes, from, length));
      }
    }
  }

  @Test
  void ofEachByte() {
    for (int length : new int[] {1, 4, 5, 8, 9, 13, 31}) {
      byte[] bytes = new byte[length];
      for (int at = 0; at < length; at++) {
        for (int value = 0; value < 1 << Byte.SIZE; value++) {
          bytes[at] = (byte) value;
          assertThat(ShortChecksum.of(bytes, 0, length)).isEqualTo(expected(bytes, 0, length));
        }
        Arrays.fill(bytes, (byte) 0xff);
      }
    }
  }

  /** Entries one after the other, of all lengths, and beyond what is copied at a time; then some of them again. */
  @Test
  void ofEntriesThatFollowEachOther() {
    Random random = new Random(20261130);
    byte[] bytes = new byte[10 * EntryChecksum.PIECE_BYTES];
    random.nextBytes(bytes);
    EntryChecksum checksum = new EntryChecksum();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(bytes.length);
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
      int at = 0;
      while (at < bytes.length) {
        int most = random.nextInt(100) == 0 ? 3 * EntryChecksum.PIECE_BYTES : 80;
        int length = Math.min(1 + random.nextInt(most), bytes.length - at);
        assertThat(checksum.ofEntry(segment, at, length, bytes.length))
            .as("%d bytes at %d", length, at)
            .isEqualTo(expected(bytes, at, length));
        at += length;
      }
      for (int round = 0; round < 1000; round++) {
        int from = random.nextInt(bytes.length - 100);
        int length = 1 + random.nextInt(100);
        // No further ahead than the entry itself.
        assertThat(checksum.ofEntry(segment, from, length, from + length))
            .isEqualTo(expected(bytes, from, length));
      }
    }
  }
}
