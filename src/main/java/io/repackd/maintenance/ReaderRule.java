package io.repackd.maintenance;

import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import io.repackd.platform.ProcessTable.UsedFile;
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
    return snapshot.census().readers().stream()
        .flatMap(reader -> wants(snapshot, view, unreferencedSince, reader).stream())
        .findFirst();
  }

  private static Optional<String> wants(
      Snapshot snapshot, PackView view, Instant since, Reader reader) {
    for (UsedFile file : reader.files()) {
      if (file.path().equals(view.pack().data().path())
          || file.path().equals(view.pack().index().path())) {
        return Optional.of("%s has it open".formatted(reader.describe()));
      }
      if (file.path().equals(snapshot.indexFile())
          && (file.deleted() || file.inode() != snapshot.indexInode())) {
        return Optional.of("%s reads a superseded multi-pack-index".formatted(reader.describe()));
      }
    }
    boolean git =
        READS_REPOSITORIES.contains(reader.command()) || reader.command().startsWith("git-");
    return git && reader.started().isBefore(since)
        ? Optional.of("%s works here since before".formatted(reader.describe()))
        : Optional.empty();
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
