package io.repackd.objectdir;

import io.repackd.platform.AllCores;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Lists a pack directory once and sorts its files into packs and what is none.
 *
 * <p>A pack is any {@code X.idx} with an {@code X.pack} beside it, as for git, save the names that git uses while it writes:
 * those begin with a dot or with {@code tmp_}. A file that vanishes during the listing is taken as not there.
 */
final class PackDirectoryScan {
  static final String INDEX_NAME = "multi-pack-index";
  static final String CHAIN = "multi-pack-index.d/multi-pack-index-chain";

  /** What belongs to an index is named after its hash. Anything else with such a beginning is somebody's own. */
  private static final Pattern INDEX_SIDECAR =
      Pattern.compile(INDEX_NAME + "-([0-9a-f]{40}|[0-9a-f]{64})\\.(bitmap|rev)");

  private final Path directory;
  private final Map<String, Set<String>> extensionsByStem = new TreeMap<>();
  private final Set<String> otherNames = new TreeSet<>();

  private final List<StoredPack> packs = new ArrayList<>();
  private final Map<String, KeepOwner> keeps = new HashMap<>();
  private final List<FileStamp> indexSidecars = new ArrayList<>();
  private final List<GarbageFile> garbage = new ArrayList<>();

  private PackDirectoryScan(Path directory) {
    this.directory = directory;
  }

  static PackDirectoryListing scan(Path directory) throws IOException {
    return new PackDirectoryScan(directory).scan();
  }

  /** The indexes beside which there is a pack, by their names alone. */
  static Set<String> packIndexNames(Path directory) throws IOException {
    return packNames(directory).keySet().stream()
        .map(name -> name + ".idx")
        .collect(Collectors.toSet());
  }

  /** The complete packs with their sidecars, by their names alone. */
  static Map<String, Set<Sidecar>> packNames(Path directory) throws IOException {
    PackDirectoryScan scan = new PackDirectoryScan(directory);
    scan.list();
    Map<String, Set<Sidecar>> names = new HashMap<>();
    scan.extensionsByStem.forEach((stem, extensions) -> {
      if (extensions.contains("idx") && extensions.contains("pack")) {
        Set<Sidecar> sidecars = EnumSet.noneOf(Sidecar.class);
        extensions.forEach(name -> Sidecar.ofExtension(name).ifPresent(sidecars::add));
        names.put(stem, sidecars);
      }
    });
    return names;
  }

  private void list() throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(entry -> sort(String.valueOf(entry.getFileName())));
    } catch (NoSuchFileException e) {
      // A new repository has none until its first pack.
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  private PackDirectoryListing scan() throws IOException {
    list();
    listSidecarsAgain();
    List<Map.Entry<String, Set<String>>> stems = List.copyOf(extensionsByStem.entrySet());
    Found[] found = new Found[stems.size()];
    AllCores.forEach(
        found.length, i -> found[i] = find(stems.get(i).getKey(), stems.get(i).getValue()));
    for (int i = 0; i < found.length; i++) {
      sort(stems.get(i).getKey(), found[i]);
    }
    for (String name : otherNames) {
      examineOther(name);
    }
    return new PackDirectoryListing(
        packs, stamp(INDEX_NAME), stamp(CHAIN), indexSidecars, keeps, garbage);
  }

  /**
   * The index of a pack comes last. So once it is there, what came before it is there too, even if the listing missed it: a
   * .promisor or a .keep which came while the listing was made. A listing that begins later has it.
   */
  private void listSidecarsAgain() throws IOException {
    PackDirectoryScan later = new PackDirectoryScan(directory);
    later.list();
    extensionsByStem.forEach((stem, extensions) -> {
      if (extensions.contains("idx")) {
        extensions.addAll(later.extensionsByStem.getOrDefault(stem, Set.of()));
      }
    });
  }

  private void sort(String name) {
    int dot = name.lastIndexOf('.');
    if (temporary(name) || dot <= 0 || name.startsWith(INDEX_NAME)) {
      otherNames.add(name);
      return;
    }
    String extension = name.substring(dot + 1);
    if (extension.equals("pack")
        || extension.equals("idx")
        || Sidecar.ofExtension(extension).isPresent()) {
      extensionsByStem.computeIfAbsent(name.substring(0, dot), _ -> new HashSet<>()).add(extension);
    } else {
      otherNames.add(name);
    }
  }

  /** The files of one name that are there. */
  private record Found(
      Optional<FileStamp> data, Optional<FileStamp> index, Map<Sidecar, FileStamp> sidecars) {}

  private Found find(String stem, Set<String> extensions) throws IOException {
    Optional<FileStamp> index = stamp(stem, "idx", extensions);
    Map<Sidecar, FileStamp> sidecars = new EnumMap<>(Sidecar.class);
    for (Sidecar sidecar : Sidecar.values()) {
      stamp(stem, sidecar.extension(), extensions).ifPresent(found -> sidecars.put(sidecar, found));
    }
    return new Found(stamp(stem, "pack", extensions), index, sidecars);
  }

  private void sort(String stem, Found files) {
    FileStamp keep = files.sidecars().get(Sidecar.KEEP);
    if (keep != null) {
      readKeep(stem, keep);
    }
    if (files.data().isPresent() && files.index().isPresent()) {
      packs.add(new StoredPack(stem, files.data().get(), files.index().get(), files.sidecars()));
      return;
    }
    files.data().ifPresent(this::addOrphan);
    files.index().ifPresent(this::addOrphan);
    files
        .sidecars()
        .forEach((sidecar, found) -> {
          // A keep alone guards a pack that is on its way.
          if (sidecar != Sidecar.KEEP) {
            addOrphan(found);
          }
        });
  }

  private void readKeep(String stem, FileStamp keep) {
    try {
      keeps.put(stem, KeepFile.owner(keep.path()));
    } catch (NoSuchFileException e) {
      // Its push or fetch has just ended.
    } catch (IOException e) {
      keeps.put(stem, KeepOwner.OTHER); // closed to us, so surely not ours
    }
  }

  private void examineOther(String name) throws IOException {
    if (name.equals(INDEX_NAME)
        || name.equals("multi-pack-index.d")
        || name.startsWith(ObjectDirectory.SUPERSEDED_INDEX)) {
      return;
    }
    Optional<FileStamp> found = stamp(name);
    if (found.isEmpty()) {
      return;
    }
    if (INDEX_SIDECAR.matcher(name).matches()) {
      indexSidecars.add(found.get());
    } else {
      garbage.add(new GarbageFile(kindOf(name), found.get()));
    }
  }

  private void addOrphan(FileStamp stamp) {
    garbage.add(new GarbageFile(GarbageKind.ORPHAN, stamp));
  }

  private Optional<FileStamp> stamp(String stem, String extension, Set<String> listed)
      throws IOException {
    return listed.contains(extension) ? stamp(stem + "." + extension) : Optional.empty();
  }

  private Optional<FileStamp> stamp(String name) throws IOException {
    try {
      return FileStamp.find(directory.resolve(name));
    } catch (ObjectDirectoryException e) {
      return Optional.empty(); // neither a directory nor a symbolic link is part of a pack
    } catch (InvalidPathException e) {
      return Optional.empty(); // a name that is none in our locale
    }
  }

  private static boolean temporary(String name) {
    return name.startsWith(".") || name.startsWith("tmp_");
  }

  private static GarbageKind kindOf(String name) {
    if (name.endsWith(".lock")) {
      return GarbageKind.LOCK;
    }
    boolean written =
        temporary(name) || name.endsWith(".temp") || StagingFile.JGIT.matcher(name).matches();
    return written ? GarbageKind.TEMPORARY : GarbageKind.UNKNOWN;
  }
}
