package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdOrderTest {
  @TempDir Path directory;

  private static final int PACKS = 1500;

  // Of version 2 of an index.
  private static final int FANOUT = 8;
  private static final int IDS = FANOUT + 1024;

  /** Blobs whose ids begin with the same byte and the same bits after it, so that they are sorted together. */
  private static List<byte[]> alike(int count) {
    List<byte[]> found = new ArrayList<>();
    for (int i = 0; found.size() < count; i++) {
      byte[] content = ("blob " + i).getBytes(StandardCharsets.UTF_8);
      byte[] id = TestPack.blobId(content);
      if (id[0] == 0x11 && id[1] == 0x22 && (id[2] & 0xf0) == 0x30) {
        found.add(content);
      }
    }
    found.sort((a, b) -> Arrays.compareUnsigned(TestPack.blobId(a), TestPack.blobId(b)));
    return found;
  }

  /** As in a repository where many have pushed what begins with the same files. */
  @Test
  void objectsOfWhichThereAreThousandsOfCopiesAreSortedToo() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    List<byte[]> alike = alike(2);
    Path shared =
        TestPack.write(
            repository, TestPack.whole(3, alike.get(0)), TestPack.whole(3, alike.get(1)));
    try (Arena arena = Arena.ofShared()) {
      PackFile pack =
          PackFile.open(
              shared,
              Path.of(shared.toString().replaceFirst("\\.pack$", ".idx")),
              HashAlgorithm.SHA1,
              arena);
      List<PackSource.Packed> sources = new ArrayList<>();
      for (int i = 0; i < PACKS; i++) {
        PositionSet all = new PositionSet(arena, 2);
        all.add(0);
        all.add(1);
        sources.add(new PackSource.Packed(pack, all));
      }
      try (PackWriter writer =
          new PackWriter(sources, HashAlgorithm.SHA1, -1, new Cancellation())) {
        assertThat(writer.objects()).isEqualTo(2);
      }
    }
  }

  /** Objects that do not come to be made. */
  private record MadeUp(MemorySegment ids) implements PackSource.Made {
    private static final int ID_BYTES = 20;

    /** All of these begin with the same bytes; in the others are the numbers. */
    static MadeUp of(List<Integer> numbers, Arena arena) {
      MemorySegment ids = arena.allocate((long) ID_BYTES * numbers.size());
      for (int i = 0; i < numbers.size(); i++) {
        ids.asSlice((long) ID_BYTES * i, Long.BYTES).fill((byte) 0x5a);
        BigEndian.putInt32(ids, (long) ID_BYTES * i + Long.BYTES, numbers.get(i));
      }
      return new MadeUp(ids);
    }

    @Override
    public long count() {
      return ids.byteSize() / ID_BYTES;
    }

    @Override
    public long expectedBytes(long i) {
      return 1;
    }

    @Override
    public void make(long i, PackSource.EntrySink sink) throws IOException {
      sink.begin(3, 0);
    }
  }

  private static List<Integer> shuffled(int count) {
    List<Integer> numbers = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(numbers, new Random(count));
    return numbers;
  }

  @Test
  void idsWithTheSameFirstBytesAreToldApartByTheOthers() throws Exception {
    int count = 700;
    Path index = directory.resolve("made-up.idx");
    try (Arena arena = Arena.ofShared();
        PackWriter writer =
            new PackWriter(
                List.of(MadeUp.of(shuffled(count), arena)),
                HashAlgorithm.SHA1,
                -1,
                new Cancellation())) {
      NewPack pack = writer.inOnePack();
      try (FileChannel data = create(directory.resolve("made-up.pack"));
          FileChannel ids = create(index)) {
        pack.writePack(data);
        pack.writeIndex(ids);
      }
      PackIndex written = PackIndex.open(index, HashAlgorithm.SHA1, arena);
      assertThat(written.count()).isEqualTo(count);
      for (int i = 0; i < count; i++) {
        assertThat(BigEndian.int32(written.ids(), written.idOffset(i) + Long.BYTES)).isEqualTo(i);
      }
    }
  }

  @Test
  void thousandsOfIdsWithTheSameFirstBytesAreNoHashes() {
    try (Arena arena = Arena.ofShared()) {
      MadeUp made = MadeUp.of(shuffled(5000), arena);
      assertThatThrownBy(
              () -> new PackWriter(List.of(made), HashAlgorithm.SHA1, -1, new Cancellation()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("more than 1000 ids are like 5a5a5a5a");
    }
  }

  /** Such that together they have as many ids with each first byte as they say: each by itself is believed in nothing. */
  @Test
  void fanoutsThatAreWrongByTheSameAreFound() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    List<Path> packs = new ArrayList<>();
    for (int i = 0; i < PACKS / 10; i++) {
      byte[] content = ("only " + i).getBytes(StandardCharsets.UTF_8);
      packs.add(TestPack.write(repository, TestPack.whole(3, content)));
    }
    packs.sort((a, b) -> Integer.compare(firstByte(a), firstByte(b)));
    Path smaller = packs.get(20);
    Path larger = packs.get(120);
    assertThat(firstByte(smaller)).isLessThan(firstByte(larger));
    // Two of one part: each says that its only id begins as that of the other does.
    shift(smaller, firstByte(smaller), firstByte(larger), -1);
    shift(larger, firstByte(smaller), firstByte(larger), 1);
    packs.removeAll(List.of(smaller, larger));
    packs.addAll(List.of(smaller, larger));
    try (Arena arena = Arena.ofShared()) {
      List<PackSource.Packed> sources = new ArrayList<>();
      for (Path path : packs) {
        PackFile pack = PackFile.open(path, indexOf(path), HashAlgorithm.SHA1, arena);
        sources.add(new PackSource.Packed(pack, PositionSet.all(arena, pack.index().count())));
      }
      assertThatThrownBy(() -> new PackWriter(sources, HashAlgorithm.SHA1, -1, new Cancellation()))
          .isInstanceOf(CorruptFileException.class)
          .hasMessageContaining(indexOf(smaller).toString())
          .hasMessageContaining("object 0 is not in its place");
    }
  }

  private static Path indexOf(Path pack) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
  }

  /** Of the only id. */
  private static int firstByte(Path pack) {
    try {
      return Files.readAllBytes(indexOf(pack))[IDS] & 0xff;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void shift(Path pack, int from, int to, int change) throws IOException {
    ByteBuffer index = ByteBuffer.wrap(Files.readAllBytes(indexOf(pack)));
    for (int octet = from; octet < to; octet++) {
      int at = FANOUT + octet * Integer.BYTES;
      index.putInt(at, index.getInt(at) + change);
    }
    Files.delete(indexOf(pack));
    Files.write(indexOf(pack), index.array());
  }

  private static FileChannel create(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }
}
