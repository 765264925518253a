package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.EarlySync;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

class HashingOutputTest {
  /** The kernel does not tell a second time. */
  @Test
  void aFileThatTheDiskHasRefusedIsNotTakenForWritten() throws IOException {
    byte[] content = new byte[(int) (2 * EarlySync.WORTH_BYTES)];
    try (FileChannel channel = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE);
        HashingOutput out = new HashingOutput(channel, HashAlgorithm.SHA1)) {
      assertThatThrownBy(
              () -> {
                out.write(content);
                out.finish();
              })
          .isInstanceOf(IOException.class);
    }
  }
}
