package io.repackd.midx;

/**
 * Something that is wrong with a multi-pack-index or with a pack that it lists.
 *
 * @param kind what has to be done about it
 * @param message what is wrong, in one line that names the file and the place
 */
public record Fault(Kind kind, String message) {
  /** What has to be done about a fault. */
  public enum Kind {
    /** The index is wrong: it can be written anew from the packs. */
    INDEX_WRONG("index-wrong"),
    /** A pack or its index is damaged: writing the index anew does not help, and nothing may be deleted. */
    PACK_WRONG("pack-wrong"),
    /** A pack that the index lists is not there: somebody may just have replaced it, so it is worth another look. */
    PACK_GONE("pack-gone");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** The name in logs and metrics. */
    public String label() {
      return label;
    }
  }
}
