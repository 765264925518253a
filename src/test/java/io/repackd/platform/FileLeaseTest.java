package io.repackd.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.repackd.BatchReader;
import io.repackd.GitRepository;
import io.repackd.platform.FileLease.LeasedException;
import io.repackd.platform.FileLease.Use;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLeaseTest {
  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void aFileOnAFileSystemThatGrantsLeases() throws IOException {
    file = Files.writeString(directory.resolve("x.pack"), "content");
    assumeTrue(use(file) == Use.NOBODY, "leases are not granted here");
  }

  private static Use use(Path file) throws IOException {
    try (FileLease lease = FileLease.open(file)) {
      return lease.take();
    }
  }

  @Test
  void whoHasTheFileOpenIsInTheWay() throws Exception {
    Process reader = new ProcessBuilder("sh", "-c", "exec 5<" + file + "; echo; cat").start();
    reader.inputReader().readLine();
    assertThat(use(file)).isEqualTo(Use.SOMEBODY);
    reader.outputWriter().close();
    reader.waitFor();
    assertThat(use(file)).isEqualTo(Use.NOBODY);
  }

  @Test
  void aMappingWhoseDescriptorWasClosedIsInTheWay() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
      }
      assertThat(use(file)).isEqualTo(Use.SOMEBODY);
    }
    assertThat(use(file)).isEqualTo(Use.NOBODY);
  }

  /** Git closes the descriptors of what it has mapped. */
  @Test
  void aGitThatReadsAPackIsInTheWayAndSoItIsWhenThePackHasNoNameAnyMore() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetch(3, new Random(20261121)).git("multi-pack-index", "write");
    Path pack = repository.packFiles().getFirst();
    List<Path> files = List.of(pack, repository.files(".idx").getFirst(), repository.index());
    try (BatchReader git = new BatchReader(repository)) {
      git.read("main");
      try (FileLease index = FileLease.open(repository.index())) {
        assertThat(use(pack)).isEqualTo(Use.SOMEBODY);
        assertThat(index.take()).isEqualTo(Use.SOMEBODY);
        Files.delete(repository.index());
        assertThat(index.take()).isEqualTo(Use.SOMEBODY);
        git.close();
        assertThat(index.take()).isEqualTo(Use.NOBODY);
      }
    }
    assertThat(use(files.get(0))).isEqualTo(Use.NOBODY);
    assertThat(use(files.get(1))).isEqualTo(Use.NOBODY);
  }

  @Test
  void whoOpensALeasedFileWaitsAndThenReadsItAlthoughItIsUnlinked() throws Exception {
    Process holder = start(file);
    try (BufferedReader said = holder.inputReader()) {
      assertThat(said.readLine()).isEqualTo("NOBODY");
      Process reader = new ProcessBuilder("cat", file.toString()).start();
      // A holder that had left the signal as it is would have ended with "I/O possible" here.
      assertThat(said.readLine()).isEqualTo("wanted");
      assertThat(holder.waitFor()).isZero();
      assertThat(new String(reader.getInputStream().readAllBytes(), UTF_8)).isEqualTo("content");
      assertThat(reader.waitFor()).isZero();
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(file).doesNotExist();
  }

  private static Process start(Path file) throws IOException {
    return new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            LeaseHolder.class.getName(),
            file.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  @Test
  void aReleasedLeaseCanBeTakenAgainAndAClosedOneCannot() throws Exception {
    FileLease lease = FileLease.open(file);
    assertThat(lease.take()).isEqualTo(Use.NOBODY);
    assertThat(lease.undisturbed()).isTrue();
    assertThatThrownBy(() -> FileLease.open(file)).isInstanceOf(LeasedException.class);
    lease.release();
    assertThat(lease.undisturbed()).isFalse();
    assertThat(lease.take()).isEqualTo(Use.NOBODY);
    lease.close();
    lease.close();
    assertThat(lease.undisturbed()).isFalse();
    assertThatThrownBy(lease::take).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whereTheKernelDoesNotSayItIsUnknown() throws Exception {
    try (FileLease lease = FileLease.open(directory)) {
      assertThat(lease.take()).isEqualTo(Use.UNKNOWN);
      assertThat(lease.whyUnknown()).isNotEmpty();
    }
    assertThatThrownBy(() -> FileLease.open(directory.resolve("none")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none");
  }
}
