package io.repackd.objectdir;

/** Files in a pack directory that belong to no pack. */
public enum GarbageKind {
  /** {@code tmp_*}, {@code .tmp-*} and JGit's {@code gc_*tmp}: being written, or left by a process that died. */
  TEMPORARY("temporary"),
  /** A sidecar, index or pack whose other half is missing. */
  ORPHAN("orphan"),
  /** A lock file. */
  LOCK("lock"),
  /** Anything else. */
  UNKNOWN("unknown");

  private final String label;

  GarbageKind(String label) {
    this.label = label;
  }

  /** The name in logs and metrics. */
  public String label() {
    return label;
  }
}
