package io.repackd.bench;

import io.repackd.objectdir.HashAlgorithm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A sample laid out for the jobs, again and again: all find the same packs and the same multi-pack-index, and what they leave
 * is compared with what a git, the judge, left of the same.
 *
 * <p>The indexes are made by the judge and put into place as hard links, which costs nothing and changes neither inode nor time;
 * nobody writes into an index, all replace it. Where packs are to be deleted, the packs are hard links as well.
 */
final class Stage {
  private static final String INDEX = "multi-pack-index";

  /** Which byte of an index to damage, from its end: of an offset, some way from the last one. */
  private static final long DAMAGED_BYTE_FROM_END = 20 + 8 * 1000 + 1;

  private static final int PIECE_BYTES = 1 << 20;

  // Of a multi-pack-index: where the number of its chunks stands, and where each begins.
  private static final int NUMBER_OF_CHUNKS = 6;
  private static final int CHUNK_TABLE = 12;
  private static final int CHUNK_ENTRY_BYTES = 12;
  private static final int OWNERS = 0x4f4f4646; // OOFF

  private final Path sample;
  private final Path scratch;
  private final Git judge;
  private Set<String> packsLeft = Set.of();
  private final BundleStage bundles;

  /**
   * A stage for a sample.
   *
   * @param scratch a directory on the same file system; what was there is deleted
   */
  Stage(Path sample, Path scratch, Git judge) throws IOException {
    this.sample = sample;
    this.scratch = scratch;
    this.judge = judge;
    this.bundles = new BundleStage(sample, scratch, judge);
    Samples.delete(scratch);
    Files.createDirectories(scratch);
  }

  /** Makes what the jobs are compared with. */
  void rehearse(List<Job> jobs) throws IOException {
    Path index = index(sample);
    Files.deleteIfExists(index);
    judge.run(sample, "multi-pack-index", "write");
    judge.run(sample, "multi-pack-index", "verify");
    Files.move(index, reference("full"));
    if (jobs.contains(Job.ADD_10)) {
      Path names = scratch.resolve("names");
      Files.write(names, olderIndexNames());
      judge.run(sample, names, Map.of(), "multi-pack-index", "write", "--stdin-packs");
      Files.move(index, reference("base"));
    }
    if (jobs.contains(Job.VERIFY)) {
      Files.copy(reference("full"), reference("damaged"));
      damage(reference("damaged"));
    }
    bundles.rehearse(jobs);
    if (jobs.contains(Job.EXPIRE)) {
      before(Job.EXPIRE);
      Path repository = repository(Job.EXPIRE);
      judge.run(repository, "multi-pack-index", "expire");
      judge.run(repository, "multi-pack-index", "verify");
      Files.move(index(repository), reference("expired"));
      packsLeft = fileNames(packDirectory(repository));
    }
  }

  /** Where a job is to be done. */
  Path repository(Job job) {
    if (!job.isOfIndex()) {
      return bundles.repository();
    }
    return job == Job.EXPIRE ? scratch.resolve("expiring") : sample;
  }

  /** Lays out what a job begins with, and waits until the disk is idle. */
  void before(Job job) throws IOException {
    if (!job.isOfIndex()) {
      bundles.before(job);
      settle(sample);
      return;
    }
    Path index = index(repository(job));
    switch (job) {
      case WRITE -> Files.deleteIfExists(index);
      case ADD_10 -> install("base", index);
      case UNCHANGED, VERIFY -> install("full", index);
      case EXPIRE -> {
        copyByLinks();
        install("full", index);
      }
      case AGGREGATE, AGGREGATE_316, AGGREGATE_100, LOOSE ->
          throw new IllegalArgumentException(job.label());
    }
    settle(sample);
  }

  /** What is bundled by a job, for those who have to be told. */
  BundleStage bundles() {
    return bundles;
  }

  /** Lets the disk finish what others left, so that nobody's fsync waits for it. */
  private static void settle(Path place) throws IOException {
    try {
      new ProcessBuilder("sync", "-f", place.toString()).inheritIO().start().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the disk settled", e);
    }
  }

  /** Lays out an index for {@link Job#VERIFY} in which one offset is wrong, and which only that gives away. */
  void beforeDamaged() throws IOException {
    install("damaged", index(sample));
  }

  /**
   * Checks what a job left.
   *
   * @throws IOException if it is not, byte for byte, what the judge left
   */
  void after(Job job) throws IOException {
    if (!job.isOfIndex()) {
      bundles.after(job);
      return;
    }
    Path index = index(repository(job));
    String expected = job == Job.EXPIRE ? "expired" : "full";
    long differs = Files.mismatch(index, reference(expected));
    if (differs >= 0 && !hasOnlyOtherOwners(job, index, expected, differs)) {
      throw new IOException(
          "%s: %s is not what %s leaves, from byte %d on"
              .formatted(job.label(), index, judge.label(), differs));
    }
    boolean untouched = job == Job.UNCHANGED || job == Job.VERIFY;
    if (untouched && !Files.isSameFile(index, reference(expected))) {
      throw new IOException("%s: %s was written anew".formatted(job.label(), index));
    }
    if (job == Job.EXPIRE) {
      Set<String> left = fileNames(packDirectory(repository(job)));
      left.add(INDEX);
      Set<String> wanted = new TreeSet<>(packsLeft);
      wanted.add(INDEX);
      if (!left.equals(wanted)) {
        throw new IOException(
            "%s: %d files are left, and %d are with %s"
                .formatted(job.label(), left.size(), wanted.size(), judge.label()));
      }
    }
  }

  /**
   * Whether an index has the same packs and ids as what the judge left, and is as right to the judge, but leads to other copies of
   * some objects: a cycle has the largest pack own them. The judge is asked once for each
   * job, and then it has to be that index.
   */
  private boolean hasOnlyOtherOwners(Job job, Path index, String expected, long differs)
      throws IOException {
    if (differs < ownersStart(reference(expected))) {
      return false;
    }
    Path ours = reference(job.label() + "-by-rank");
    if (!Files.exists(ours)) {
      judge.run(repository(job), "multi-pack-index", "verify");
      Files.copy(index, ours);
    }
    return Files.mismatch(index, ours) < 0;
  }

  /** Where the chunk is in which each object has its pack. Source: gitformat-pack, "multi-pack-index files". */
  private static long ownersStart(Path index) throws IOException {
    try (FileChannel channel = FileChannel.open(index)) {
      ByteBuffer head = channel.map(MapMode.READ_ONLY, 0, Math.min(channel.size(), PIECE_BYTES));
      for (int chunk = 0; chunk < head.get(NUMBER_OF_CHUNKS); chunk++) {
        int at = CHUNK_TABLE + chunk * CHUNK_ENTRY_BYTES;
        if (head.getInt(at) == OWNERS) {
          return head.getLong(at + Integer.BYTES);
        }
      }
    }
    throw new IOException(index + " has no chunk for the packs of its objects");
  }

  /** Takes everything away but the sample. */
  void strike() throws IOException {
    Files.deleteIfExists(index(sample));
    Samples.delete(scratch);
  }

  private Path reference(String name) {
    return scratch.resolve(name + "." + INDEX);
  }

  private static Path packDirectory(Path repository) {
    return repository.resolve("objects/pack");
  }

  private static Path index(Path repository) {
    return packDirectory(repository).resolve(INDEX);
  }

  private void install(String name, Path index) throws IOException {
    Files.deleteIfExists(index);
    Files.createLink(index, reference(name));
  }

  private static Set<String> fileNames(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** The names of all indexes but those of the newest packs. */
  private List<String> olderIndexNames() throws IOException {
    Map<String, FileTime> times = new HashMap<>();
    for (String name : fileNames(packDirectory(sample))) {
      if (name.endsWith(".idx")) {
        Path pack = packDirectory(sample).resolve(name.replaceFirst("idx$", "pack"));
        times.put(name, Files.getLastModifiedTime(pack));
      }
    }
    List<String> names = new ArrayList<>(times.keySet());
    names.sort(java.util.Comparator.comparing(times::get));
    return names.subList(0, names.size() - Job.ADDED_PACKS);
  }

  private void copyByLinks() throws IOException {
    Path copy = repository(Job.EXPIRE);
    if (!Files.exists(copy)) {
      Files.createDirectories(copy);
      judge.run(copy, "init", "-q", "--bare", "--initial-branch=main", ".");
    }
    Samples.delete(packDirectory(copy));
    Files.createDirectories(packDirectory(copy));
    for (String name : fileNames(packDirectory(sample))) {
      Files.createLink(packDirectory(copy).resolve(name), packDirectory(sample).resolve(name));
    }
  }

  /** Changes one offset, and the checksum so that it fits again. */
  private static void damage(Path index) throws IOException {
    HashAlgorithm hash = HashAlgorithm.SHA1;
    index.toFile().setWritable(true);
    try (FileChannel channel =
        FileChannel.open(index, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long end = channel.size() - hash.length();
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, channel.size() - DAMAGED_BYTE_FROM_END);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      channel.write(one, channel.size() - DAMAGED_BYTE_FROM_END);
      MessageDigest digest = hash.newDigest();
      for (long at = 0; at < end; at += PIECE_BYTES) {
        digest.update(channel.map(MapMode.READ_ONLY, at, Math.min(PIECE_BYTES, end - at)));
      }
      channel.write(ByteBuffer.wrap(digest.digest()), end);
    }
  }
}
