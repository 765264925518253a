package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTableTest {
  @TempDir Path directory;

  private Optional<ProcessTable.Reader> find(Process process) throws IOException {
    return new ProcessTable()
        .census(Set.of(directory.toRealPath())).readers().stream()
            .filter(reader -> reader.pid() == process.pid())
            .findFirst();
  }

  /** A process which says when it has done what it was told, and then waits for its standard input to end. */
  private Process start(String script) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", script + "; echo ready; cat >/dev/null")
            .directory(Path.of("/").toFile())
            .start();
    process.inputReader().readLine();
    return process;
  }

  private static void end(Process process) throws Exception {
    process.outputWriter().close();
    process.waitFor();
  }

  @Test
  void whoHasAFileOpenIsSeen() throws Exception {
    Path file = Files.createFile(directory.resolve("x.pack")).toRealPath();
    Process process = start("exec 5<" + file);
    try {
      ProcessTable.Reader reader = find(process).orElseThrow();
      assertThat(reader.files()).extracting(ProcessTable.UsedFile::path).containsExactly(file);
      assertThat(reader.worksThere()).isFalse();
      assertThat(Duration.between(reader.started(), Instant.now()).abs())
          .isLessThan(Duration.ofMinutes(1));
      Files.delete(file);
      assertThat(find(process).orElseThrow().files())
          .extracting(ProcessTable.UsedFile::deleted)
          .containsExactly(true);
    } finally {
      end(process);
    }
    assertThat(find(process)).isEmpty();
  }

  @Test
  void whoWorksThereIsSeen() throws Exception {
    Process process = start("cd " + directory);
    try {
      assertThat(find(process)).hasValueSatisfying(r -> assertThat(r.worksThere()).isTrue());
    } finally {
      end(process);
    }
  }

  @Test
  void aStampTellsALiveProcessFromADeadOne() throws Exception {
    assertThat(ProcessStamp.own().provablyDead()).isFalse();
    Process process = start("true");
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp stamp =
        new ProcessStamp(
            own.host(),
            own.bootId(),
            own.pidNamespace(),
            process.pid(),
            ProcessStamp.startTicks(process.pid()));
    assertThat(stamp.provablyDead()).isFalse();
    end(process);
    assertThat(stamp.provablyDead()).isTrue();
    assertThat(ProcessStamp.parse(stamp.render())).contains(stamp);
  }
}
