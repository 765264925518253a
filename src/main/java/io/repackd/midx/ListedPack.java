package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pack that a multi-pack-index lists, while that is verified.
 *
 * <p>Where the two indexes disagree it has to be known which one is wrong. If it is the pack's, then to write the other anew
 * would carry the damage into it, and lead all readers astray. So the pack's own checksum is taken, once, when the first
 * disagreement is found.
 */
final class ListedPack {
  private static final String INDEX_SUFFIX = ".idx";

  private final PackIndex index;
  private final Path file;
  private final long end;

  private boolean examined;
  private volatile @Nullable CorruptFileException damage;

  private ListedPack(PackIndex index, Path file, long end) {
    this.index = index;
    this.file = file;
    this.end = end;
  }

  /**
   * Pack and index belong together.
   *
   * @throws IOException if they do not, or the pack cannot be read; the message names the file
   */
  static ListedPack of(PackIndex index) throws IOException {
    Path file = fileOf(index.path());
    return new ListedPack(index, file, PackFile.check(file, index));
  }

  /** The {@code .pack} that lies beside an {@code .idx}. */
  static Path fileOf(Path index) {
    String name = String.valueOf(index.getFileName());
    return index.resolveSibling(name.substring(0, name.length() - INDEX_SUFFIX.length()) + ".pack");
  }

  PackIndex index() {
    return index;
  }

  /** The {@code .pack} file. */
  Path file() {
    return file;
  }

  /** Checks that an entry can begin where the index says. */
  void requireRoom(long position, long offset) throws CorruptFileException {
    if (offset < PackFile.HEADER_BYTES || offset >= end) {
      throw new CorruptFileException(
          index.path(),
          "object %d is said to begin at %d of %s, where none can"
              .formatted(position, offset, file));
    }
  }

  /** Whether its index is known to be wrong, so that no more need be compared with it. */
  boolean isKnownDamaged() {
    return damage != null;
  }

  /** What is wrong with its index, by the index alone: reads all of it when it is first asked. */
  synchronized Optional<CorruptFileException> damage(Cancellation cancellation) {
    if (!examined) {
      try {
        PackVerification.verify(index, cancellation);
      } catch (CorruptFileException e) {
        damage = e;
      }
      examined = true;
    }
    return Optional.ofNullable(damage);
  }
}
