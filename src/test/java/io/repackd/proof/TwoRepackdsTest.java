package io.repackd.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.repackd.BatchReader;
import io.repackd.GitRepository;
import io.repackd.platform.FileLease;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two programs of ours that live long, each with a state of its own, over one repository. */
class TwoRepackdsTest {
  @TempDir Path temporary;

  private final Random random = new Random(20261121);
  private final List<Repackd> programs = new ArrayList<>();
  private GitRepository repository;

  /** Waits between its cycles until it is told to go on. */
  private record Repackd(Process process, Writer next, BufferedReader outcomes) {
    /** Runs a cycle; how many packs it deleted. */
    int cycle() throws IOException {
      next.write("\n");
      next.flush();
      String outcome = outcomes.readLine();
      assertThat(outcome).startsWith("OK ");
      return Integer.parseInt(outcome.split(" ")[3]);
    }
  }

  @BeforeEach
  void packsAndAnIndex() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main").fetches(3, random);
    try (FileLease lease = FileLease.open(repository.packFiles().getFirst())) {
      assumeTrue(lease.take() == FileLease.Use.NOBODY, "leases are not granted here");
    }
    repository.git("multi-pack-index", "write");
  }

  @AfterEach
  void end() throws Exception {
    for (Repackd program : programs) {
      program.process().destroyForcibly().waitFor();
    }
  }

  private Repackd start(String name) throws IOException {
    Path directory = Files.createDirectory(temporary.resolve(name));
    Files.writeString(
        directory.resolve("repackd.conf"),
        """
        repositories = [ "%s" ]
        state-directory = state
        aggregate.enabled = false
        expire.min-age = 0s
        repack { min-age = 0s, batch-size = 0 }
        safety.disk-reserve = 0
        """
            .formatted(repository.path()));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                BackToBack.class.getName(),
                directory.toString())
            .redirectError(directory.resolve("errors").toFile())
            .start();
    Repackd program = new Repackd(process, process.outputWriter(), process.inputReader());
    programs.add(program);
    return program;
  }

  private void readAll(BatchReader git) throws IOException {
    for (String line : repository.reachable().split("\n")) {
      assertThat(git.read(line.substring(0, 40))).doesNotContain("missing");
    }
  }

  @Test
  void noneWaitsForTheOtherOnceTheReadersHaveEnded() throws Exception {
    Repackd one = start("one");
    Repackd other = start("other");
    try (BatchReader git = new BatchReader(repository)) {
      assertThat(git.read("main")).contains("commit");
      assertThat(one.cycle()).isZero(); // supersedes the index that git reads
      assertThat(other.cycle()).isZero();
      try (BatchReader second = new BatchReader(repository)) {
        assertThat(second.read("main")).contains("commit");
        repository.fetch(3, random);
        assertThat(other.cycle()).isZero(); // supersedes the index that the second git reads
        readAll(git);
        readAll(second);
      }
    }
    assertThat(other.cycle()).isPositive();
    repository.assertHealthy();
    assertThat(repository.files("")).noneMatch(file -> file.toString().contains("tmp_"));
  }
}
