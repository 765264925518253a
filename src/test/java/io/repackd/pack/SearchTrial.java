package io.repackd.pack;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** Puts packs together with a delta search, and has git say what came of it. */
final class SearchTrial {
  private final Path directory;
  private final HashAlgorithm hash;
  private int results;

  SearchTrial(Path directory, HashAlgorithm hash) {
    this.directory = directory;
    this.hash = hash;
  }

  /** An entry as {@code git verify-pack -v} tells of it; what is whole has depth 0 and no base. */
  record Entry(String id, String type, long offset, int depth, String base) {}

  /** A pack that was written, alone in a repository which has no other objects. */
  record Result(GitRepository repository, Path pack, long deltas) {
    Entries entries() {
      return SearchTrial.entries(repository, pack);
    }

    int longestChain() {
      return entries().all().stream().mapToInt(Entry::depth).max().orElse(0);
    }
  }

  /** The entries of a pack, in the order in which they lie in it. */
  record Entries(Map<String, Entry> byId) {
    /** The one of an object. */
    Entry of(String id) {
      return requireNonNull(byId.get(id), id);
    }

    Collection<Entry> all() {
      return byId.values();
    }

    List<String> ids() {
      return List.copyOf(byId.keySet());
    }
  }

  static Entries entries(GitRepository repository, Path pack) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    repository
        .git("verify-pack", "-v", pack.toString())
        .lines()
        .map(line -> line.split("\\s+"))
        .filter(words -> words.length >= 5 && words[0].matches("[0-9a-f]{40,64}"))
        .map(words ->
            new Entry(
                words[0],
                words[1],
                Long.parseLong(words[4]),
                words.length > 5 ? Integer.parseInt(words[5]) : 0,
                words.length > 5 ? words[6] : ""))
        .sorted(Comparator.comparingLong(Entry::offset))
        .forEach(entry -> entries.put(entry.id(), entry));
    return new Entries(entries);
  }

  /** All objects of the packs, of which none was searched. */
  Result write(List<Path> packs, DeltaSearchSettings settings) throws IOException {
    return write(packs, (_, _) -> true, _ -> false, settings);
  }

  /**
   * Some objects of the packs.
   *
   * @param wanted told a pack and an id
   * @param searched the packs whose objects were compared with each other
   */
  Result write(
      List<Path> packs,
      BiPredicate<Path, String> wanted,
      Predicate<Path> searched,
      DeltaSearchSettings settings)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      List<PackSource> sources = new ArrayList<>();
      for (Path pack : packs) {
        PackFile file = PackFile.open(pack, with(pack, ".idx"), hash, arena);
        PositionSet selected = new PositionSet(arena, file.index().count());
        for (long i = 0; i < file.index().count(); i++) {
          if (wanted.test(pack, file.index().idHex(i))) {
            selected.add(i);
          }
        }
        sources.add(new PackSource.Packed(file, selected, searched.test(pack)));
      }
      return write(sources, Optional.of(settings));
    }
  }

  /** Writes a pack; git makes the same index and reverse index of it, and finds no fault. */
  Result write(List<PackSource> sources, Optional<DeltaSearchSettings> settings)
      throws IOException {
    Path target = Files.createDirectory(directory.resolve("result-" + results++));
    Path unnamed = target.resolve("new.pack");
    try (FileChannel scratch = create(target.resolve("scratch"));
        PackWriter writer =
            settings.isPresent()
                ? new PackWriter(
                    sources,
                    hash,
                    -1,
                    new PackWriter.Search(settings.get(), scratch),
                    new Cancellation())
                : new PackWriter(sources, hash, -1, new Cancellation())) {
      NewPack content = writer.inOnePack();
      String name;
      try (FileChannel channel = create(unnamed)) {
        name = content.writePack(channel);
      }
      Path pack = Files.move(unnamed, target.resolve("pack-" + name + ".pack"));
      try (FileChannel channel = create(with(pack, ".idx"))) {
        content.writeIndex(channel);
      }
      try (FileChannel channel = create(with(pack, ".rev"))) {
        content.writeReverseIndex(channel);
      }
      return new Result(judged(pack), pack, content.deltas());
    }
  }

  private GitRepository judged(Path pack) throws IOException {
    GitRepository alone =
        GitRepository.bare(
            pack.resolveSibling("alone.git"), "--object-format=" + hash.gitName(), "-b", "main");
    Path copy = Files.copy(pack, alone.packs().resolve(pack.getFileName()));
    alone.git("index-pack", "--rev-index", copy.toString());
    for (String extension : List.of(".idx", ".rev")) {
      assertThat(with(pack, extension)).hasSameBinaryContentAs(with(copy, extension));
    }
    return alone;
  }

  static FileChannel create(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  static Path with(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", extension));
  }
}
