package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.objectdir.RepositorySearch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Packs in which places have more than 32 bits. Takes 20 GB of disk. */
@Tag("exhaustive")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class LargePacksTest {
  private static final int BLOBS = 48;
  private static final int BLOB_BYTES = 100 << 20;
  private static final long FOUR_GIB = 4L << 30;

  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @TempDir Path directory;

  private void run(Object command, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    int status =
        new CommandLine(command)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(errors))
            .execute(arguments);
    assertThat(status).as("%s%s", out, errors).isZero();
  }

  private static RepositorySearch search(GitRepository repository) {
    return new RepositorySearch(repository.path(), Map.of());
  }

  /** Noise, which takes as much room in a pack, and a tenth as much that does not. */
  private GitRepository looseBlobs() throws IOException {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    Random random = new Random(20261129);
    Path file = directory.resolve("blob");
    byte[] blob = new byte[BLOB_BYTES];
    for (int i = 0; i < BLOBS; i++) {
      random.nextBytes(blob);
      Arrays.fill(blob, 0, BLOB_BYTES / 10, (byte) i);
      Files.write(file, blob);
      repository.git("hash-object", "-w", file.toString());
    }
    Files.delete(file);
    // Later, because git puts what is above it into packs at once.
    repository.git("config", "core.bigFileThreshold", "10m");
    return repository;
  }

  /** Git makes the same index of it, which it does not without looking at each object. */
  private void judge(GitRepository repository, Path pack) throws IOException {
    assertThat(Files.size(pack)).isGreaterThan(FOUR_GIB);
    Path index = directory.resolve("judged.idx");
    repository.git("index-pack", "--strict", "-o", index.toString(), pack.toString());
    assertThat(Path.of(pack.toString().replace(".pack", ".idx"))).hasSameBinaryContentAs(index);
    Files.delete(index);
    Files.deleteIfExists(directory.resolve("judged.rev"));
  }

  @Test
  void moreThanFourGibibytesOfLooseObjectsBecomeOnePackAndOfPacksAnother() throws Exception {
    GitRepository repository = looseBlobs();
    String ids = String.join("\n", LooseFiles.ids(repository)) + "\n";

    run(new LooseObjectsCommand(search(repository), false), "--now");
    Path bundle = repository.packFiles().getFirst();
    judge(repository, bundle);
    run(new LooseObjectsCommand(search(repository), false), "--now");
    assertThat(LooseFiles.ids(repository)).isEmpty();

    String prefix = repository.packs().resolve("pack").toString();
    repository.gitWithInput(ids, "pack-objects", "-q", "--max-pack-size=1500m", prefix);
    for (String extension : List.of("idx", "rev", "baddeltas", "pack")) {
      Files.deleteIfExists(Path.of(bundle.toString().replaceFirst("pack$", extension)));
    }
    List<Path> parts = repository.packFiles();
    assertThat(parts).hasSizeGreaterThan(2);
    String objects = "--object-dir=" + repository.objects();
    run(new MultiPackIndexSubcommand(), objects, "write");
    run(new MultiPackIndexSubcommand(), objects, "repack", "--batch-size=0");
    List<Path> packs = new ArrayList<>(repository.packFiles());
    assertThat(packs).hasSize(parts.size() + 1);
    packs.removeAll(parts);
    judge(repository, packs.getFirst());
    repository.git("multi-pack-index", "verify");
    run(new MultiPackIndexSubcommand(), objects, "expire");
    assertThat(repository.packFiles()).isEqualTo(packs);
    repository.git("fsck", "--full", "--no-dangling");
    assertThat(repository.gitWithInput(ids, "cat-file", "--batch-check").lines())
        .hasSize(BLOBS)
        .allMatch(line -> line.endsWith(" blob " + BLOB_BYTES));
  }
}
