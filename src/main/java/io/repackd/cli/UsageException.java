package io.repackd.cli;

/** The arguments of a command are not such as it takes. The message is one line for a person. */
final class UsageException extends Exception {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
