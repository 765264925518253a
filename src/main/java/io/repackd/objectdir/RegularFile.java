package io.repackd.objectdir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** Opens what is a file and nothing else: to open a named pipe would wait for somebody to write into it, for ever. */
public final class RegularFile {
  private RegularFile() {}

  /** What should be a regular file is none. */
  public static final class AnotherKindException extends FileSystemException {
    private static final long serialVersionUID = 1;

    private AnotherKindException(Path path) {
      super(path.toString(), null, "it is not a regular file");
    }
  }

  /**
   * Opens a file for reading; a symbolic link leads to one too.
   *
   * @throws AnotherKindException if it is no regular file
   * @throws IOException if it is not there, or cannot be opened
   */
  public static FileChannel open(Path path) throws IOException {
    if (!Files.readAttributes(path, BasicFileAttributes.class).isRegularFile()) {
      throw new AnotherKindException(path);
    }
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  /**
   * Reads the beginning of a text, of which nobody knows how long it is.
   *
   * @param maxBytes what lies behind is left out
   * @throws IOException as {@link #open}
   */
  static String read(Path path, int maxBytes, Charset charset) throws IOException {
    try (InputStream in = Channels.newInputStream(open(path))) {
      return new String(in.readNBytes(maxBytes), charset);
    }
  }
}
