package io.repackd.pack;

import io.repackd.objectdir.ObjectDirectoryException;
import java.nio.file.Path;

/** A file is not what its format says it should be. Nothing that was read from it may be relied on. */
public class CorruptFileException extends ObjectDirectoryException {
  private static final long serialVersionUID = 1;

  private final transient Path file;

  /**
   * A fault in a file.
   *
   * @param file the file
   * @param fault what is wrong with it, and where
   */
  public CorruptFileException(Path file, String fault) {
    super("corrupt file %s: %s".formatted(file, fault));
    this.file = file;
  }

  /**
   * A fault that was found, and what follows from it.
   *
   * @param consequence in words, to come behind what is wrong
   */
  public CorruptFileException(CorruptFileException fault, String consequence) {
    super("%s; %s".formatted(fault.getMessage(), consequence), fault);
    this.file = fault.file;
  }

  /** The file. */
  public Path file() {
    return file;
  }
}
