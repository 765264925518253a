package io.repackd.config;

/** How much one repack puts together: {@code auto}, {@code 0} or a number of bytes. */
public sealed interface BatchSize {
  /** All small packs, oldest first, up to 2 GiB - 1; the largest stays. */
  record Auto() implements BatchSize {
    @Override
    public String toString() {
      return "auto";
    }
  }

  /** Every pack that may be repacked. */
  record Everything() implements BatchSize {
    @Override
    public String toString() {
      return "0";
    }
  }

  /**
   * Git's own rule for {@code --batch-size}.
   *
   * @param bytes the sum of expected sizes at which the batch is full, at least 1
   */
  record Bytes(long bytes) implements BatchSize {
    public Bytes {
      if (bytes < 1) {
        throw new IllegalArgumentException("a batch size has at least 1 byte, not " + bytes);
      }
    }

    @Override
    public String toString() {
      return bytes + " bytes";
    }
  }
}
