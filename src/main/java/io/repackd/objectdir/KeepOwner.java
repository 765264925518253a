package io.repackd.objectdir;

/** Who wrote a {@code .keep} file, as its content says. */
public enum KeepOwner {
  /** A temporary keep of this program. */
  REPACKD("repackd"),
  /** A push, a fetch or an import under way, by git or JGit, or one that died: {@code receive-pack PID on HOST}, say. */
  GIT("git"),
  /** Anybody else; usually a person. */
  OTHER("other");

  private final String label;

  KeepOwner(String label) {
    this.label = label;
  }

  /** The name in logs and metrics. */
  public String label() {
    return label;
  }
}
