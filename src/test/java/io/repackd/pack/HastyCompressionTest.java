package io.repackd.pack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HastyCompressionTest {
  private static final int BLOB = 3;
  private static final int LEAST_EFFORT = 1;

  private static final DeltaSearchSettings SETTINGS =
      new DeltaSearchSettings(10, 50, 512L << 20, 2, 64L << 20);

  /** No deltas are searched, but what comes after the search is done. */
  private static final DeltaSearchSettings NO_DELTAS =
      new DeltaSearchSettings(0, 0, 512L << 20, 2, 64L << 20);

  @TempDir Path directory;

  private final Random random = new Random(20261129);
  private GitRepository repository = GitRepository.at(Path.of(""));
  private SearchTrial trial = new SearchTrial(Path.of(""), HashAlgorithm.SHA1);

  @BeforeEach
  void start() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    trial = new SearchTrial(directory, HashAlgorithm.SHA1);
  }

  /** Words which a patient compression finds more in common among. */
  private byte[] text(int words) {
    return random
        .ints(words, 0, 300)
        .mapToObj(word -> Integer.toString(word * 7919, 36))
        .collect(Collectors.joining(" "))
        .getBytes(UTF_8);
  }

  private Path pack(List<byte[]> blobs, int level) throws Exception {
    return TestPack.write(
        repository,
        blobs.stream()
            .map(blob -> TestPack.whole(BLOB, blob, level))
            .toArray(TestPack.Entry[]::new));
  }

  private List<byte[]> texts(int count) {
    List<byte[]> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(text(500 + random.nextInt(3000)));
    }
    return texts;
  }

  @Test
  void aRepackCompressesAnewWhatWasCompressedInHaste() throws Exception {
    List<byte[]> texts = texts(50);
    Path hasty = pack(texts, LEAST_EFFORT);

    SearchTrial.Result result = trial.write(List.of(hasty), NO_DELTAS);

    // As large as if it had been compressed well at first.
    assertThat(Files.size(result.pack()))
        .isLessThan(Files.size(hasty))
        .isEqualTo(Files.size(pack(texts, 6)));
    result.repository().git("fsck", "--full", "--strict");
    // And once is enough.
    assertThat(trial.write(List.of(result.pack()), NO_DELTAS).pack())
        .hasSameBinaryContentAs(result.pack());
  }

  @Test
  void whatWasCompressedWellIsCopied() throws Exception {
    for (int level : new int[] {6, 7, 9}) {
      Path pack = pack(texts(20), level);
      assertThat(Files.size(trial.write(List.of(pack), NO_DELTAS).pack()))
          .isEqualTo(Files.size(pack));
    }
  }

  @Test
  void withoutASearchEverythingIsCopied() throws Exception {
    Path pack = pack(texts(20), LEAST_EFFORT);
    try (Arena arena = Arena.ofShared()) {
      PackFile file =
          PackFile.open(pack, SearchTrial.with(pack, ".idx"), HashAlgorithm.SHA1, arena);
      PackSource all = new PackSource.Packed(file, PositionSet.all(arena, file.index().count()));
      assertThat(trial.write(List.of(all), Optional.empty()).pack()).hasSameBinaryContentAs(pack);
    }
  }

  /** It is compressed anew, and they are still built upon it. */
  @Test
  void theBaseOfDeltasIsNoException() throws Exception {
    byte[] base = text(4000);
    List<TestPack.Entry> entries = new ArrayList<>();
    entries.add(TestPack.whole(BLOB, base, LEAST_EFFORT));
    List<byte[]> versions = new ArrayList<>(List.of(base));
    for (int i = 0; i < 10; i++) {
      byte[] version = base.clone();
      version[version.length - 1 - i] = '!';
      entries.add(TestPack.refDelta(TestPack.blobId(base), base, version));
      versions.add(version);
    }
    Path pack = TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));

    SearchTrial.Result result = trial.write(List.of(pack), SETTINGS);

    SearchTrial.Entry whole =
        result.entries().all().stream().filter(entry -> entry.depth() == 0).findFirst().get();
    byte[] bytes = Files.readAllBytes(result.pack());
    // The base has a head of three bytes, for its length.
    assertThat((bytes[(int) whole.offset() + 3 + 1] & 0xff) >>> 6).isEqualTo(2);
    assertThat(result.entries().all()).hasSize(versions.size());
    assertThat(result.longestChain()).isPositive();
    result.repository().git("fsck", "--full", "--strict");
  }
}
