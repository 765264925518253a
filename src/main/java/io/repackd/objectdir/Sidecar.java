package io.repackd.objectdir;

import java.util.Arrays;
import java.util.Optional;

/** The files that may stand beside a pack and its index. */
public enum Sidecar {
  REVERSE_INDEX("rev"),
  KEEP("keep"),
  PROMISOR("promisor"),
  MTIMES("mtimes"),
  BITMAP("bitmap"),
  /** Marks a pack that was written without a search for deltas (gitgitgadget PR 2146). */
  BAD_DELTAS("baddeltas"),
  /** Names packs that are superfluous because of one which was searched for deltas. Ours alone; goes when they have gone. */
  SUPERSEDES("supersedes");

  private final String extension;

  Sidecar(String extension) {
    this.extension = extension;
  }

  /** What follows the dot in the file's name. */
  public String extension() {
    return extension;
  }

  static Optional<Sidecar> ofExtension(String extension) {
    return Arrays.stream(values()).filter(s -> s.extension.equals(extension)).findFirst();
  }
}
