package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import io.repackd.platform.CancelledException;
import io.repackd.platform.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How much is still done when work is to end: times say nothing on a busy machine. */
@Timeout(600)
class CancelledSearchTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;
  private static final int THREADS = 2;

  @TempDir Path directory;

  private final Random random = new Random(20261121);
  private final Cancellation cancellation = new Cancellation();

  private Path pack(int count, int bytes, int commonBytes) throws IOException {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    byte[] common = new byte[commonBytes];
    random.nextBytes(common);
    List<TestPack.Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] blob = new byte[bytes];
      random.nextBytes(blob);
      System.arraycopy(common, 0, blob, 0, commonBytes);
      entries.add(TestPack.whole(3, blob));
    }
    return TestPack.write(repository, entries.toArray(TestPack.Entry[]::new));
  }

  private void write(Path pack, DeltaSearchSettings settings, Path target) {
    try (Arena arena = Arena.ofShared();
        FileChannel scratch = SearchTrial.create(directory.resolve("scratch"))) {
      PackFile file = PackFile.open(pack, SearchTrial.with(pack, ".idx"), HASH, arena);
      PositionSet selected = new PositionSet(arena, file.index().count());
      for (long i = 0; i < file.index().count(); i++) {
        selected.add(i);
      }
      try (PackWriter writer =
              new PackWriter(
                  List.of(new PackSource.Packed(file, selected)),
                  HASH,
                  -1,
                  new PackWriter.Search(settings, scratch),
                  cancellation);
          FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
        writer.inOnePack().writePack(channel);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static CompletableFuture<Void> begin(Runnable work) {
    return CompletableFuture.runAsync(work, command -> new Thread(command).start());
  }

  private static void assertCancelled(CompletableFuture<Void> work) {
    assertThatThrownBy(work::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(CancelledException.class);
  }

  @Test
  void eachThreadOfASearchEndsWithTheObjectItIsAt() throws Exception {
    // Each is compared with a thousand others: that takes many seconds.
    Path pack = pack(6000, 3000, 1600);
    DeltaSearchSettings settings =
        new DeltaSearchSettings(1000, 50, 512L << 20, THREADS, 256L << 20);
    Path target = Files.createFile(directory.resolve("new.pack"));
    CompletableFuture<Void> work = begin(() -> write(pack, settings, target));
    while (!searched()) {
      assertThat(work).isNotDone();
      Thread.onSpinWait();
    }
    cancellation.request();
    long before = objects();
    assertCancelled(work);
    assertThat(objects() - before).isLessThanOrEqualTo(THREADS);
    assertThat(target).isEmptyFile();
  }

  private boolean searched() {
    return cancellation
        .progress()
        .look()
        .filter(seen -> seen.what().equals("searching deltas") && seen.objects() > 0)
        .isPresent();
  }

  private long objects() {
    return cancellation.progress().look().map(Progress.Seen::objects).orElseThrow();
  }

  @Test
  void aPackThatIsBeingWrittenEndsWithTheStretchItIsAt() throws Exception {
    int mebibytes = 40;
    Path pack = pack(mebibytes, 1 << 20, 0);
    DeltaSearchSettings settings = new DeltaSearchSettings(10, 50, 1000, THREADS, 1 << 20);
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    CompletableFuture<Void> work = begin(() -> write(pack, settings, pipe));
    try (InputStream read = Files.newInputStream(pipe)) {
      assertThat(read.readNBytes(10 << 20)).hasSize(10 << 20);
      cancellation.request();
      assertThat(read.readAllBytes().length).isLessThan(8 << 20);
    }
    assertCancelled(work);
  }
}
