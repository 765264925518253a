package io.repackd.objectdir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** Opens what is a file and nothing else: to open a named pipe would wait for somebody to write into it, for ever. */
public final class RegularFile {
  private RegularFile() {}

  /**
   * Opens a file for reading; a symbolic link leads to one too.
   *
   * @throws IOException if it is not there, is no regular file, or cannot be opened
   */
  public static FileChannel open(Path path) throws IOException {
    if (!Files.readAttributes(path, BasicFileAttributes.class).isRegularFile()) {
      throw new FileSystemException(path.toString(), null, "it is not a regular file");
    }
    return FileChannel.open(path, StandardOpenOption.READ);
  }
}
