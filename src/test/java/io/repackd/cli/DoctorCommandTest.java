package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DoctorCommandTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();
  private GitRepository repository;
  private Path configuration;

  @BeforeEach
  void aRepository() throws IOException {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(3, new Random(20261121));
    configuration =
        Files.writeString(
            directory.resolve("repackd.conf"),
            "repositories = [ r.git ], safety.disk-reserve = 0\n");
  }

  private int doctor(String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return new CommandLine(new DoctorCommand())
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private int examine() {
    return doctor("--config", configuration.toString());
  }

  private static void age(Path file, Duration age) {
    GitRepository.setModified(file, Instant.now().minus(age));
  }

  @Test
  void aRepositoryInOrderIsFine() {
    assertThat(examine()).as(out.toString()).isZero();
    assertThat(out).hasToString("r (" + repository.path() + ")\n  fine\n");
  }

  @Test
  void whatItSaysItHasNotChanged() throws Exception {
    repository.git("multi-pack-index", "write");
    List<Path> before = repository.files("");
    assertThat(doctor("--config", configuration.toString(), repository.path().toString())).isZero();
    assertThat(repository.files("")).isEqualTo(before);
  }

  @Test
  void anOldLockThatNobodyIsSeenToHoldIsAFault() throws Exception {
    Path lock = Files.createFile(repository.objects().resolve("maintenance.lock"));
    assertThat(examine()).isZero();
    assertThat(out.toString()).contains("note: locks: " + lock + " has been there for ");
    Path graphs = Files.createDirectories(repository.objects().resolve("info/commit-graphs"));
    Path chain = Files.createFile(graphs.resolve("commit-graph-chain.lock"));
    age(chain, Duration.ofHours(7));
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("fault: locks: " + chain + " has been there for 7 h");
    assertThat(doctor("--config", configuration.toString(), "--json")).isEqualTo(1);
    assertThat(out.toString())
        .contains("\"lock\":\"commit-graph-chain\"", "\"liveness\":", "\"age_seconds\":25")
        .contains("\"repository\":\"r\"", "\"fault\":true");
  }

  @Test
  void aDamagedPackIsNamed() throws Exception {
    Path damaged = repository.packFiles().getFirst();
    Files.setPosixFilePermissions(damaged, PosixFilePermissions.fromString("rw-r--r--"));
    byte[] bytes = Files.readAllBytes(damaged);
    Files.write(damaged, Arrays.copyOf(bytes, bytes.length / 2));
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("fault: packs: ", damaged.toString(), "keep all files");
  }

  /** What no cycle reads: the checksums of the entries, of a pack that none puts together with others. */
  @Test
  void aDamagedIndexOfAKeptPackIsNamed() throws Exception {
    repository.git("multi-pack-index", "write");
    Path index = repository.files(".idx").getFirst();
    byte[] bytes = Files.readAllBytes(index);
    int objects = ByteBuffer.wrap(bytes).getInt(8 + 255 * 4);
    bytes[8 + 1024 + objects * 20] ^= 1; // the first of the checksums
    Files.setPosixFilePermissions(index, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(index, bytes);
    Files.createFile(Path.of(index.toString().replace(".idx", ".keep")));
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("fault: packs: ", index.toString(), "keep all files");
  }

  @Test
  void aWrongIndexIsNamedAndAPackThatIsGoneToo() throws Exception {
    repository.git("multi-pack-index", "write");
    byte[] bytes = Files.readAllBytes(repository.index());
    bytes[bytes.length - 1] ^= 1;
    Files.write(repository.index(), bytes);
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("fault: multi-pack-index: ", "writes it anew");
    repository.git("multi-pack-index", "write");
    Path gone = repository.packFiles().getFirst();
    GitRepository.remove(gone);
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains(gone.getFileName().toString().replace(".pack", ""));
  }

  @Test
  void aKeepThatADeadPushLeftIsAFaultAndAnyOtherIsNot() throws Exception {
    String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    Path keep = Path.of(repository.packFiles().getFirst().toString().replace(".pack", ".keep"));
    for (String others :
        List.of(
            "",
            "mine",
            "receive-pack 999999999 on elsewhere",
            "fetch-pack %d on %s".formatted(ProcessHandle.current().pid(), host))) {
      Files.writeString(keep, others);
      assertThat(examine()).as(others).isZero();
    }
    Files.writeString(keep, "receive-pack 999999999 on " + host + "\n");
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("keep files: " + keep, "receive-pack (process 999999999)");
  }

  @Test
  void whatIsLeftAloneIsANote() throws Exception {
    repository.git("multi-pack-index", "write", "--bitmap");
    repository.git("config", "extensions.preciousObjects", "true");
    Path temporary = Files.createFile(repository.packs().resolve("tmp_pack_AbC123"));
    age(temporary, Duration.ofDays(2));
    assertThat(examine()).as(out.toString()).isZero();
    assertThat(out.toString())
        .contains("note: multi-pack-index: ", ".bitmap")
        .contains("note: repository: it has extensions.preciousObjects")
        .contains("note: garbage: 1 temporary files");
  }

  @Test
  void aRepositoryThatIsRefusedIsAFault() {
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.sparkle", "true");
    assertThat(examine()).isEqualTo(1);
    assertThat(out.toString()).contains("fault: repository: ", "sparkle");
    assertThat(doctor("--config", configuration.toString(), "/nowhere")).isEqualTo(1);
    assertThat(errors.toString()).contains("/nowhere");
  }

  @Test
  void itExplainsItself() {
    assertThat(doctor("--help")).isZero();
    assertThat(out.toString()).contains("Usage: doctor", "PATH", "--json", "Exit status:");
    assertThat(doctor("--surplus")).isEqualTo(2);
  }
}
