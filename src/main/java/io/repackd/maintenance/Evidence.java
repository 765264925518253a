package io.repackd.maintenance;

import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Hidden;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel says of the readers of an object directory, besides what the process table shows: from leases, which tell of
 * everybody on this machine.
 *
 * @param packsInUse the users, in words, of those packs that somebody uses, by name
 * @param supersededIndexes the superseded multi-pack-indexes that still have a reader
 * @param exact whether leases told of each pack that was asked for
 * @param watchedSince from when on all superseded indexes are known; empty if they are not watched
 * @param remote why others may read the files whom this machine does not know; empty if nobody can
 */
public record Evidence(
    Map<String, String> packsInUse,
    List<SupersededIndex> supersededIndexes,
    boolean exact,
    Optional<Instant> watchedSince,
    Optional<String> remote) {
  /** Nothing was asked. */
  static final Evidence NONE =
      new Evidence(Map.of(), List.of(), false, Optional.empty(), Optional.empty());

  public Evidence {
    packsInUse = Map.copyOf(packsInUse);
    supersededIndexes = List.copyOf(supersededIndexes);
  }

  /** The same with one more superseded index. */
  Evidence with(SupersededIndex index) {
    List<SupersededIndex> indexes = new ArrayList<>(supersededIndexes);
    indexes.add(index);
    return new Evidence(packsInUse, indexes, exact, watchedSince, remote);
  }

  /**
   * A superseded multi-pack-index that somebody still reads.
   *
   * @param inode its inode number
   * @param readers who they are, in words
   * @param unreferenced the packs of which it takes nothing, by the names of their indexes: since when they were unreferenced
   */
  public record SupersededIndex(long inode, String readers, Map<String, Instant> unreferenced) {
    public SupersededIndex {
      unreferenced = Map.copyOf(unreferenced);
    }

    /** Whether its readers may be led to a pack: not if that was unreferenced already and has been so ever since. */
    boolean leadsTo(PackView view) {
      Instant then = unreferenced.get(view.pack().indexName());
      return then == null || !view.unreferencedSince().equals(Optional.of(then));
    }
  }

  /**
   * Why there may be readers of whom nothing is known, so that time alone has to do.
   *
   * <p>Processes that are not shown do not matter where leases tell of each pack, and all superseded indexes have been watched for
   * as long as time alone would have to do. Those which are shown, and cannot be looked into, do not matter before that either,
   * unless they are called like somebody who reads repositories and may have just listed this one.
   *
   * @param window how long time alone would have to do
   */
  Optional<String> unseen(Census census, Instant now, Duration window) {
    if (remote.isPresent()) {
      return remote;
    }
    Optional<String> closed =
        census
            .closed()
            .or(() ->
                census.hidden().stream()
                    .filter(process -> !exact || ReaderRule.readsRepositories(process.command()))
                    .findFirst()
                    .map(Hidden::describe)
                    .map(process -> process + " cannot be looked into"));
    boolean watched =
        exact && watchedSince.filter(since -> !since.plus(window).isAfter(now)).isPresent();
    return watched ? Optional.empty() : closed;
  }
}
