package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.objectdir.FilePublisher.Unpublished;
import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilePublisherTest {
  @TempDir Path directory;

  @Test
  void whatADeadProcessWroteIsRemovedAndNothingElse() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp dead =
        new ProcessStamp(
            own.host(),
            own.bootId(),
            own.pidNamespace(),
            own.pid(),
            own.startTicks() - 1,
            own.machine());
    Path abandoned =
        Files.createFile(directory.resolve("tmp_ledger_" + dead.token() + "0123456789abcdef"));
    Path other =
        Files.createFile(directory.resolve("tmp_pack_" + dead.token() + "0123456789abcdef"));
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    try (Unpublished written = publisher.create("ledger")) {
      publisher.removeAbandoned("ledger");
      assertThat(written.file()).exists();
    }
    assertThat(abandoned).doesNotExist();
    assertThat(other).exists();
    new FilePublisher(directory.resolve("none"), SharedPermissions.UMASK).removeAbandoned("x");
  }

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
