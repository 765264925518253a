package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import java.nio.file.Path;

/** A multi-pack-index contradicts its own format. */
final class MalformedIndexException extends CorruptFileException {
  private static final long serialVersionUID = 1;

  private final Fault.Type type;

  /**
   * A fault in an index.
   *
   * @param what what is wrong, and where
   */
  MalformedIndexException(Fault.Type type, Path file, String what) {
    super(file, what);
    this.type = type;
  }

  Fault.Type type() {
    return type;
  }
}
