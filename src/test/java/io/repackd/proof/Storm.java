package io.repackd.proof;

import io.repackd.GitRepository;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Many who read one repository, and some who push to it, while somebody maintains it. Each of them asks for objects that have
 * been there for some time; one that is not found is a loss, and so is every error.
 *
 * <p>The readers come at different moments and stay for different times: {@code git cat-file --batch} for up to some seconds,
 * some with so few file descriptors and so small windows that they have to open packs again by name; {@code git log -p}; clones
 * by way of {@code git upload-pack}, and what that starts for one who takes in the pack slowly; lists of all objects; JGit.
 *
 * <p>Beside others who maintain there is a calm now and then, until those who read have ended and a little longer: where git repacks
 * or collects garbage half of the time, and whoever reads has everything open, somebody who waits for both has to have a chance to
 * delete anything at all; and the next readers come while it is at it. Without others there is none, unless nothing was deleted when
 * most of the time is over.
 */
final class Storm {
  /**
   * JGit (7.8.1) ends so now and then where a multi-pack-index is replaced while it opens it, whoever does that, as if it had taken
   * the number of a pack from one and its name from the other. It says nothing of any object then.
   */
  private static final Pattern JGIT_MIXES_INDEXES =
      Pattern.compile("IndexOutOfBoundsException[^\\n]*\\n[^\\n]*\\n?[^\\n]*PackMidx\\.get\\(");

  /** What {@link #count} is told of packs that were deleted. */
  static final String PACKS_DELETED = "packs deleted";

  /** What {@link #count} is told of loose objects that were deleted. */
  static final String LOOSE_OBJECTS_DELETED = "loose objects deleted";

  private static final int PUSHES_BESIDE_GIT = 5;

  /** In which something has to be deleted, however slow the machine. */
  private static final Duration UNTIL_DELETED = Duration.ofMinutes(10);

  private static final Duration LONGEST_READER = Duration.ofSeconds(3);
  private static final int MOST_READS = 400;

  /** Larger than what a pipe holds, all of them together. */
  private static final int LARGE_AT_FIRST = 6;

  private static final int LARGE_BYTES = 60_000;

  /** In which no pack fits as a whole, and of which only a few fit into the memory. */
  private static final String NARROW =
      "ulimit -n 30; exec git -c core.packedGitWindowSize=8192 -c core.packedGitLimit=65536 ";

  private final GitRepository repository;
  private final Path directory;
  private final long seed;
  private final List<String> known = new CopyOnWriteArrayList<>();
  private final Queue<String> losses = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicLong> done = new ConcurrentHashMap<>();
  private final AtomicLong reading = new AtomicLong();
  private final AtomicLong rounds = new AtomicLong();
  private volatile boolean calm;
  private volatile boolean alone;
  private volatile long calmsIfAloneFromNanos;
  private volatile boolean over;

  /** A storm over a new repository. */
  Storm(Path directory, long seed) throws IOException {
    this.directory = Files.createDirectories(directory).toRealPath();
    this.seed = seed;
    this.repository =
        GitRepository.bare(this.directory.resolve("r.git"), "-b", "main")
            .fetches(6, new Random(seed));
    repository.git("config", "receive.autogc", "false");
    for (int i = 0; i < LARGE_AT_FIRST; i++) {
      large(repository, new Random(seed + i));
    }
    learn();
  }

  /** One who takes part: does one thing and returns. */
  private interface Part {
    void once(Random random) throws Exception;
  }

  GitRepository repository() {
    return repository;
  }

  /** What was done how often. */
  Map<String, Long> done() {
    Map<String, Long> sums = new TreeMap<>();
    done.forEach((what, count) -> sums.put(what, count.get()));
    return sums;
  }

  void count(String what, long times) {
    done.computeIfAbsent(what, _ -> new AtomicLong()).addAndGet(times);
  }

  void lose(String what) {
    losses.add(what);
  }

  /**
   * Lets it rage, until the time is over or something is lost.
   *
   * @param maintenance called over and over by one thread
   * @param others called over and over, by a thread for each
   * @return what was not found, and what went wrong
   */
  List<String> rage(Duration time, Maintenance maintenance, List<Maintenance> others)
      throws Exception {
    alone = others.isEmpty();
    calmsIfAloneFromNanos = System.nanoTime() + time.toNanos() * 2 / 3;
    List<Thread> threads = new ArrayList<>();
    start(
        threads,
        "maintenance",
        _ -> {
          maintenance.once();
          rounds.incrementAndGet();
        });
    for (Maintenance other : others) {
      start(threads, "other maintenance", _ -> other.once());
    }
    start(threads, "weather", this::weather);
    start(threads, "push", this::push);
    for (int i = 0; i < 3; i++) {
      read(threads, "cat-file", this::catFile);
      if (alone) { // git deletes under their hands, and they cannot open again what they have read
        read(threads, "narrow cat-file", this::narrowCatFile);
        read(threads, "slow fetch", this::slowFetch);
      }
    }
    read(threads, "log", this::log);
    read(threads, "clone", this::cloneIt);
    read(threads, "list", this::list);
    read(threads, "JGit", this::jgit);
    long begunNanos = System.nanoTime();
    while (losses.isEmpty()
        && (System.nanoTime() - begunNanos < time.toNanos()
            || (deletesNothingYet() && System.nanoTime() - begunNanos < UNTIL_DELETED.toNanos()))) {
      Thread.sleep(20);
    }
    over = true;
    for (Thread thread : threads) {
      thread.join();
    }
    return List.copyOf(losses);
  }

  /** On a busy machine it may take longer. */
  private boolean deletesNothingYet() {
    return alone && done().getOrDefault(PACKS_DELETED, 1L) == 0;
  }

  /** Somebody who maintains. */
  interface Maintenance {
    void once() throws Exception;
  }

  private void start(List<Thread> threads, String name, Part part) {
    Random random = new Random(seed + threads.size());
    threads.add(
        Thread.ofPlatform()
            .name(name)
            .start(() -> {
              while (!over) {
                try {
                  part.once(random);
                } catch (Exception | Error e) {
                  if (!over) {
                    losses.add(name + ": " + e);
                  }
                }
              }
            }));
  }

  private void read(List<Thread> threads, String name, Part part) {
    start(
        threads,
        name,
        random -> {
          while (calm && !over) {
            Thread.sleep(random.nextInt(20));
          }
          reading.incrementAndGet();
          try {
            part.once(random);
          } finally {
            reading.decrementAndGet();
          }
          Thread.sleep(random.nextInt(200));
        });
  }

  private void weather(Random random) throws Exception {
    Thread.sleep(500 + random.nextInt(2500));
    if (alone
        && (System.nanoTime() < calmsIfAloneFromNanos
            || done().getOrDefault(PACKS_DELETED, 0L) > 0)) {
      return;
    }
    calm = true;
    while (reading.get() > 0 && !over) {
      Thread.sleep(10);
    }
    long begun = rounds.get();
    while (rounds.get() < begun + 2 && !over) {
      Thread.sleep(10);
    }
    Thread.sleep(random.nextInt(500));
    calm = false;
    count("calms", 1);
  }

  /** Notes what is there: from now on it has to be. */
  private void learn() {
    Set<String> all = new HashSet<>(known);
    List<String> fresh = new ArrayList<>();
    for (String line : repository.reachable().split("\n")) {
      String id = line.split(" ", 2)[0];
      if (all.add(id)) {
        fresh.add(id);
      }
    }
    known.addAll(fresh);
  }

  private void push(Random random) throws Exception {
    repository.git("config", "receive.unpackLimit", random.nextInt(3) == 0 ? "1000" : "1");
    Path work = directory.resolve("work.git");
    if (!Files.exists(work)) {
      repository.git("clone", "-q", "--bare", ".", work.toString());
    }
    GitRepository pusher = GitRepository.at(work);
    pusher.git("fetch", "-q", repository.path().toString(), "+main:main");
    pusher.commits(1 + random.nextInt(3), random);
    large(pusher, random);
    // When git itself prunes what is packed, it removes the directory into which a push is about to
    // write a loose object.
    int tries = alone ? 1 : PUSHES_BESIDE_GIT;
    while (tries > 1 && pusher.gitStatus("push", "-q", repository.path().toString(), "main") != 0) {
      tries--;
    }
    pusher.git("push", "-q", repository.path().toString(), "main");
    learn();
    count("pushes", 1);
    Thread.sleep(random.nextInt(200));
  }

  /** A commit of something that cannot be made small. */
  private static void large(GitRepository repository, Random random) {
    byte[] bytes = new byte[LARGE_BYTES / 2];
    random.nextBytes(bytes);
    String text = HexFormat.of().formatHex(bytes);
    repository.gitWithInput(
        "commit refs/heads/main\ncommitter C <c@example.org> 1700000000 +0000\ndata 1\nx\n"
            + "from refs/heads/main^0\nM 100644 inline large%d\ndata %d\n%s\n"
                .formatted(random.nextInt(5), text.length(), text),
        "-c",
        "fastimport.unpackLimit=1",
        "fast-import",
        "--quiet");
  }

  /** What git upload-pack starts, for somebody far away. */
  private void slowFetch(Random random) throws Exception {
    Path errors = Files.createTempFile(directory, "fetch", ".errors");
    Process process =
        program(
                List.of(
                    "sh",
                    "-c",
                    NARROW
                        + "pack-objects --revs --all --stdout --delta-base-offset --threads=1 -q"))
            .redirectError(errors.toFile())
            .start();
    process.getOutputStream().close();
    long bytes = 0;
    try (InputStream pack = process.getInputStream()) {
      byte[] piece = new byte[16_384];
      for (int read = pack.read(piece); read >= 0; read = pack.read(piece)) {
        bytes += read;
        Thread.sleep(over ? 0 : random.nextInt(60));
      }
      int status = process.waitFor();
      if (status != 0) {
        lose(
            "a slow fetch after %d bytes: status %d: %s"
                .formatted(bytes, status, Files.readString(errors)));
      }
    } finally {
      process.destroyForcibly().waitFor();
      Files.delete(errors);
      count("slow fetches", 1);
    }
  }

  private ProcessBuilder git(String... arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    return program(command);
  }

  private ProcessBuilder program(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(repository.path().toFile());
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    builder.environment().put("LC_ALL", "C");
    return builder;
  }

  private void jgit(Random random) throws Exception {
    batch(
        random,
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            JGitBatch.class.getName()),
        "JGit");
  }

  private void catFile(Random random) throws Exception {
    batch(random, List.of("git", "cat-file", "--batch"), "cat-file");
  }

  private void narrowCatFile(Random random) throws Exception {
    batch(random, List.of("sh", "-c", NARROW + "cat-file --batch"), "narrow cat-file");
  }

  /** Somebody who answers for some time, and does not know beforehand what will be asked. */
  private void batch(Random random, List<String> command, String who) throws Exception {
    List<String> some = List.copyOf(known);
    Path errors = Files.createTempFile(directory, "cat-file", ".errors");
    Process process = program(command).redirectError(errors.toFile()).start();
    long reads = 0;
    try (Writer ask = process.outputWriter();
        InputStream answers = new BufferedInputStream(process.getInputStream())) {
      long until = System.nanoTime() + random.nextLong(LONGEST_READER.toNanos());
      while (reads < MOST_READS && (reads < 2 || System.nanoTime() < until) && !over) {
        String id = some.get(random.nextInt(some.size()));
        ask.write(id + "\n");
        ask.flush();
        String answer = line(answers);
        String[] words = answer.split(" ");
        if (words.length != 3) {
          lose(
              "%s after %d reads: %s %s: %s%s"
                  .formatted(who, reads, id, answer, Files.readString(errors), mapped(process)));
          return;
        }
        answers.skipNBytes(Long.parseLong(words[2]) + 1);
        reads++;
        Thread.sleep(random.nextInt(20));
      }
    } catch (IOException e) {
      String said = Files.readString(errors);
      if (JGIT_MIXES_INDEXES.matcher(said).find()) {
        count("JGit processes that mixed two indexes up", 1);
      } else {
        lose("%s after %d reads: %s: %s".formatted(who, reads, e, said));
      }
    } finally {
      process.destroyForcibly().waitFor();
      Files.delete(errors);
      count("objects read by " + who, reads);
      count(who + " processes", 1);
    }
  }

  /** Of which packs and of which multi-pack-index it goes by: that tells most of how it came to lose an object. */
  private static String mapped(Process process) throws IOException {
    return Files.readString(Path.of("/proc/%d/maps".formatted(process.pid())))
        .lines()
        .filter(line -> line.contains("/pack/"))
        .map(line -> "\n  has mapped " + line.split(" +", 6)[5])
        .collect(Collectors.joining());
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("it ended: " + line);
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /** Runs it to its end, and gives what it says. */
  private String finish(String what, ProcessBuilder builder) throws Exception {
    Path errors = Files.createTempFile(directory, "git", ".errors");
    Process process = builder.redirectError(errors.toFile()).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(1, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      lose(what + " hangs");
    }
    String said = Files.readString(errors);
    Files.delete(errors);
    if (process.exitValue() != 0 || said.contains("error") || said.contains("fatal")) {
      lose("%s: status %d: %s".formatted(what, process.exitValue(), said));
    }
    count(what, 1);
    return output;
  }

  private void log(Random random) throws Exception {
    finish("git log -p", git("log", "-p", "--all", "--format=%H"));
  }

  private void cloneIt(Random random) throws Exception {
    Path clone = directory.resolve("clone.git");
    finish("clones", git("clone", "-q", "--bare", "--no-local", ".", clone.toString()));
    delete(clone);
  }

  private void list(Random random) throws Exception {
    Set<String> missing = new HashSet<>(known);
    String all =
        finish("lists of all objects", git("cat-file", "--batch-all-objects", "--batch-check"));
    all.lines().forEach(line -> missing.remove(line.split(" ", 2)[0]));
    if (!missing.isEmpty()) {
      lose("a list of all objects lacks " + missing);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
