package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeltaWindowTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private final Cancellation cancellation = new Cancellation();

  @ParameterizedTest
  @CsvSource({"10,3", "10,12", "100,6", "1000000,6"})
  void noMoreMemoryIsTakenThanIsAllowed(int window, int mebibytes) throws Exception {
    Path pack = pack();
    long memoryBytes = (long) mebibytes << 20;
    DeltaSearchSettings settings = new DeltaSearchSettings(window, 50, 512L << 20, 1, memoryBytes);
    try (Arena arena = Arena.ofShared();
        FileChannel scratch = SearchTrial.create(directory.resolve("scratch"))) {
      EntryTable entries = entries(pack, arena);
      Candidates candidates = Candidates.collect(entries, settings, arena, cancellation);
      candidates.sort();
      Proposals proposals = new Proposals(candidates.count(), arena);
      DeltaDepths depths = DeltaDepths.measure(entries, arena, cancellation);
      long most = 0;
      try (DeltaWindow searched =
          new DeltaWindow(
              entries,
              depths,
              settings,
              new FoundDeltas(scratch, settings.foundBytes(), arena),
              proposals,
              HASH.length(),
              -1,
              cancellation)) {
        // The shortest first too, so that large ones come upon a window of small ones.
        for (boolean reversed : new boolean[] {false, true, false}) {
          searched.clear(memoryBytes);
          for (long i = 0; i < candidates.count(); i++) {
            long candidate = reversed ? candidates.count() - 1 - i : i;
            searched.add(candidate, candidates.entry(candidate));
            assertThat(searched.nativeBytes()).isLessThanOrEqualTo(memoryBytes);
            most = Math.max(most, searched.nativeBytes());
          }
        }
      }
      assertThat(most).isGreaterThan(Math.min(memoryBytes, 4 << 20) / 3);
    }
  }

  private EntryTable entries(Path pack, Arena arena) throws IOException {
    PackFile file = PackFile.open(pack, SearchTrial.with(pack, ".idx"), HASH, arena);
    PositionSet selected = new PositionSet(arena, file.index().count());
    for (long i = 0; i < file.index().count(); i++) {
      selected.add(i);
    }
    EntryTable entries =
        new EntryTable(List.of(new PackSource.Packed(file, selected)), HASH.length(), arena);
    IdOrder.sort(
        entries, EntryCollection.collect(entries, arena, arena, cancellation), cancellation);
    EntryTypes.complete(entries);
    DeltaChoice.decide(entries, cancellation);
    return entries;
  }

  /** Blobs of all lengths with something in common, some of them long deltas. */
  private Path pack() throws IOException {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    byte[] common = new byte[1 << 20];
    random.nextBytes(common);
    List<TestPack.Entry> entries = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      int length = random.nextInt(1 << 10 + random.nextInt(11));
      byte[] blob = Arrays.copyOf(common, length + 200);
      for (int k = 0; k < 50; k++) {
        blob[random.nextInt(blob.length)] ^= 1;
      }
      entries.add(TestPack.whole(3, blob));
      if (blob.length < 0x10000 && i % 3 == 0) {
        byte[] longer = Arrays.copyOf(blob, blob.length + 3000);
        System.arraycopy(common, 5000, longer, blob.length, 3000);
        entries.add(TestPack.longDelta(blob, longer));
      }
    }
    return TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
  }
}
