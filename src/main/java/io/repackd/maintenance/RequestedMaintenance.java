package io.repackd.maintenance;

import io.repackd.config.BatchSize;
import io.repackd.midx.Fault;
import io.repackd.midx.MultiPackIndexVerifier;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Maintenance that somebody asks for by hand: the verbs of {@code git multi-pack-index}, each at once and by itself, with the
 * effect that git's have.
 *
 * <p>Whoever asks knows who else is there. So no verb takes the maintenance lock, which a script may hold that calls them; none
 * looks whether it is a good time; and expire has no safety window and waits for no reader. What does not change is the proof:
 * no pack goes unless each of its objects is in one that stays, and packs that are kept for a reason are kept.
 *
 * <p>An index of a kind that would be lost, a chain or one of another version, is refused by every verb.
 */
public final class RequestedMaintenance {
  /** How often a verb begins again because somebody changed the packs meanwhile. */
  private static final int MAX_TRIES = 3;

  private final ObjectDirectory directory;
  private final Clock clock;
  private final Cancellation cancellation;
  private final RequestListener listener;

  /**
   * Maintenance of one object directory.
   *
   * @param cancellation ends a verb early, with nothing half done
   * @param listener told of warnings and steps, by the calling thread
   */
  public RequestedMaintenance(
      ObjectDirectory directory, Clock clock, Cancellation cancellation, RequestListener listener) {
    this.directory = directory;
    this.clock = clock;
    this.cancellation = cancellation;
    this.listener = listener;
  }

  /**
   * Which packs an index is to list.
   *
   * @param preferred the name of the pack that is to own every object which it has
   * @param only the names of the packs to list; empty for all that are there. What is not there is passed over
   */
  public record Selection(Optional<String> preferred, Optional<Set<String>> only) {
    /** All packs, and none is preferred. */
    public static final Selection ALL = new Selection(Optional.empty(), Optional.empty());
  }

  /**
   * Writes the multi-pack-index anew if the packs are not those that it lists, or if its checksum is wrong. What was written is not
   * verified, other than by a cycle, because that takes nearly as long as the writing: that is what {@link #verify} is for.
   *
   * @throws RequestFailedException if there are no packs, or the preferred one has no object
   * @throws io.repackd.objectdir.LockedException if somebody else is replacing the index
   * @throws IOException if the index is of a kind that is left alone, or a file cannot be used
   */
  public void write(Selection selection) throws IOException, RequestFailedException {
    refuseChain();
    attempt(() -> {
      new RequestedWrite(RequestedWrite.Care.NONE, directory, cancellation, listener)
          .run(selection);
      return 0L;
    });
  }

  /**
   * Verifies the multi-pack-index. If it is replaced meanwhile, the new one is verified.
   *
   * @return what is wrong, at most 20 faults; empty if nothing is, or there is no index
   * @throws IOException if the index is of a kind that is left alone, or cannot be read
   */
  public List<Fault> verify(Level level) throws IOException {
    listener.begin("Verifying the multi-pack-index");
    for (int attempt = 1; ; attempt++) {
      Optional<FileStamp> index = FileStamp.find(directory.indexFile());
      if (index.isEmpty()) {
        refuseChain();
        return List.of();
      }
      try {
        List<Fault> faults =
            MultiPackIndexVerifier.verify(
                directory.indexFile(), directory.hash(), level, cancellation);
        if (faults.isEmpty() || index.get().unchanged() || attempt == MAX_TRIES) {
          return faults;
        }
      } catch (InternalError | OutOfMemoryError e) {
        throw unreadable(e);
      } catch (IOException e) {
        if (!StepErrors.vanished(e) || attempt == MAX_TRIES) {
          throw e;
        }
      }
    }
  }

  /**
   * Deletes the packs that own nothing, if each of their objects is in a pack that stays.
   *
   * @return how many were deleted
   * @throws IndexFaultsException if the index or a pack is damaged: then nothing is deleted
   * @throws RequestFailedException if somebody else is at work on the packs
   * @throws io.repackd.objectdir.LockedException if somebody else is replacing the index
   * @throws IOException if the index is of a kind that is left alone, or a file cannot be used
   */
  public long expire() throws IOException, RequestFailedException {
    return mayWorkByIndex() ? attempt(this::verifyAndExpire) : 0;
  }

  /** Packs that are gone need no proof, and none relies on them. */
  private long verifyAndExpire() throws IOException, StepFailure, RequestFailedException {
    new Leftovers(directory, cancellation).recoverHidden();
    Optional<FileStamp> verified = FileStamp.find(directory.indexFile());
    List<Fault> faults =
        verify(Level.INDEXES).stream()
            .filter(fault -> fault.kind() != Fault.Kind.PACK_GONE)
            .toList();
    if (!faults.isEmpty()) {
      throw new IndexFaultsException(faults);
    }
    return new RequestedExpiry(directory, clock, cancellation, listener).run(verified);
  }

  /**
   * Puts a batch of packs together into one, and writes the index anew, so that the new pack owns their objects.
   *
   * @param size what is taken
   * @return how many packs were put together
   * @throws RequestFailedException if somebody else is at work on the packs
   * @throws io.repackd.pack.CorruptFileException if a pack is damaged: it stays as it is
   * @throws io.repackd.objectdir.LockedException if somebody else is replacing the index
   * @throws IOException if the index is of a kind that is left alone, or a file cannot be used
   */
  public long repack(BatchSize size) throws IOException, RequestFailedException {
    return mayWorkByIndex()
        ? attempt(() -> new RequestedRepack(directory, clock, cancellation, listener).run(size))
        : 0;
  }

  /** Whether there is an index to go by. Where git is told to read none, its own verbs find none either. */
  private boolean mayWorkByIndex() throws IOException {
    refuseChain();
    if (!Files.exists(directory.indexFile())) {
      return false;
    }
    if (!directory.traits().multiPackIndex()) {
      listener.warn(
          "core.multiPackIndex is false, so %s is not used and nothing is done"
              .formatted(directory.indexFile()));
      return false;
    }
    return true;
  }

  private void refuseChain() throws ObjectDirectoryException {
    if (Files.exists(directory.indexChainFile())) {
      throw new ObjectDirectoryException(
          "leaving %s alone: it is an incremental multi-pack-index, which repackd does not know"
              .formatted(directory.indexChainFile()));
    }
  }

  /** Something that changes files. */
  private interface Verb {
    long run() throws IOException, StepFailure, RequestFailedException;
  }

  private static long attempt(Verb verb) throws IOException, RequestFailedException {
    for (int attempt = 1; ; attempt++) {
      try {
        return verb.run();
      } catch (StepFailure e) {
        if (!e.reason().equals("packs-changed") || attempt == MAX_TRIES) {
          throw new RequestFailedException(e.detail());
        }
      } catch (IOException e) {
        if (!StepErrors.vanished(e) || attempt == MAX_TRIES) {
          throw e;
        }
      } catch (InternalError | OutOfMemoryError e) {
        throw unreadable(e);
      }
    }
  }

  /** What the virtual machine throws where a mapped page cannot be read any more, or memory is short. */
  private static ObjectDirectoryException unreadable(Throwable error) {
    return new ObjectDirectoryException(StepErrors.classify(error).detail(), error);
  }
}
