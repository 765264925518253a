package io.repackd.maintenance;

import io.repackd.objectdir.StoredPack;
import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import io.repackd.platform.ProcessTable.UsedFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * Says whether a process that is seen could still want a pack which nothing refers to any more: one that has the pack or its
 * index open; one that reads a superseded multi-pack-index, which may send it to any pack; and a git or java process working
 * in the repository since before the pack became unreferenced, which may have read an older index or listed the directory.
 */
final class ReaderRule {
  /** What may read a repository without a file of it open at the moment. */
  private static final Set<String> READS_REPOSITORIES = Set.of("git", "java");

  private static final Set<String> DELETES =
      Set.of("gc", "maintenance", "multi-pack-index", "prune", "prune-packed", "repack");

  private static final Set<String> WRITES_INDEXES = Set.of("multi-pack-index", "repack");

  private ReaderRule() {}

  /** The first process found that could want the pack, in words. */
  static Optional<String> obstacle(Snapshot snapshot, PackView view, Instant unreferencedSince) {
    return new Question(
            view.pack(), unreferencedSince, snapshot.indexFile(), snapshot.indexInode(), false)
        .firstIn(snapshot.census());
  }

  /**
   * Who could want a pack?
   *
   * @param pack the pack
   * @param since when it became superfluous
   * @param indexFile the multi-pack-index
   * @param indexInode its inode number; whoever maps another by that path reads a superseded one
   * @param repackIsKnown whether it is known which packs a git that repacks or collects garbage uses, and this is none of them:
   *     then such a one is only in the way if it has the pack open all the same
   */
  record Question(
      StoredPack pack, Instant since, Path indexFile, long indexInode, boolean repackIsKnown) {
    /** The first process found that could want the pack, in words. */
    Optional<String> firstIn(Census census) {
      return census.readers().stream().flatMap(reader -> wants(reader).stream()).findFirst();
    }

    private Optional<String> wants(Reader reader) {
      for (UsedFile file : reader.files()) {
        if (isOfPack(file.path())) {
          return Optional.of("%s has it open".formatted(reader.describe()));
        }
        if (file.path().equals(indexFile) && (file.deleted() || file.inode() != indexInode)) {
          return Optional.of("%s reads a superseded multi-pack-index".formatted(reader.describe()));
        }
      }
      if (repackIsKnown && repacks(reader)) {
        return Optional.empty();
      }
      boolean git =
          READS_REPOSITORIES.contains(reader.command()) || reader.command().startsWith("git-");
      return git && reader.started().isBefore(since)
          ? Optional.of("%s works here since before".formatted(reader.describe()))
          : Optional.empty();
    }

    /** Under which name a mapped index is seen depends on whether it is hidden at the moment. */
    private boolean isOfPack(Path path) {
      return path.equals(pack.data().path())
          || path.equals(pack.index().path())
          || path.equals(pack.index().path().resolveSibling(Leftovers.hiddenName(pack.name())));
    }
  }

  private static boolean repacks(Reader reader) {
    return reader.command().startsWith("git")
        && (DELETES.contains(commandOf(reader)) || commandOf(reader).equals("pack-objects"));
  }

  /** A git command under way that may itself delete packs, in words. */
  static Optional<String> foreignMaintenance(Census census) {
    return running(census, DELETES);
  }

  /** A git command under way that may have listed the packs for an index which it has not published yet, in words. */
  static Optional<String> foreignIndexWriter(Census census) {
    return running(census, WRITES_INDEXES);
  }

  private static Optional<String> running(Census census, Set<String> commands) {
    return census.readers().stream()
        .filter(reader -> reader.command().startsWith("git"))
        .filter(reader -> commands.contains(commandOf(reader)))
        .map(reader -> "%s: %s".formatted(reader.describe(), reader.arguments()))
        .findFirst();
  }

  private static String commandOf(Reader reader) {
    String[] words = reader.arguments().split(" ", -1);
    return words.length > 1 ? words[1] : "";
  }
}
