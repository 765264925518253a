package io.repackd.objectdir;

import java.io.IOException;

/**
 * Something about a repository or its object directory does not let us work on it.
 *
 * <p>The message is one line for a person: what was tried, the file, why.
 */
public class ObjectDirectoryException extends IOException {
  private static final long serialVersionUID = 1;

  /** An error with a message for a person. */
  public ObjectDirectoryException(String message) {
    super(message);
  }

  /** An error with a message for a person, and what caused it. */
  public ObjectDirectoryException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The line for a person. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
