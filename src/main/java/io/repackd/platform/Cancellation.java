package io.repackd.platform;

/**
 * Asks running work to end: set once by the side that stops, polled by the side that works.
 *
 * <p>Cooperative on purpose. An interrupted thread would have its file channels closed under it, in the middle of a copy.
 */
public final class Cancellation {
  private volatile boolean requested;

  /** Asks the work to end. */
  public void request() {
    requested = true;
  }

  /** Whether the work has been asked to end. */
  public boolean requested() {
    return requested;
  }

  /**
   * Ends the work if that has been asked for. Called at points where nothing is half done, or where what is half done is
   * removed on the way out.
   *
   * @throws CancelledException if the work is to end
   */
  public void check() {
    if (requested) {
      throw new CancelledException();
    }
  }
}
