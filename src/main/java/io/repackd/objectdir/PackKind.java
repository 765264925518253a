package io.repackd.objectdir;

/** What a pack's sidecars make of it. A pack with several sidecars is of the last kind that fits. */
public enum PackKind {
  ORDINARY("ordinary"),
  /** {@code .promisor}: the objects came from a promisor remote. */
  PROMISOR("promisor"),
  /** {@code .mtimes}: unreachable objects that wait to be pruned. */
  CRUFT("cruft"),
  /** {@code .keep}: nobody may remove it. */
  KEPT("kept");

  private final String label;

  PackKind(String label) {
    this.label = label;
  }

  /** The name in logs and metrics. */
  public String label() {
    return label;
  }
}
