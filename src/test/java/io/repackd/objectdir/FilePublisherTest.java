package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

class FilePublisherTest {
  /** A full disk is the one error that can be had anywhere. */
  @Test
  void anErrorOfTheChannelNamesTheFile() throws IOException {
    Path full = Path.of("/dev/full");
    try (NamedChannel channel =
        new NamedChannel(full, FileChannel.open(full, StandardOpenOption.WRITE))) {
      assertThatThrownBy(() -> channel.write(ByteBuffer.wrap(new byte[1])))
          .isInstanceOf(FileSystemException.class)
          .hasMessage("/dev/full: No space left on device");
      channel.close();
      assertThatThrownBy(channel::position).isInstanceOf(ClosedChannelException.class);
    }
  }
}
