package io.repackd.maintenance;

/** How a cycle or a step ended. */
public enum Result {
  /** It did what it planned, which may have been nothing. */
  OK("ok"),
  /** It could not begin, or there was a reason not to; it is tried again. */
  SKIPPED("skipped"),
  /** It ended early because it was asked to; nothing is half done. */
  CANCELLED("cancelled"),
  /** A pack is damaged: it was left alone, and everything else too. */
  DEGRADED("degraded"),
  /** It failed; what it had begun was put back. */
  FAILED("failed");

  private final String label;

  Result(String label) {
    this.label = label;
  }

  /** The name in logs, metrics and history. */
  public String label() {
    return label;
  }
}
