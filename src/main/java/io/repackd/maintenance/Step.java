package io.repackd.maintenance;

/** The steps of a cycle, in their order. Aggregate, write and verify come more than once. */
public enum Step {
  RECOVER("recover"),
  AGGREGATE("aggregate"),
  WRITE("write"),
  VERIFY("verify"),
  EXPIRE("expire"),
  REPACK("repack");

  private final String label;

  Step(String label) {
    this.label = label;
  }

  /** The name in logs, metrics and history. */
  public String label() {
    return label;
  }
}
