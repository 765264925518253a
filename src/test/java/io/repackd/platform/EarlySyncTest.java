package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EarlySyncTest {
  /** It takes all that is written, and cannot be synchronised. */
  private static final Path NOWHERE = Path.of("/dev/null");

  @TempDir Path directory;

  @Test
  void aFailureIsToldByWhoeverComesNext() throws IOException {
    try (FileChannel channel = FileChannel.open(NOWHERE, StandardOpenOption.WRITE);
        EarlySync sync = new EarlySync(channel)) {
      sync.written(EarlySync.WORTH_BYTES);
      assertThatThrownBy(sync::await).isInstanceOf(IOException.class);
      assertThatCode(sync::await).doesNotThrowAnyException();
    }
  }

  @Test
  void littleIsNotWorthIt() throws IOException {
    try (FileChannel channel = FileChannel.open(NOWHERE, StandardOpenOption.WRITE);
        EarlySync sync = new EarlySync(channel)) {
      sync.written(EarlySync.WORTH_BYTES - 1);
      assertThatCode(sync::await).doesNotThrowAnyException();
    }
  }

  @Test
  void aFileThatGrowsIsSynchronisedAgainAndAgain() throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                directory.resolve("file"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
        EarlySync sync = new EarlySync(channel)) {
      sync.written(EarlySync.WORTH_BYTES);
      sync.await();
      channel.close();
      sync.written(2 * EarlySync.WORTH_BYTES - 1);
      sync.await();
      sync.written(2 * EarlySync.WORTH_BYTES);
      assertThatThrownBy(sync::await).isInstanceOf(IOException.class);
    }
  }
}
