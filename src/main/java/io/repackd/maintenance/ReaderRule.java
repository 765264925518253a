package io.repackd.maintenance;

import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Says whether a process that is seen could still want a pack which nothing refers to any more: one that has the pack or its
 * index open; one that reads a superseded multi-pack-index which may send it to the pack; and a git or java process that has worked
 * in the repository since before the pack became unreferenced, which may have read an older index or listed the directory.
 */
final class ReaderRule {
  /** What may read a repository without a file of it open at the moment. */
  private static final Set<String> READS_REPOSITORIES = Set.of("git", "java");

  private static final Set<String> DELETES =
      Set.of("gc", "maintenance", "multi-pack-index", "prune", "prune-packed", "repack");

  private static final Set<String> WRITES_INDEXES = Set.of("multi-pack-index", "repack");

  /**
   * The start of a process is told by the clock of now, and when a pack became unreferenced was noted by the clock of then; and the
   * kernel tells the time of its boot in whole seconds. So much later it may seem to have started than it has.
   */
  private static final Duration START_PRECISION =
      Duration.ofSeconds(UnreferencedLedger.CLOCK_TOLERANCE_SECONDS + 2);

  private ReaderRule() {}

  /** Whether processes of that name read repositories, even when they have nothing of them open. */
  static boolean readsRepositories(String command) {
    return READS_REPOSITORIES.contains(command) || command.startsWith("git-");
  }

  /**
   * A process that could want a pack, in words; empty if none is known.
   *
   * @param seen the processes of the snapshot's census
   */
  static Optional<String> obstacle(
      Snapshot snapshot, SeenReaders seen, PackView view, Instant unreferencedSince) {
    Set<Long> harmless =
        snapshot.evidence().supersededIndexes().stream()
            .filter(index -> !index.leadsTo(view))
            .map(SupersededIndex::inode)
            .collect(Collectors.toSet());
    harmless.add(snapshot.indexInode());
    return new Question(
            view.pack(),
            unreferencedSince.plus(START_PRECISION),
            snapshot.indexFile(),
            harmless,
            false)
        .firstIn(seen)
        .or(() -> unseenReader(snapshot.evidence(), view));
  }

  private static Optional<String> unseenReader(Evidence evidence, PackView view) {
    Optional<String> user = Optional.ofNullable(evidence.packsInUse().get(view.pack().name()));
    return user.map("%s has it open"::formatted)
        .or(() ->
            evidence.supersededIndexes().stream()
                .filter(index -> index.leadsTo(view))
                .findFirst()
                .map(SupersededIndex::readers)
                .map("%s reads a superseded multi-pack-index"::formatted));
  }

  /**
   * Who could want a pack?
   *
   * @param pack the pack
   * @param since when it became superfluous
   * @param indexFile the multi-pack-index
   * @param harmlessIndexes the inode numbers of the installed index, and of those superseded ones which do not lead to the pack:
   *     whoever maps another by that path may be led to it
   * @param repackIsKnown whether it is known which packs a git that repacks or collects garbage uses, and this is none of them:
   *     then such a one is only in the way if it has the pack open all the same
   */
  record Question(
      StoredPack pack,
      Instant since,
      Path indexFile,
      Set<Long> harmlessIndexes,
      boolean repackIsKnown) {
    /** A process that could want the pack, in words; empty if none is seen. */
    Optional<String> firstIn(SeenReaders seen) {
      return Stream.of(pack.data().path(), pack.index().path(), hiddenIndex())
          .flatMap(path -> seen.userOf(path).stream())
          .findFirst()
          .or(() -> seen.readerOfAnotherThan(harmlessIndexes, indexFile))
          .or(() -> seen.workingSinceBefore(since, repackIsKnown));
    }

    /** Under which name a mapped index is seen depends on whether it is hidden at the moment. */
    private Path hiddenIndex() {
      return pack.index().path().resolveSibling(Leftovers.hiddenName(pack.name()));
    }
  }

  /** Whether it is a git that may itself delete packs, or writes one for such a git. */
  static boolean repacks(Reader reader) {
    return writesPacks(reader)
        || (reader.command().startsWith("git") && DELETES.contains(commandOf(reader)));
  }

  /** A git command under way that may itself delete packs, in words. */
  static Optional<String> foreignMaintenance(Census census) {
    return running(census, DELETES);
  }

  /** Whether it is a git that writes a pack of objects which are there: most do it for one that repacks. */
  static boolean writesPacks(Reader reader) {
    return reader.command().startsWith("git") && commandOf(reader).equals("pack-objects");
  }

  /** A git command under way that may have listed the packs for an index which it has not published yet, in words. */
  static Optional<String> foreignIndexWriter(Census census) {
    return running(census, WRITES_INDEXES);
  }

  private static Optional<String> running(Census census, Set<String> commands) {
    return census.readers().stream()
        .filter(reader -> reader.command().startsWith("git"))
        .filter(reader -> commands.contains(commandOf(reader)))
        .map(Reader::describe)
        .findFirst();
  }

  private static String commandOf(Reader reader) {
    String[] words = reader.arguments().split(" ", -1);
    return words.length > 1 ? words[1] : "";
  }
}
