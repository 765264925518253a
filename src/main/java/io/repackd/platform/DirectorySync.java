package io.repackd.platform;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Makes renames and unlinks in a directory durable, and the content of files that somebody else wrote. */
public final class DirectorySync {
  private DirectorySync() {}

  /**
   * Calls fsync(2) on the directory, or on the file.
   *
   * @throws IOException if it cannot be opened or synchronised; it names the directory
   */
  public static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw Reason.naming(directory, e);
    }
  }
}
