package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackWriterTest {
  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.bare(
        directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  private static List<PackSource.Packed> open(List<Path> packs, HashAlgorithm hash, Arena arena)
      throws IOException {
    List<PackSource.Packed> sources = new ArrayList<>();
    for (Path pack : packs) {
      Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
      PackFile file = PackFile.open(pack, index, hash, arena);
      sources.add(new PackSource.Packed(file, new PositionSet(arena, file.index().count())));
    }
    return sources;
  }

  /** Writes pack, index and reverse index; gives the path of the pack. */
  private Path write(List<PackSource.Packed> sources, HashAlgorithm hash) throws IOException {
    Path unnamed = directory.resolve("new.pack");
    try (PackWriter writer = new PackWriter(sources, hash, -1, new Cancellation())) {
      String name;
      try (FileChannel channel = create(unnamed)) {
        name = writer.writePack(channel);
      }
      Path pack = Files.move(unnamed, directory.resolve("pack-" + name + ".pack"));
      try (FileChannel channel = create(directory.resolve("pack-" + name + ".idx"))) {
        writer.writeIndex(channel);
      }
      try (FileChannel channel = create(directory.resolve("pack-" + name + ".rev"))) {
        writer.writeReverseIndex(channel);
      }
      return pack;
    }
  }

  private static FileChannel create(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** What git makes of the pack alone, in a repository of its own. */
  private void assertGitReadsTheSameFrom(Path pack, GitRepository source, HashAlgorithm hash)
      throws IOException {
    GitRepository copy =
        GitRepository.bare(
            directory.resolve("copy.git"), "--object-format=" + hash.gitName(), "-b", "main");
    String stem = pack.getFileName().toString().replaceFirst("\\.pack$", "");
    Path target = Files.copy(pack, copy.packs().resolve(stem + ".pack"));
    copy.git("index-pack", "--strict", "--rev-index", target.toString());
    for (String extension : List.of(".idx", ".rev")) {
      assertThat(directory.resolve(stem + extension))
          .hasSameBinaryContentAs(copy.packs().resolve(stem + extension));
    }
    String everything = "--batch=%(objectname) %(objecttype) %(objectsize)";
    assertThat(copy.git("cat-file", "--batch-all-objects", everything))
        .isEqualTo(source.git("cat-file", "--batch-all-objects", everything));
  }

  @ParameterizedTest
  @CsvSource({"SHA1,1", "SHA1,2", "SHA1,3", "SHA1,4", "SHA256,5", "SHA256,6"})
  void anyChoiceOfCopiesGivesAPackThatGitReads(HashAlgorithm hash, long seed) throws Exception {
    Random random = new Random(seed);
    GitRepository repository = repository(hash).fetches(6, random);
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    for (int i = 0; i < 4; i++) {
      List<String> some =
          new ArrayList<>(all.lines().filter(id -> random.nextInt(3) != 0).toList());
      Collections.shuffle(some, random);
      repository.gitWithInput(
          String.join("\n", some) + "\n",
          "pack-objects",
          "-q",
          "--depth=200",
          "--window=30",
          i % 2 == 0 ? "--no-reuse-delta" : "--delta-base-offset",
          repository.packs().resolve("pack").toString());
    }
    try (Arena arena = Arena.ofConfined()) {
      List<Path> packs = new ArrayList<>(repository.packFiles());
      Collections.shuffle(packs, random);
      List<PackSource.Packed> sources = open(packs, hash, arena);
      all.lines().forEach(id -> selectOne(sources, id, random, arena));
      Path written = write(sources, hash);
      assertGitReadsTheSameFrom(written, repository, hash);
    }
  }

  private static void selectOne(
      List<PackSource.Packed> sources, String id, Random random, Arena arena) {
    byte[] bytes = HexFormat.of().parseHex(id);
    MemorySegment segment = arena.allocate(bytes.length);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
    List<PackSource.Packed> holders =
        sources.stream().filter(s -> s.pack().index().find(segment, 0) >= 0).toList();
    PackSource.Packed chosen = holders.get(random.nextInt(holders.size()));
    chosen.selected().add(chosen.pack().index().find(segment, 0));
  }

  @Test
  void twoPacksWithOppositeDeltasMakeNoCircle() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(repository, TestPack.whole(3, y), TestPack.refDelta(TestPack.blobId(y), y, x));
    TestPack.write(repository, TestPack.whole(3, x), TestPack.refDelta(TestPack.blobId(x), x, y));
    try (Arena arena = Arena.ofConfined()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      for (PackSource.Packed source : sources) {
        selectTheDelta(source);
      }
      assertThat(sources).allSatisfy(s -> assertThat(s.selected().size()).isEqualTo(1));
      Path written = write(sources, HashAlgorithm.SHA1);
      assertGitReadsTheSameFrom(written, repository, HashAlgorithm.SHA1);
    }
  }

  private static void selectTheDelta(PackSource.Packed source) throws CorruptFileException {
    EntryHeader header = new EntryHeader();
    for (long i = 0; i < source.pack().index().count(); i++) {
      header.read(source.pack(), source.pack().index().packOffset(i));
      if (header.isDelta()) {
        source.selected().add(i);
      }
    }
  }

  private static byte[] text(String different) {
    return "a line that is the same in both of them\n"
        .repeat(50)
        .concat(different)
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aDeltaWithoutItsBaseIsWrittenWhole() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1);
    byte[] x = text("x");
    byte[] y = text("y");
    TestPack.write(repository, TestPack.whole(3, y), TestPack.refDelta(TestPack.blobId(y), y, x));
    try (Arena arena = Arena.ofConfined()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      selectTheDelta(sources.getFirst());
      Path written = write(sources, HashAlgorithm.SHA1);
      GitRepository copy = GitRepository.bare(directory.resolve("copy.git"));
      Path target = Files.copy(written, copy.packs().resolve(written.getFileName()));
      copy.git("index-pack", "--strict", target.toString());
      String id = HexFormat.of().formatHex(TestPack.blobId(x));
      assertThat(copy.git("cat-file", "blob", id)).isEqualTo(new String(x, StandardCharsets.UTF_8));
    }
  }

  @Test
  void anIndexOfVersionOneIsReadToo() throws Exception {
    Random random = new Random(7);
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(3, random);
    for (Path pack : repository.packFiles()) {
      Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
      Files.delete(index);
      repository.git("index-pack", "--index-version=1", pack.toString());
    }
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    try (Arena arena = Arena.ofConfined()) {
      List<PackSource.Packed> sources = open(repository.packFiles(), HashAlgorithm.SHA1, arena);
      assertThat(sources).noneMatch(source -> source.pack().index().hasCrc32());
      all.lines().forEach(id -> selectOne(sources, id, random, arena));
      Path written = write(sources, HashAlgorithm.SHA1);
      assertGitReadsTheSameFrom(written, repository, HashAlgorithm.SHA1);
    }
  }

  @Test
  void everyFlippedBitOfAnEntryIsNoticed() throws Exception {
    Random random = new Random(11);
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(1, random);
    Path pack = repository.packFiles().getFirst();
    byte[] sound = Files.readAllBytes(pack);
    Path damaged = directory.resolve("damaged.pack");
    Path index = directory.resolve("damaged.idx");
    Files.copy(Path.of(pack.toString().replaceFirst("\\.pack$", ".idx")), index);
    for (int i = 0; i < 200; i++) {
      byte[] bytes = sound.clone();
      int at = 12 + random.nextInt(sound.length - 12 - 20);
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(damaged, bytes);
      try (Arena arena = Arena.ofConfined()) {
        List<PackSource.Packed> sources = open(List.of(damaged), HashAlgorithm.SHA1, arena);
        PackSource.Packed source = sources.getFirst();
        for (long position = 0; position < source.pack().index().count(); position++) {
          source.selected().add(position);
        }
        assertThatThrownBy(() -> write(sources, HashAlgorithm.SHA1))
            .as("bit flipped at %d", at)
            .isInstanceOf(CorruptFileException.class)
            .hasMessageContaining(damaged.toString());
      } finally {
        Files.deleteIfExists(directory.resolve("new.pack"));
      }
    }
  }
}
