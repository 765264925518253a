package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Remembers which multi-pack-indexes were found sound, by their files' inode, size and time. As long as such a file is the one
 * that was verified, and lists exactly the packs that are there, there is nothing to write, and that is seen without reading it
 * again: the names in it are compared with those in the directory.
 */
final class VerifiedIndexes {
  private final Map<Path, FileStamp> verified = new ConcurrentHashMap<>();
  private final Consumer<Path> written;

  VerifiedIndexes() {
    this(_ -> {});
  }

  /**
   * For somebody who wants to see each index before anybody else does.
   *
   * @param written told of each that has been written, before it is verified
   */
  VerifiedIndexes(Consumer<Path> written) {
    this.written = written;
  }

  /** Verifies what one cycle writes, before it is installed. */
  IndexProof proof(ObjectDirectory directory, Cancellation cancellation) {
    return new IndexProof(directory, written, cancellation);
  }

  /** Notes that an index, as it was when it was looked at, is sound. */
  void remember(ObjectDirectory directory, Optional<FileStamp> index) {
    index.ifPresentOrElse(
        stamp -> verified.put(directory.path(), stamp), () -> verified.remove(directory.path()));
  }

  /** Whether an index is still the file that was found sound. */
  boolean contains(ObjectDirectory directory, Optional<FileStamp> index) {
    return index.isPresent() && index.get().equals(verified.get(directory.path()));
  }

  /**
   * Whether there is nothing to write.
   *
   * @return how many packs the index lists, if it is known to be sound and lists all there are and no others, save those that
   *     wait for deletion
   */
  OptionalInt upToDate(ObjectDirectory directory) throws IOException {
    if (!contains(directory, FileStamp.find(directory.indexFile()))) {
      return OptionalInt.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(directory.indexFile(), directory.hash(), arena);
      Set<String> listed = new HashSet<>(index.packNames());
      return index.objects() > 0 && listsAll(directory, listed)
          ? OptionalInt.of(listed.size())
          : OptionalInt.empty();
    } catch (CorruptFileException | UnsupportedIndexException e) {
      return OptionalInt.empty(); // whoever writes will find it out and say so
    }
  }

  private static boolean listsAll(ObjectDirectory directory, Set<String> listed)
      throws IOException {
    Set<String> unlisted = new HashSet<>(directory.packIndexNames());
    boolean allThere = unlisted.containsAll(listed);
    unlisted.removeAll(listed);
    if (allThere && !unlisted.isEmpty()) {
      unlisted.removeAll(Supersession.indexNamesAmong(directory.listPacks().packs()));
    }
    return allThere && unlisted.isEmpty();
  }
}
