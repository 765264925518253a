package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Packs of every make over random parts of a history, put together in random choices: what is written is what git makes of it.
 * Runs more histories with {@code -Drandom.seeds=FIRST-LAST}.
 */
class PackWriterRandomTest {
  /** What a distance may turn out shorter than was reckoned, in bytes. */
  private static final long LONGEST_DISTANCE = 8;

  private static final String SEEDS = System.getProperty("random.seeds", "1-4");

  @TempDir Path directory;

  private Random random = new Random(0);
  private HashAlgorithm hash = HashAlgorithm.SHA1;
  private Path work = Path.of("");

  @Test
  void whateverIsPutTogetherGitReads() throws Exception {
    String[] range = SEEDS.split("-", 2);
    for (long seed = Long.parseLong(range[0]); seed <= Long.parseLong(range[1]); seed++) {
      random = new Random(seed);
      hash = random.nextInt(4) == 0 ? HashAlgorithm.SHA256 : HashAlgorithm.SHA1;
      work = Files.createDirectory(directory.resolve("seed-" + seed));
      try {
        putTogether();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
      remove(work);
    }
  }

  private static void remove(Path tree) throws IOException {
    try (var files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void putTogether() throws Exception {
    GitRepository repository =
        GitRepository.bare(
            work.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
    repository.gitWithInput(history(), "fast-import", "--quiet", "--depth=" + random.nextInt(60));
    List<String> all =
        repository
            .git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            .lines()
            .toList();
    int packs = 1 + random.nextInt(8);
    for (int i = 0; i < packs; i++) {
      pack(repository, all);
    }
    for (int generation = 0; generation < 2; generation++) {
      try (Arena arena = Arena.ofShared()) {
        List<Path> files = new ArrayList<>(repository.packFiles());
        Collections.shuffle(files, random);
        files = files.subList(0, 1 + random.nextInt(files.size()));
        List<PackSource> sources = new ArrayList<>();
        Set<String> expected = new TreeSet<>();
        int mode = random.nextInt(3);
        for (Path file : files) {
          PackFile opened = PackFile.open(file, index(file), hash, arena);
          PositionSet selected = new PositionSet(arena, opened.index().count());
          for (long at = 0; at < opened.index().count(); at++) {
            if (mode == 0 || random.nextInt(mode * 2) == 0) {
              selected.add(at);
              expected.add(opened.index().idHex(at));
            }
          }
          sources.add(new PackSource.Packed(opened, selected));
        }
        if (random.nextInt(3) == 0) {
          Blobs made = new Blobs(random.nextInt(60), arena);
          expected.addAll(made.names);
          sources.add(random.nextInt(sources.size() + 1), made);
        }
        Path written = write(sources, generation);
        check(written, repository, expected, generation);
        divide(sources, expected, Files.size(written));
        if (mode == 0) {
          for (String extension : List.of(".pack", ".idx", ".rev")) {
            Path file = sibling(written, extension);
            Path target = repository.packs().resolve(file.getFileName());
            if (!Files.exists(target)) {
              Files.copy(file, target);
            }
          }
        }
      }
    }
  }

  private static Path sibling(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", extension));
  }

  private static Path index(Path pack) {
    return sibling(pack, ".idx");
  }

  /** Files that grow and change, some of them copies of each other. */
  private String history() {
    StringBuilder text = new StringBuilder();
    int files = 1 + random.nextInt(5);
    List<List<String>> contents = new ArrayList<>();
    for (int i = 0; i < files; i++) {
      List<String> lines = new ArrayList<>();
      for (int k = 0; k < 5 + random.nextInt(60); k++) {
        lines.add("line %d %x".formatted(k, random.nextLong()));
      }
      contents.add(lines);
    }
    int commits = 5 + random.nextInt(60);
    for (int c = 0; c < commits; c++) {
      text.append("commit refs/heads/main\ncommitter A <a@b> %d +0000\n".formatted(1600000000 + c));
      text.append("data 2\nc\n\n");
      for (int i = 0; i < 1 + random.nextInt(2); i++) {
        int file = random.nextInt(files);
        List<String> lines = contents.get(file);
        lines.set(random.nextInt(lines.size()), "changed %x".formatted(random.nextLong()));
        if (random.nextInt(10) == 0) {
          contents.set(file, new ArrayList<>(contents.get(random.nextInt(files))));
        }
        String content = String.join("\n", contents.get(file));
        text.append("M 100644 inline d%d/f%d\n".formatted(file % 2, file));
        text.append("data %d\n%s\n".formatted(content.length(), content));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private void pack(GitRepository repository, List<String> all) throws IOException {
    List<String> some = new ArrayList<>(all);
    Collections.shuffle(some, random);
    some = some.subList(0, 1 + random.nextInt(some.size()));
    List<String> options = new ArrayList<>(List.of("pack-objects", "-q", "--threads=1"));
    options.add("--depth=" + random.nextInt(120));
    options.add("--window=" + random.nextInt(30));
    if (random.nextBoolean()) {
      options.add("--no-reuse-delta");
    }
    if (random.nextBoolean()) {
      options.add("--delta-base-offset");
    }
    if (random.nextInt(5) == 0) {
      options.add("--no-reuse-object");
      options.add("--compression=" + random.nextInt(10));
    }
    if (random.nextInt(6) == 0) {
      options.add("--index-version=" + (random.nextBoolean() ? "1" : "2,40"));
    }
    options.add(repository.packs().resolve("pack").toString());
    repository.gitWithInput(String.join("\n", some) + "\n", options.toArray(String[]::new));
  }

  private static FileChannel create(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private Path write(List<PackSource> sources, int generation) throws IOException {
    Path target = Files.createDirectory(work.resolve("out" + generation));
    try (FileChannel scratch = create(target.resolve("scratch"));
        PackWriter writer = writer(sources, scratch)) {
      return write(writer.inOnePack(), target);
    }
  }

  private Path write(NewPack content, Path target) throws IOException {
    Path unnamed = target.resolve("new.pack");
    String name;
    try (FileChannel channel = create(unnamed)) {
      name = content.writePack(channel);
    }
    Path pack = Files.move(unnamed, target.resolve("pack-" + name + ".pack"));
    try (FileChannel channel = create(index(pack))) {
      content.writeIndex(channel);
    }
    try (FileChannel channel = create(sibling(pack, ".rev"))) {
      content.writeReverseIndex(channel);
    }
    try (Arena arena = Arena.ofShared()) {
      PackVerification.verify(PackFile.open(pack, index(pack), hash, arena), new Cancellation());
    }
    return pack;
  }

  /** The same in packs of at most some part of its size. */
  private void divide(List<PackSource> sources, Set<String> expected, long bytes)
      throws IOException {
    long maxBytes = Math.max(1, bytes / (1 + random.nextInt(6)) + random.nextInt(100) - 50);
    Path target = Files.createTempDirectory(work, "divided");
    GitRepository judge =
        GitRepository.bare(target.resolve("r.git"), "--object-format=" + hash.gitName());
    long objects = 0;
    int halfEmpty = 0;
    try (FileChannel scratch = create(target.resolve("scratch"));
        PackWriter writer = writer(sources, scratch)) {
      for (NewPack content : writer.inPacksOf(maxBytes)) {
        Path pack = write(content, judge.packs());
        long size = Files.size(pack);
        assertThat(content.objects() <= 1 || size <= maxBytes)
            .as("%d objects in %d bytes, %d at most", content.objects(), size, maxBytes)
            .isTrue();
        halfEmpty += size + LONGEST_DISTANCE * content.objects() < maxBytes / 2 ? 1 : 0;
        objects += content.objects();
        // By itself, so that nothing is taken from another pack.
        Path alone = Files.createDirectory(target.resolve("alone-" + pack.getFileName()));
        Path copy = Files.copy(pack, alone.resolve(pack.getFileName()));
        judge.git("index-pack", "--rev-index", copy.toString());
        for (String extension : List.of(".idx", ".rev")) {
          assertThat(sibling(pack, extension)).hasSameBinaryContentAs(sibling(copy, extension));
        }
        if (content.objects() > 0) {
          judge.git("verify-pack", copy.toString());
        }
      }
    }
    assertThat(objects).isEqualTo(expected.size());
    assertThat(halfEmpty).isLessThanOrEqualTo(1);
    assertThat(names(judge)).isEqualTo(expected);
  }

  private static Set<String> names(GitRepository repository) {
    return new HashSet<>(
        repository
            .git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            .lines()
            .toList());
  }

  private PackWriter writer(List<PackSource> sources, FileChannel scratch) throws IOException {
    if (random.nextBoolean()) {
      return new PackWriter(sources, hash, -1, new Cancellation());
    }
    DeltaSearchSettings settings =
        new DeltaSearchSettings(
            random.nextInt(12),
            random.nextInt(4) == 0 ? random.nextInt(4) : 50,
            random.nextInt(4) == 0 ? 1000 : 512 << 20,
            1 + random.nextInt(3),
            random.nextInt(4) == 0 ? 20_000 : 64 << 20);
    return new PackWriter(
        sources, hash, -1, new PackWriter.Search(settings, scratch), new Cancellation());
  }

  private void check(Path written, GitRepository repository, Set<String> expected, int generation)
      throws IOException {
    GitRepository copy =
        GitRepository.bare(
            work.resolve("copy" + generation + ".git"), "--object-format=" + hash.gitName());
    Path target = Files.copy(written, copy.packs().resolve(written.getFileName()));
    copy.git("index-pack", "--rev-index", target.toString());
    for (String extension : List.of(".idx", ".rev")) {
      assertThat(sibling(written, extension)).hasSameBinaryContentAs(sibling(target, extension));
    }
    assertThat(names(copy)).isEqualTo(expected);
    if (!expected.isEmpty()) {
      copy.git("verify-pack", target.toString());
    }
  }

  /** Blobs of all sizes, some of them too large to be held. */
  private final class Blobs implements PackSource.Made {
    private final List<byte[]> contents = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final MemorySegment ids;

    Blobs(int count, Arena arena) throws Exception {
      ids = arena.allocate((long) hash.length() * count);
      for (int i = 0; i < count; i++) {
        byte[] content = new byte[random.nextInt(20) == 0 ? 300_000 : random.nextInt(3000)];
        random.nextBytes(content);
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        object.writeBytes(("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8));
        object.writeBytes(content);
        byte[] id = hash.newDigest().digest(object.toByteArray());
        MemorySegment.copy(id, 0, ids, ValueLayout.JAVA_BYTE, (long) i * id.length, id.length);
        names.add(HexFormat.of().formatHex(id));
        contents.add(content);
      }
    }

    @Override
    public long count() {
      return contents.size();
    }

    @Override
    public MemorySegment ids() {
      return ids;
    }

    @Override
    public long expectedBytes(long i) {
      return i % 3 == 0 ? 1 : contents.get((int) i).length;
    }

    @Override
    public void make(long i, PackSource.EntrySink sink) throws IOException {
      byte[] content = contents.get((int) i);
      sink.begin(3, content.length);
      sink.write(content, 0, content.length);
    }
  }
}
