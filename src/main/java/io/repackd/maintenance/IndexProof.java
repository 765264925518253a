package io.repackd.maintenance;

import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Verifies multi-pack-indexes while they still have temporary names, so that no reader ever sees one that was written wrong. What
 * is read is the file that is going to be installed, and it is compared with the packs' own indexes: nothing that the writer has in
 * memory is trusted.
 *
 * <p>What was verified so need not be verified again as soon as it is installed. That holds for the steps of one cycle; the next
 * one reads all of it again, because a disk spoils what lies on it.
 */
final class IndexProof {
  /** Kernels count the times of files in steps of ten milliseconds at most. */
  private static final Duration CLOCK_TICK = Duration.ofMillis(20);

  private final ObjectDirectory directory;
  private final Consumer<Path> written;
  private final Cancellation cancellation;
  private Optional<FileStamp> sound = Optional.empty();

  /**
   * A proof for one cycle or one command.
   *
   * @param written told of each index that has been written, before it is verified
   */
  IndexProof(ObjectDirectory directory, Consumer<Path> written, Cancellation cancellation) {
    this.directory = directory;
    this.written = written;
    this.cancellation = cancellation;
  }

  /**
   * Verifies an index that is not installed yet.
   *
   * @param draft written in full, beside the packs
   * @return which packs it lists that are damaged, or have gone meanwhile
   * @throws StepFailure if the index itself is wrong: it may not be installed
   */
  List<Fault> verify(Path draft) throws IOException, StepFailure {
    written.accept(draft);
    FileStamp looked = FileStamp.of(draft);
    List<Fault> faults =
        MultiPackIndexVerifier.verify(draft, directory.hash(), Level.INDEXES, cancellation);
    for (Fault fault : faults) {
      if (fault.kind() == Fault.Kind.INDEX_WRONG) {
        throw new StepFailure(
            Result.FAILED,
            StepErrors.INDEX_WRONG,
            "the new multi-pack-index is wrong and was not installed: " + fault.message());
      }
    }
    // What took less than a tick is verified once more: who changed it meanwhile would have left
    // its time as it was.
    boolean timeTells = looked.modified().plus(CLOCK_TICK).isBefore(Instant.now());
    sound = faults.isEmpty() && timeTells ? Optional.of(looked) : Optional.empty();
    return faults;
  }

  /**
   * Whether the installed index is the file that was found sound last. It is opened there, and the packs that it lists have to be
   * there.
   */
  boolean covers(Optional<FileStamp> installed) throws IOException {
    if (installed.isEmpty() || sound.filter(installed.get()::sameFileAs).isEmpty()) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(installed.get().path(), directory.hash(), arena);
      return directory.packIndexNames().containsAll(index.packNames());
    } catch (CorruptFileException | UnsupportedIndexException e) {
      return false; // what is wrong with it, a verification says
    }
  }
}
