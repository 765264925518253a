package io.repackd.maintenance;

import io.repackd.platform.ProcessTable.Census;
import io.repackd.platform.ProcessTable.Reader;
import io.repackd.platform.ProcessTable.UsedFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The processes of a census, arranged so that it costs little to ask for each of thousands of packs who could want it: a server has
 * as many processes, each with as many files mapped, and it is asked under the lock of the multi-pack-index.
 */
final class SeenReaders {
  /** A file that somebody uses. */
  private record Use(Reader reader, UsedFile file) {
    String describe() {
      return "%s has %s %s"
          .formatted(reader.describe(), file.path(), file.mapped() ? "mapped" : "open");
    }
  }

  private final Map<Path, Use> first = new HashMap<>();

  /** For each path the files that were found by it: a multi-pack-index that was replaced has the path of the installed one. */
  private final Map<Path, Map<Long, Reader>> readersByInode = new HashMap<>();

  private Optional<Reader> oldest = Optional.empty();
  private Optional<Reader> oldestNotRepacking = Optional.empty();

  SeenReaders(Census census) {
    for (Reader reader : census.readers()) {
      for (UsedFile file : reader.files()) {
        first.putIfAbsent(file.path(), new Use(reader, file));
        readersByInode
            .computeIfAbsent(file.path(), _ -> new LinkedHashMap<>())
            .putIfAbsent(file.inode(), reader);
      }
      if (ReaderRule.readsRepositories(reader.command())) {
        oldest = older(oldest, reader);
        if (!ReaderRule.repacks(reader)) {
          oldestNotRepacking = older(oldestNotRepacking, reader);
        }
      }
    }
  }

  private static Optional<Reader> older(Optional<Reader> known, Reader reader) {
    return known
        .filter(each -> !reader.started().isBefore(each.started()))
        .or(() -> Optional.of(reader));
  }

  /** Somebody who has a file open or mapped, in words. */
  Optional<String> userOf(Path file) {
    return Optional.ofNullable(first.get(file)).map(Use::describe);
  }

  /**
   * Somebody who reads a multi-pack-index by the path of the installed one that is none of those, in words.
   *
   * @param harmless inode numbers
   */
  Optional<String> readerOfAnotherThan(Set<Long> harmless, Path indexFile) {
    return readersByInode.getOrDefault(indexFile, Map.of()).entrySet().stream()
        .filter(entry -> !harmless.contains(entry.getKey()))
        .findFirst()
        .map(entry ->
            "%s reads a superseded multi-pack-index".formatted(entry.getValue().describe()));
  }

  /**
   * Somebody who works there since before a time, and may have read an index or listed the packs then, in words.
   *
   * @param repackIsKnown whether those that repack do not count
   */
  Optional<String> workingSinceBefore(Instant time, boolean repackIsKnown) {
    return (repackIsKnown ? oldestNotRepacking : oldest)
        .filter(reader -> reader.started().isBefore(time))
        .map(reader -> "%s works here since before".formatted(reader.describe()));
  }
}
