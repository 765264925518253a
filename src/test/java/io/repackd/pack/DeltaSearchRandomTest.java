package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.SearchTrial.Entries;
import io.repackd.pack.SearchTrial.Entry;
import io.repackd.pack.SearchTrial.Result;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repositories of shapes that a delta search would rather not meet, packed at random, put together in random choices: git and JGit read
 * each object, and no chain is longer than it may be. Runs more of them with {@code -Drandom.seeds=FIRST-LAST}.
 */
class DeltaSearchRandomTest {
  private static final String SEEDS = System.getProperty("random.seeds", "1-2");

  @TempDir Path directory;

  private Random random = new Random(0);
  private HashAlgorithm hash = HashAlgorithm.SHA1;
  private Path work = Path.of("");
  private boolean sound;

  @Test
  void whateverIsSearchedIsReadBack() throws Exception {
    String[] range = SEEDS.split("-", 2);
    tryAll(Long.parseLong(range[0]), Long.parseLong(range[1]));
  }

  @Test
  @Tag("exhaustive")
  void whateverIsSearchedIsReadBackManyTimes() throws Exception {
    tryAll(1000, 1199);
  }

  private void tryAll(long first, long last) throws Exception {
    for (long seed = first; seed <= last; seed++) {
      random = new Random(seed);
      hash = random.nextInt(4) == 0 ? HashAlgorithm.SHA256 : HashAlgorithm.SHA1;
      work = Files.createDirectory(directory.resolve("seed-" + seed));
      sound = true;
      try {
        putTogether();
      } catch (Exception | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
      try (var files = Files.walk(work)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void putTogether() throws Exception {
    GitRepository repository =
        GitRepository.bare(
            work.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
    int depth = random.nextInt(3) == 0 ? 4095 : random.nextInt(60);
    repository.gitWithInput(
        history(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--depth=" + depth);
    if (random.nextInt(3) == 0) {
      brokenTrees(repository);
    }
    List<String> all =
        repository
            .git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            .lines()
            .toList();
    for (int i = random.nextInt(7); i >= 0; i--) {
      pack(repository, all);
    }
    if (hash == HashAlgorithm.SHA1 && random.nextBoolean()) {
      opposites(repository);
    }
    boolean everything = random.nextBoolean();
    List<Path> packs = new ArrayList<>(repository.packFiles());
    Collections.shuffle(packs, random);
    if (!everything) {
      packs = packs.subList(0, 1 + random.nextInt(packs.size()));
    }
    check(repository, packs, everything);
  }

  private void check(GitRepository repository, List<Path> packs, boolean everything)
      throws Exception {
    DeltaSearchSettings settings = settings(1 + random.nextInt(3));
    Set<String> expected = new TreeSet<>();
    Result result;
    try (Arena arena = Arena.ofShared()) {
      List<PackSource> sources = new ArrayList<>();
      for (Path pack : packs) {
        sources.add(source(pack, everything, expected, arena));
      }
      SearchTrial trial = new SearchTrial(work, hash);
      result = trial.write(sources, Optional.of(settings));
      DeltaSearchSettings otherwise =
          new DeltaSearchSettings(
              settings.window(),
              settings.depth(),
              settings.bigFileBytes(),
              settings.threads() % 3 + 1,
              settings.memoryBytes());
      assertThat(trial.write(sources, Optional.of(otherwise)).pack())
          .hasSameBinaryContentAs(result.pack());
    }
    Entries entries = result.entries();
    assertThat(new TreeSet<>(entries.ids())).isEqualTo(expected);
    requireShortChains(repository, packs, entries, settings.depth());
    if (everything && sound) {
      String copy = result.repository().packFiles().getFirst().toString();
      result.repository().git("index-pack", "--strict", copy);
      result.repository().git("fsck", "--full");
    }
    String batch = "--batch-check=%(objectname) %(objecttype) %(objectsize)";
    String ids = String.join("\n", expected) + "\n";
    assertThat(result.repository().gitWithInput(ids, "cat-file", batch))
        .isEqualTo(repository.gitWithInput(ids, "cat-file", batch));
    if (hash == HashAlgorithm.SHA1) {
      readByJGit(result.repository(), expected);
    }
  }

  private PackSource source(Path pack, boolean everything, Set<String> expected, Arena arena)
      throws IOException {
    PackFile opened = PackFile.open(pack, SearchTrial.with(pack, ".idx"), hash, arena);
    PositionSet selected = new PositionSet(arena, opened.index().count());
    for (long at = 0; at < opened.index().count(); at++) {
      if (everything || random.nextInt(4) != 0) {
        selected.add(at);
        expected.add(opened.index().idHex(at));
      }
    }
    return new PackSource.Packed(opened, selected, random.nextInt(3) == 0);
  }

  private DeltaSearchSettings settings(int threads) {
    int[] depths = {0, 1, 3, 50, 50, 50, 4095};
    return new DeltaSearchSettings(
        random.nextInt(5) == 0 ? 60 : random.nextInt(12),
        depths[random.nextInt(depths.length)],
        random.nextInt(5) == 0 ? 1000 : 512 << 20,
        threads,
        1L << 20 + random.nextInt(8));
  }

  /** A delta that no pack had before is in no chain that is too long, neither below it nor above it. */
  private static void requireShortChains(
      GitRepository repository, List<Path> packs, Entries entries, int depth) {
    Set<String> kept = new HashSet<>();
    for (Path pack : packs) {
      for (Entry entry : SearchTrial.entries(repository, pack).all()) {
        kept.add(entry.id() + entry.base());
      }
    }
    Map<String, Integer> heights = new HashMap<>();
    List<Entry> deepestFirst = new ArrayList<>(entries.all());
    deepestFirst.sort(Comparator.comparingInt(Entry::depth).reversed());
    for (Entry entry : deepestFirst) {
      int height = heights.getOrDefault(entry.id(), 0);
      if (entry.depth() > 0) {
        heights.merge(entry.base(), height + 1, Math::max);
        if (!kept.contains(entry.id() + entry.base())) {
          assertThat(entry.depth() + height).as(entry.toString()).isLessThanOrEqualTo(depth);
        }
      }
    }
  }

  private static void readByJGit(GitRepository repository, Set<String> ids) throws IOException {
    try (FileRepository opened = new FileRepository(repository.path().toFile());
        ObjectReader reader = opened.newObjectReader();
        ObjectInserter.Formatter formatter = new ObjectInserter.Formatter()) {
      for (String id : ids) {
        ObjectLoader object = reader.open(ObjectId.fromString(id));
        byte[] content = object.getCachedBytes(Integer.MAX_VALUE);
        assertThat(formatter.idFor(object.getType(), content).name()).isEqualTo(id);
      }
    }
  }

  /** A stream for fast-import. */
  private String history() {
    StringBuilder text = new StringBuilder();
    commit(text);
    file(text, "empty", "");
    file(text, "one", String.valueOf((char) ('a' + random.nextInt(26))));
    if (random.nextInt(3) == 0) {
      alike(text);
    }
    if (random.nextInt(4) == 0) {
      huge(text);
    }
    if (random.nextInt(3) == 0) {
      manyLines(text);
    }
    versions(text, random.nextInt(4) == 0 ? 400 : 5 + random.nextInt(60));
    commit(text);
    text.append("deleteall\n\n"); // its tree is empty
    return text.toString();
  }

  private void commit(StringBuilder text) {
    text.append("commit refs/heads/main\ncommitter A <a@b> 1600000000 +0000\ndata 2\nc\n\n");
  }

  private static void file(StringBuilder text, String path, String content) {
    int bytes = content.getBytes(StandardCharsets.UTF_8).length;
    text.append("M 100644 inline ").append(path).append("\ndata ").append(bytes);
    text.append('\n').append(content).append('\n');
  }

  /** In C's notation, any bytes but slash and zero. */
  private String oddName() {
    StringBuilder name = new StringBuilder("\"odd");
    for (int i = random.nextInt(30); i >= 0; i--) {
      int octet = 1 + random.nextInt(255);
      name.append("\\%03o".formatted(octet == '/' ? ' ' : octet));
    }
    return name.append('"').toString();
  }

  /** Many of the same length, with little and with much in common. */
  private void alike(StringBuilder text) {
    String half = "x%05d".formatted(random.nextInt(10_000)).repeat(20 + random.nextInt(60));
    for (int i = 0; i < 1500; i++) {
      file(text, random.nextInt(9) == 0 ? oddName() : "same/" + i, half + "%08x".formatted(i));
    }
  }

  /** Some bytes of many megabytes are different, and some megabytes lie elsewhere. */
  private void huge(StringBuilder text) {
    StringBuilder content = new StringBuilder();
    for (int i = random.nextInt(200_000); i < 300_000; i++) {
      content.append(Long.toHexString(random.nextLong()));
    }
    for (int i = 0; i < 3; i++) {
      file(text, "huge", content.toString());
      text.append('\n');
      commit(text);
      content.setCharAt(random.nextInt(content.length()), '!');
      content.append(content.substring(0, 1000));
      content.delete(0, random.nextInt(5000));
    }
  }

  /** Trees of thousands of lines, of which one changes. */
  private void manyLines(StringBuilder text) {
    for (int i = 0; i < 2000; i++) {
      file(text, "lines/" + i, "content " + random.nextInt(50));
    }
    for (int i = 0; i < 10; i++) {
      text.append('\n');
      commit(text);
      file(text, "lines/" + random.nextInt(3000), "another " + i);
    }
  }

  private void versions(StringBuilder text, int commits) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      lines.add("line %x".formatted(random.nextLong()));
    }
    String odd = oddName();
    for (int i = 0; i < commits; i++) {
      text.append('\n');
      commit(text);
      lines.set(random.nextInt(lines.size()), "changed %x".formatted(random.nextLong()));
      file(text, random.nextInt(4) == 0 ? odd : "d/f", String.join("\n", lines));
    }
    text.append('\n');
  }

  /** Objects that say they are trees, and are anything. */
  private void brokenTrees(GitRepository repository) {
    sound = false;
    String line = "100644 name\0" + "i".repeat(hash.length());
    String[] contents = {
      "",
      "no tree at all, but long enough to be looked at as one, for it has some sixty bytes",
      "\0".repeat(300),
      "100644 ".repeat(40),
      line.repeat(50) + "100644 cut off\0short",
      line.repeat(50) + "noblank\0" + "i".repeat(hash.length()),
      line.repeat(50) + "x".repeat(200),
    };
    for (String content : contents) {
      repository.gitWithInput(content, "hash-object", "-t", "tree", "--literally", "-w", "--stdin");
      repository.gitWithInput(
          content + line, "hash-object", "-t", "tree", "--literally", "-w", "--stdin");
    }
  }

  /** Two packs, and in each of them the object is a delta which is the base in the other. */
  private void opposites(GitRepository repository) throws IOException {
    byte[] beginning = new byte[500 + random.nextInt(3000)];
    random.nextBytes(beginning);
    byte[] a = Arrays.copyOf(beginning, beginning.length + 20);
    byte[] b = Arrays.copyOf(beginning, beginning.length + 30);
    a[beginning.length] = 1;
    b[beginning.length] = 2;
    TestPack.write(repository, TestPack.whole(3, a), TestPack.refDelta(TestPack.blobId(a), a, b));
    TestPack.write(repository, TestPack.whole(3, b), TestPack.refDelta(TestPack.blobId(b), b, a));
  }

  private void pack(GitRepository repository, List<String> all) {
    List<String> some = new ArrayList<>(all);
    Collections.shuffle(some, random);
    some = some.subList(0, 1 + random.nextInt(some.size()));
    List<String> options = new ArrayList<>(List.of("pack-objects", "-q", "--threads=1"));
    options.add("--depth=" + (random.nextInt(4) == 0 ? 4095 : random.nextInt(120)));
    options.add("--window=" + random.nextInt(12));
    for (String option : List.of("--no-reuse-delta", "--delta-base-offset")) {
      if (random.nextBoolean()) {
        options.add(option);
      }
    }
    if (random.nextInt(6) == 0) {
      options.add("--index-version=1");
    }
    options.add(repository.packs().resolve("pack").toString());
    repository.gitWithInput(String.join("\n", some) + "\n", options.toArray(String[]::new));
  }
}
