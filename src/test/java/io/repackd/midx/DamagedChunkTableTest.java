package io.repackd.midx;

import static io.repackd.midx.GitDeviation.ANY;
import static io.repackd.midx.VerifyComparison.FATAL;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each entry of the table that says where the chunks of a multi-pack-index are. */
class DamagedChunkTableTest {
  private static final List<Integer> REQUIRED =
      List.of(ChunkTable.PACK_NAMES, ChunkTable.FANOUT, ChunkTable.IDS, ChunkTable.OFFSETS);

  private static final int UNKNOWN = 0x58585858; // XXXX

  @TempDir Path directory;

  private Stream<DynamicTest> inEach(Consumer<DamageCases> rows) {
    return IndexedRepository.ofEachHash(directory)
        .flatMap(repository -> {
          DamageCases cases = new DamageCases(repository, IndexedRepository::plain);
          rows.accept(cases);
          return cases.tests();
        });
  }

  @TestFactory
  Stream<DynamicTest> otherOrdersAndUnknownChunksAreAccepted() {
    return inEach(cases ->
        cases
            .agreed("unknown chunk", 0, file -> file.put(UNKNOWN, new byte[8]).bytes())
            .agreed("unknown empty chunk", 0, file -> file.put(UNKNOWN, new byte[0]).bytes())
            .agreed("as many unknown chunks as there may be", 0, this::addUnknown)
            .agreed("chunks in reverse order", 0, this::reverse)
            .agreed("a gap before the trailing checksum", 0, file -> gapAtEnd(file.bytes(), file)));
  }

  private byte[] addUnknown(MultiPackIndexEditor file) {
    for (int i = file.chunkCount(); i < 255; i++) {
      file.put(UNKNOWN + i, new byte[4]);
    }
    return file.bytes();
  }

  private byte[] reverse(MultiPackIndexEditor file) {
    for (int id : REQUIRED.reversed()) {
      byte[] content = file.chunk(id).array();
      file.remove(id).put(id, content);
    }
    return file.bytes();
  }

  private static byte[] gapAtEnd(byte[] bytes, MultiPackIndexEditor file) {
    return MultiPackIndexEditor.seal(Arrays.copyOf(bytes, bytes.length + 8), file.hash());
  }

  @TestFactory
  Stream<DynamicTest> idsOfChunks() {
    return inEach(cases -> {
      for (int i = 0; i < REQUIRED.size(); i++) {
        String name = ChunkTable.name(REQUIRED.get(i));
        int missing = REQUIRED.get(i);
        int other = REQUIRED.get((i + 1) % REQUIRED.size());
        int at = MultiPackIndexEditor.idAt(i);
        cases
            .agreed(name + " is missing", FATAL, file -> file.remove(missing).bytes())
            .agreed(name + " has an unknown id", FATAL, file -> file.bytes(putInt(at, UNKNOWN)))
            .agreed(name + " has id 0", 1, file -> file.bytes(putInt(at, 0)))
            .agreed(name + " has the id of another", 1, file -> file.bytes(putInt(at, other)));
      }
      int end = MultiPackIndexEditor.idAt(REQUIRED.size());
      cases
          .agreed("no end mark", 1, file -> file.bytes(putInt(end, UNKNOWN)))
          .agreed("one byte in the end mark", 1, file -> file.bytes(putInt(end, 1)));
    });
  }

  private static Consumer<ByteBuffer> putInt(int at, int value) {
    return bytes -> bytes.putInt(at, value);
  }

  private static Consumer<ByteBuffer> move(int i, long by) {
    int at = MultiPackIndexEditor.offsetAt(i);
    return bytes -> bytes.putLong(at, bytes.getLong(at) + by);
  }

  private static Consumer<ByteBuffer> place(int i, long offset) {
    return bytes -> bytes.putLong(MultiPackIndexEditor.offsetAt(i), offset);
  }

  @TestFactory
  Stream<DynamicTest> offsetsOutsideOfTheFile() {
    return inEach(cases -> {
      for (int i = 0; i <= REQUIRED.size(); i++) {
        int number = i;
        for (long offset : new long[] {Long.MIN_VALUE, -1, -4, Long.MAX_VALUE, 1L << 32, 1 << 30}) {
          cases.agreed(
              "offset %d is %d".formatted(number, offset),
              1,
              file -> file.bytes(place(number, offset)));
        }
        cases.agreed(
            "offset %d is the file's length".formatted(number),
            1,
            file -> file.bytes(bytes -> place(number, bytes.capacity()).accept(bytes)));
        if (i > 0) {
          cases.agreed(
              "offset %d is before the one before".formatted(number),
              1,
              file ->
                  file.bytes(bytes ->
                      place(number, bytes.getLong(MultiPackIndexEditor.offsetAt(number - 1)) - 4)
                          .accept(bytes)));
        }
      }
      int end = REQUIRED.size();
      cases
          .agreed("the last chunk ends 1 byte too late", 1, file -> file.bytes(move(end, 1)))
          .agreed("the last chunk ends 4 bytes too late", 1, file -> file.bytes(move(end, 4)))
          .agreed("PNAM begins 4 bytes too late", 1, file -> file.bytes(move(0, 4)));
    });
  }

  @TestFactory
  Stream<DynamicTest> offsetsWhereNoChunkBegins() {
    return inEach(cases -> {
      for (int i = 0; i < REQUIRED.size(); i++) {
        int number = i;
        for (int by : new int[] {1, 2, 3}) {
          cases.deviating(
              "offset %d is %d too large".formatted(number, by),
              GitDeviation.ALIGNMENT,
              ANY,
              1,
              file -> file.bytes(move(number, by)));
        }
      }
      for (int offset : new int[] {0, 4, MultiPackIndexEditor.HEADER_BYTES, 68}) {
        cases.deviating(
            "PNAM begins at %d, upon header or table".formatted(offset),
            GitDeviation.CHUNK_UPON_TABLE,
            ANY,
            1,
            file -> file.bytes(place(0, offset)));
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> offsetsThatMakeOneChunkLongerAndAnotherShorter() {
    return inEach(cases -> {
      for (int i = 1; i < REQUIRED.size(); i++) {
        int number = i;
        for (int by : new int[] {-4, 4, -32, 32}) {
          cases.deviating(
              "offset %d is moved by %d".formatted(number, by),
              GitDeviation.CHUNK_LENGTHS,
              ANY,
              FATAL,
              file -> file.bytes(move(number, by)));
        }
        cases.deviating(
            "chunk %d is empty and the next too long".formatted(number - 1),
            GitDeviation.CHUNK_LENGTHS,
            ANY,
            FATAL,
            file ->
                file.bytes(bytes ->
                    place(number, bytes.getLong(MultiPackIndexEditor.offsetAt(number - 1)))
                        .accept(bytes)));
      }
      for (int by : new int[] {-1, -4, -8}) {
        cases.deviating(
            "the last chunk ends %d bytes too early".formatted(-by),
            GitDeviation.CHUNK_LENGTHS,
            0,
            FATAL,
            file -> file.bytes(move(REQUIRED.size(), by)));
      }
    });
  }
}
