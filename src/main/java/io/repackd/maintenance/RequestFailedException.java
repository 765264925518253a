package io.repackd.maintenance;

/** What was asked for by hand cannot be done. Nothing is half done. The message is one line for a person. */
public class RequestFailedException extends Exception {
  private static final long serialVersionUID = 1;

  RequestFailedException(String message) {
    super(message);
  }

  /** The line for a person. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
