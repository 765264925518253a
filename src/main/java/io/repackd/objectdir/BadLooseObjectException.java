package io.repackd.objectdir;

import java.nio.file.Path;

/** A loose object cannot be read, or is not what its name says. */
public final class BadLooseObjectException extends ObjectDirectoryException {
  private static final long serialVersionUID = 1;

  /**
   * A fault in a loose object.
   *
   * @param file its file
   * @param fault what is wrong with it
   */
  BadLooseObjectException(Path file, String fault) {
    super("bad loose object %s: %s".formatted(file, fault));
  }
}
