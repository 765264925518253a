package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTargetTest {
  @TempDir Path directory;

  @Test
  void theStreamThatTheJournalGaveUsIsTheJournal() throws IOException {
    Path error = standardError();

    assertThat(LogTarget.detect(Map.of("JOURNAL_STREAM", deviceAndInode(error)), error))
        .isEqualTo(LogTarget.JOURNAL);
  }

  @Test
  void anInheritedJournalStreamIsNotOurs() throws IOException {
    assertThat(LogTarget.detect(Map.of("JOURNAL_STREAM", "8:1"), standardError()))
        .isEqualTo(LogTarget.UNKNOWN);
  }

  @Test
  void aTerminalIsATerminal() {
    assertThat(new String[] {"/dev/pts/3", "/dev/tty1", "/dev/console"})
        .allMatch(LogTarget::isTerminal);
    assertThat(new String[] {"/dev/null", "pipe:[4711]", "socket:[4711]"})
        .noneMatch(LogTarget::isTerminal);
  }

  @Test
  void anythingElseIsUnknown() throws IOException {
    assertThat(LogTarget.detect(Map.of(), standardError())).isEqualTo(LogTarget.UNKNOWN);
    assertThat(LogTarget.detect(Map.of(), directory.resolve("missing")))
        .isEqualTo(LogTarget.UNKNOWN);
  }

  /** As in {@code /proc/self/fd}: a link to the file that is open. */
  private Path standardError() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    return Files.createSymbolicLink(directory.resolve("2"), file);
  }

  private static String deviceAndInode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:dev") + ":" + Files.getAttribute(file, "unix:ino");
  }
}
