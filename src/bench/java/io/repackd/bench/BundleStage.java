package io.repackd.bench;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Where packs and loose objects are bundled: a repository of hard links to those of a sample. What comes of it has to be one pack
 * more, with exactly the objects that were to be bundled.
 */
final class BundleStage {
  private static final int LOOSE_OBJECTS = 50_000;

  private final Path sample;
  private final Path scratch;
  private final Git judge;
  private final Map<Job, List<String>> packs = new HashMap<>();
  private Set<String> before = Set.of();

  BundleStage(Path sample, Path scratch, Git judge) {
    this.sample = sample;
    this.scratch = scratch;
    this.judge = judge;
  }

  /** Makes what is bundled, and what the results are compared with. */
  void rehearse(List<Job> jobs) throws IOException {
    if (jobs.stream().allMatch(Job::isOfIndex)) {
      return;
    }
    Files.createDirectories(repository());
    judge.run(repository(), "init", "-q", "--bare", "--initial-branch=main", ".");
    List<String> oldestFirst = packsOldestFirst();
    for (Job job : jobs) {
      if (job.bundles()) {
        int count = Math.min(job.bundledPacks(), oldestFirst.size());
        packs.put(job, oldestFirst.subList(oldestFirst.size() - count, oldestFirst.size()));
        Files.write(
            packNames(job),
            packs.getOrDefault(job, List.of()).stream().map(name -> name + ".pack").toList());
        writeIds(job);
      }
    }
    if (jobs.contains(Job.LOOSE)) {
      makeLooseObjects(oldestFirst);
    }
  }

  private void writeIds(Job job) throws IOException {
    Set<String> ids = new HashSet<>();
    for (String name : packs.getOrDefault(job, List.of())) {
      try (Arena arena = Arena.ofConfined()) {
        PackIndex index =
            PackIndex.open(packDirectory(sample).resolve(name + ".idx"), HashAlgorithm.SHA1, arena);
        for (long i = 0; i < index.count(); i++) {
          ids.add(index.idHex(i));
        }
      }
    }
    Files.write(ids(job), new TreeSet<>(ids));
  }

  private void makeLooseObjects(List<String> oldestFirst) throws IOException {
    Path stash = scratch.resolve("stash.git");
    Files.createDirectories(stash);
    judge.run(stash, "init", "-q", "--bare", "--initial-branch=main", ".");
    List<Path> made = List.of();
    for (String name : oldestFirst.reversed()) {
      judge.run(
          stash, packDirectory(sample).resolve(name + ".pack"), Map.of(), "unpack-objects", "-q");
      made = looseFiles(stash);
      if (made.size() >= LOOSE_OBJECTS) {
        break;
      }
    }
    Set<String> ids = new TreeSet<>();
    made.forEach(file -> ids.add(firstByte(file) + file.getFileName()));
    Files.write(ids(Job.LOOSE), ids);
  }

  private static List<Path> looseFiles(Path repository) throws IOException {
    try (Stream<Path> files = Files.walk(repository.resolve("objects"), 2)) {
      return files.filter(file -> file.getFileName().toString().length() == 38).toList();
    }
  }

  private static String firstByte(Path looseFile) {
    return looseFile.getName(looseFile.getNameCount() - 2).toString();
  }

  /** The ids of the objects that a job bundles, one to a line. */
  Path ids(Job job) {
    return scratch.resolve(job.label() + ".ids");
  }

  /** The names of the packs that a job bundles, one to a line. */
  Path packNames(Job job) {
    return scratch.resolve(job.label() + ".packs");
  }

  Path repository() {
    return scratch.resolve("bundling");
  }

  void before(Job job) throws IOException {
    Path objects = repository().resolve("objects");
    Samples.delete(objects);
    Files.createDirectories(packDirectory(repository()));
    Files.createDirectories(objects.resolve("info"));
    if (job == Job.LOOSE) {
      for (Path file : looseFiles(scratch.resolve("stash.git"))) {
        Path directory = objects.resolve(firstByte(file));
        Files.createDirectories(directory);
        Files.createLink(directory.resolve(file.getFileName()), file);
      }
    } else {
      for (String name : packs.getOrDefault(job, List.of())) {
        for (String extension : List.of(".pack", ".idx")) {
          Files.createLink(
              packDirectory(repository()).resolve(name + extension),
              packDirectory(sample).resolve(name + extension));
        }
      }
    }
    before = packNamesIn(repository());
  }

  void after(Job job) throws IOException {
    Set<String> added = packNamesIn(repository());
    added.removeAll(before);
    if (added.size() != 1) {
      throw new IOException("%s left %d new packs".formatted(job.label(), added.size()));
    }
    Path index = packDirectory(repository()).resolve(added.iterator().next() + ".idx");
    try (Arena arena = Arena.ofConfined()) {
      PackIndex written = PackIndex.open(index, HashAlgorithm.SHA1, arena);
      List<String> expected = Files.readAllLines(ids(job));
      if (written.count() != expected.size()) {
        throw new IOException(
            "%s: %s has %d objects, and should have %d"
                .formatted(job.label(), index, written.count(), expected.size()));
      }
      for (int i = 0; i < expected.size(); i++) {
        if (!written.idHex(i).equals(expected.get(i))) {
          throw new IOException(
              "%s: %s lacks object %s".formatted(job.label(), index, expected.get(i)));
        }
      }
    }
    if (job == Job.LOOSE && !looseFiles(repository()).isEmpty()) {
      throw new IOException("loose: some objects are still loose");
    }
  }

  /**
   * Has the judge read all of the new pack.
   *
   * @return its size, in bytes
   */
  long judge() throws IOException {
    Set<String> added = packNamesIn(repository());
    added.removeAll(before);
    Path pack = packDirectory(repository()).resolve(added.iterator().next() + ".pack");
    // What a part of the packs refers to is elsewhere.
    boolean whole = before.size() == packNamesIn(sample).size();
    judge.run(
        repository(),
        "index-pack",
        whole ? "--strict" : "--no-rev-index",
        "-o",
        scratch.resolve("judged.idx").toString(),
        pack.toString());
    Path index = Path.of(pack.toString().replaceFirst("pack$", "idx"));
    if (Files.mismatch(index, scratch.resolve("judged.idx")) >= 0) {
      throw new IOException("%s is not what %s makes of the pack".formatted(index, judge.label()));
    }
    Files.delete(scratch.resolve("judged.idx"));
    return Files.size(pack);
  }

  private List<String> packsOldestFirst() throws IOException {
    Map<String, FileTime> times = new HashMap<>();
    for (String name : packNamesIn(sample)) {
      times.put(name, Files.getLastModifiedTime(packDirectory(sample).resolve(name + ".pack")));
    }
    List<String> names = new ArrayList<>(times.keySet());
    names.sort(Comparator.comparing(times::get));
    return names;
  }

  private static Path packDirectory(Path repository) {
    return repository.resolve("objects/pack");
  }

  private static Set<String> packNamesIn(Path repository) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(packDirectory(repository))) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".idx"))
          .forEach(name -> names.add(name.replaceFirst("\\.idx$", "")));
    }
    return names;
  }
}
