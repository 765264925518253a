package io.repackd.platform;

/** Running work ended because it was asked to. */
public final class CancelledException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CancelledException() {
    super("cancelled");
  }
}
