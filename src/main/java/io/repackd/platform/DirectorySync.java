package io.repackd.platform;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Makes renames and unlinks in a directory durable. */
public final class DirectorySync {
  private DirectorySync() {}

  /**
   * Calls fsync(2) on the directory.
   *
   * @throws IOException if it cannot be opened or synchronised
   */
  public static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
