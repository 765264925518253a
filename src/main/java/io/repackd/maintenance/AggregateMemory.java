package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.StoredPack;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * What later rounds need not find out again: which files are damaged, and what came to nothing. Known by their stamps, so that a
 * file which is mended, or comes again, has a new chance. Lost with the process, which costs no more than one try.
 */
final class AggregateMemory {
  private final Set<FileStamp> damaged = ConcurrentHashMap.newKeySet();
  private final Set<FileStamp> lessReadable = ConcurrentHashMap.newKeySet();
  private final Map<Vain, List<StoredPack>> inVain = new ConcurrentHashMap<>();
  private final Map<Path, Set<String>> nothingToDo = new ConcurrentHashMap<>();

  private record Vain(Path directory, PackKind kind) {}

  /**
   * Notes that a file is damaged.
   *
   * @return whether that was not known
   */
  boolean damaged(FileStamp file) {
    return damaged.add(file);
  }

  /** The names of those packs of which a file is known to be damaged. */
  Set<String> damagedOf(List<StoredPack> packs) {
    return damaged.isEmpty()
        ? Set.of()
        : packs.stream()
            .filter(pack -> damaged.contains(pack.data()) || damaged.contains(pack.index()))
            .map(StoredPack::name)
            .collect(Collectors.toSet());
  }

  /**
   * Notes that fewer people may read a pack than some that it supersedes.
   *
   * @return whether that was not known
   */
  boolean lessReadable(StoredPack pack) {
    return lessReadable.add(pack.data());
  }

  /** Forgets files that have gone, of one object directory. */
  void forgetAllBut(ObjectDirectory directory, List<StoredPack> packs) {
    if (damaged.isEmpty() && lessReadable.isEmpty()) {
      return;
    }
    Set<FileStamp> there = ConcurrentHashMap.newKeySet();
    packs.forEach(pack -> {
      there.add(pack.data());
      there.add(pack.index());
    });
    for (Set<FileStamp> known : List.of(damaged, lessReadable)) {
      known.removeIf(
          file -> file.path().startsWith(directory.packDirectory()) && !there.contains(file));
    }
  }

  /** Notes that the pack which results from a bundle is there already. */
  void inVain(ObjectDirectory directory, Bundle bundle) {
    inVain.put(new Vain(directory.path(), bundle.kind()), bundle.packs());
  }

  boolean wasInVain(ObjectDirectory directory, Bundle bundle) {
    return bundle.packs().equals(inVain.get(new Vain(directory.path(), bundle.kind())));
  }

  /** Notes which packs there were to choose from when a round found none of them worth bundling. */
  void nothingToDo(ObjectDirectory directory, Optional<Set<String>> eligible) {
    eligible.ifPresentOrElse(
        names -> nothingToDo.put(directory.path(), names),
        () -> nothingToDo.remove(directory.path()));
  }

  boolean hadNothingToDo(ObjectDirectory directory, Set<String> eligible) {
    return eligible.equals(nothingToDo.get(directory.path()));
  }
}
