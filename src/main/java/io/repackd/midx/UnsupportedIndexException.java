package io.repackd.midx;

import io.repackd.objectdir.ObjectDirectoryException;

/** A multi-pack-index of a kind that repackd leaves alone: another version, or part of a chain. It need not be damaged. */
public final class UnsupportedIndexException extends ObjectDirectoryException {
  private static final long serialVersionUID = 1;

  UnsupportedIndexException(String message) {
    super(message);
  }
}
