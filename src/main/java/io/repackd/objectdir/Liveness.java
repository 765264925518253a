package io.repackd.objectdir;

/** Whether the holder of a lock is still there. */
public enum Liveness {
  /** It is seen. */
  ALIVE("alive"),
  /** It is certain that there is none. */
  DEAD("dead"),
  /** Nobody can tell: then it counts as alive. */
  UNKNOWN("unknown");

  private final String label;

  Liveness(String label) {
    this.label = label;
  }

  /** The name in reports. */
  public String label() {
    return label;
  }
}
