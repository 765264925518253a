package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that claim more than they have, or whose objects are called alike, read by a virtual machine which has a small heap, as the
 * daemon has, and little memory beside it.
 */
class SmallMemoryTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;
  private static final int FANOUT_AT = 8;
  private static final int IDS_AT = FANOUT_AT + 1024;
  private static final int HEADER_BYTES = 12;

  /**
   * Heap, stacks, code cache and tables together. Where ids were divided by their first byte alone, the tables for these took 300
   * MiB.
   */
  private static final int LIMIT_KIB = 160 << 10;

  @TempDir Path directory;

  private Path packDirectories;

  @BeforeEach
  void aPlace() throws IOException {
    packDirectories = Files.createDirectory(directory.resolve("packs"));
  }

  private Path packDirectory(String name) throws IOException {
    return Files.createDirectory(packDirectories.resolve(name));
  }

  private List<String> run() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -d %d && exec \"$@\"".formatted(LIMIT_KIB),
                "sh",
                java,
                "-Xmx96m",
                "-XX:+UseSerialGC",
                "-XX:ActiveProcessorCount=2",
                "-XX:ReservedCodeCacheSize=64m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                SmallMemoryProgram.class.getName(),
                packDirectories.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }

  /** Writes bytes at a place of a file, which may have a hole before it. */
  private static void put(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), at);
    }
  }

  private static byte[] indexHead(long objects, int firstByte) {
    ByteBuffer head = ByteBuffer.allocate(IDS_AT).putInt(0xff744f63).putInt(2);
    for (int i = 0; i < 256; i++) {
      head.putInt(i < firstByte ? 0 : (int) objects);
    }
    return head.array();
  }

  /** A pack of so many objects, all holes. Its trailer is zeros, as that in its index. */
  private static void holes(Path pack, long objects) throws IOException {
    byte[] head =
        ByteBuffer.allocate(12).putInt(0x5041434b).putInt(2).putInt((int) objects).array();
    put(pack, 0, head);
    put(pack, HEADER_BYTES + objects * 20, new byte[HASH.length()]);
  }

  private void packOfHoles(Path packs, long objects) throws IOException {
    try {
      Path index = packs.resolve("pack-0.idx");
      put(index, 0, indexHead(objects, 0));
      put(index, IDS_AT + objects * 28, new byte[2 * HASH.length()]);
      holes(packs.resolve("pack-0.pack"), objects);
    } catch (IOException e) {
      abort("this file system has no files with holes of that size: " + e);
    }
  }

  /** Ids that begin with the same six bytes, in entries of 20 bytes that have the order of the ids. */
  private static void packOfLikeIds(Path packs, int objects) throws IOException {
    ByteBuffer index = ByteBuffer.allocate(IDS_AT + objects * 28 + 2 * HASH.length());
    index.put(indexHead(objects, 7));
    for (int i = 0; i < objects; i++) {
      index.putInt(0x07070707).putShort((short) 0x0707).putInt(i * 1000).put(new byte[10]);
    }
    index.position(index.position() + objects * Integer.BYTES);
    for (int i = 0; i < objects; i++) {
      index.putInt(HEADER_BYTES + i * 20);
    }
    put(packs.resolve("pack-7.idx"), 0, index.array());
    holes(packs.resolve("pack-7.pack"), objects);
  }

  private void index(String name, Consumer<MultiPackIndexEditor> change) throws IOException {
    IndexedRepository repository = IndexedRepository.create(directory.resolve(name + ".git"), HASH);
    MultiPackIndexEditor file = repository.plain();
    change.accept(file);
    Files.write(packDirectory(name).resolve("multi-pack-index"), file.bytes());
  }

  private static void putLongNames(MultiPackIndexEditor file) {
    int names = 100_000;
    ByteBuffer chunk = ByteBuffer.allocate(names * 256);
    for (int i = 0; i < names; i++) {
      String name = "pack-%06d".formatted(i) + "x".repeat(240) + ".idx";
      chunk.put(name.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
    }
    file.packCount(names).put(ChunkTable.PACK_NAMES, chunk.array());
  }

  @Test
  void whatFilesClaimIsNotAllocated() throws Exception {
    packOfHoles(packDirectory("a-pack-of-holes"), 0xffffffffL);
    packOfLikeIds(packDirectory("ids-that-begin-alike"), 1_500_000);
    index(
        "index-of-many-objects",
        file -> file.edit(ChunkTable.FANOUT, fanout -> fanout.putInt(255 * Integer.BYTES, -1)));
    index("index-of-many-packs", file -> file.packCount(-1));
    index("index-of-a-hundred-thousand-packs", file -> file.packCount(100_000));
    index("names-of-a-hundred-thousand-packs", SmallMemoryTest::putLongNames);
    Path claim = packDirectory("pack-index-that-claims-many");
    byte[] head = Arrays.copyOf(indexHead(0xffffffffL, 0), IDS_AT + 4096);
    Files.write(claim.resolve("pack-1.idx"), head);

    assertThat(run())
        .containsExactly(
            "a-pack-of-holes: CorruptFileException",
            "ids-that-begin-alike: 1500000 objects, faults []",
            "index-of-a-hundred-thousand-packs: faults [CHUNK_LENGTH]",
            "index-of-many-objects: faults [CHUNK_LENGTH]",
            "index-of-many-packs: UnsupportedIndexException",
            "names-of-a-hundred-thousand-packs: faults [PACK_GONE]",
            "pack-index-that-claims-many: CorruptFileException");
  }
}
