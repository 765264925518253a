package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.midx.MultiPackIndex;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two packs have an object: to which of them a cycle's index leads, and what becomes of whoever reads that. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnersTest {
  private static final RepackSettings NO_REPACK =
      new RepackSettings(false, new BatchSize.Auto(), Duration.ZERO);

  private static final RepackSettings REPACK =
      new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO);

  @TempDir Path directory;

  private GitRepository repository;
  private Path large;
  private List<String> inLarge;

  @BeforeEach
  void aLargePack() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(5, new Random(20261129));
    repository.git("repack", "-a", "-d", "-q");
    large = repository.packFiles().getFirst();
    inLarge = objects(large);
  }

  private List<String> objects(Path pack) {
    return repository
        .git("verify-pack", "-v", pack.toString())
        .lines()
        .filter(line -> line.matches("[0-9a-f]{40} .*"))
        .map(line -> line.substring(0, 40))
        .toList();
  }

  /** Objects that no pack has yet. */
  private List<String> blobs(int count, String what) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ids.add(
          repository
              .gitWithInput("%s %d".formatted(what, i), "hash-object", "-w", "--stdin")
              .strip());
    }
    return ids;
  }

  /** A pack of them, younger than all others. */
  private Path pack(List<String> ids) {
    String stem = repository.packs().resolve("pack").toString();
    String name =
        repository.gitWithInput(String.join("\n", ids) + "\n", "pack-objects", "-q", stem).strip();
    repository.git("prune-packed");
    Path pack = Path.of(stem + "-" + name + ".pack");
    GitRepository.setModified(pack, Instant.now().plusSeconds(repository.packFiles().size()));
    return pack;
  }

  private static List<String> and(String id, List<String> others) {
    List<String> ids = new ArrayList<>(others);
    ids.add(id);
    return ids;
  }

  private CycleOutcome cycle(RepackSettings repack) throws IOException {
    Registration registration =
        new Registration(
            "r",
            RepositoryDiscovery.locate(repository.path()),
            TestRegistrations.settings(
                TestRegistrations.aggregate(false, Duration.ofMinutes(5)),
                new ExpireSettings(true, Duration.ZERO),
                repack));
    Clock clock = Clock.fixed(Instant.now().plusSeconds(60), ZoneOffset.UTC);
    CycleOutcome outcome =
        new MaintenanceCycle(clock, directory.resolve("state"))
            .run(registration, new Request(true), new Cancellation(), new CycleListener() {});
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    return outcome;
  }

  private Path ownerOf(String id) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(repository.index(), HashAlgorithm.SHA1, arena);
      for (long position = 0; position < index.objects(); position++) {
        if (index.idHex(position).equals(id)) {
          String name = index.packNames().get(index.packOf(position));
          return repository.packs().resolve(name.replaceFirst("\\.idx$", ".pack"));
        }
      }
    }
    throw new AssertionError("not in the index: " + id);
  }

  /** A git that has read the index, and goes on by it. */
  private final class Reader implements AutoCloseable {
    private final Process git;
    private final Writer ask;
    private final BufferedReader answers;

    Reader() throws IOException {
      git =
          new ProcessBuilder("git", "cat-file", "--batch-check")
              .directory(repository.path().toFile())
              .start();
      ask = git.outputWriter();
      answers = git.inputReader();
      assertThat(ask(repository.git("rev-parse", "main").strip())).contains(" commit ");
      assertThat(Files.readString(Path.of("/proc/%d/maps".formatted(git.pid()))))
          .contains("/multi-pack-index\n");
    }

    String ask(String id) throws IOException {
      ask.append(id).append('\n').flush();
      return answers.readLine();
    }

    @Override
    public void close() throws Exception {
      ask.close();
      git.waitFor();
    }
  }

  /** It puts the small ones together, without what the large one has, which stays. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoReadsItFindsTheObjectWhenGitHasPutTheSmallOnesTogether(boolean largeIsListed)
      throws Exception {
    if (largeIsListed) {
      cycle(NO_REPACK);
    }
    String shared = inLarge.getLast();
    List<Path> small =
        List.of(pack(and(shared, blobs(2, "one"))), pack(and(shared, blobs(2, "another"))));
    cycle(NO_REPACK);
    try (Reader reader = new Reader()) {
      repository.git("repack", "-d", "-q", "--geometric=2", "--write-midx");
      assertThat(repository.packFiles()).doesNotContainAnyElementsOf(small).contains(large);
      assertThat(reader.ask(shared)).startsWith(shared).doesNotContain("missing");
    }
    repository.assertHealthy();
  }

  /** Git leaves it, and takes nothing from others that it has. */
  @Test
  void whoReadsItFindsTheObjectWhenGitHasRepackedAllThatNobodyKeeps() throws Exception {
    String shared = inLarge.getLast();
    Path kept = pack(List.of(shared));
    Files.writeString(Path.of(kept.toString().replaceFirst("\\.pack$", ".keep")), "for good");
    Path other = pack(and(shared, blobs(3, "one")));
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(kept);
    try (Reader reader = new Reader()) {
      repository.git("repack", "-a", "-d", "-q");
      assertThat(repository.packFiles()).doesNotContain(large, other).contains(kept);
      assertThat(reader.ask(shared)).startsWith(shared).doesNotContain("missing");
    }
    repository.assertHealthy();
  }

  /** It goes when the push has ended, and the pack is one like others then. */
  @Test
  void theKeepOfAPushDoesNotCount() throws Exception {
    String shared = inLarge.getLast();
    Path pushed = pack(and(shared, blobs(1, "one")));
    Files.writeString(
        Path.of(pushed.toString().replaceFirst("\\.pack$", ".keep")), "receive-pack 1 on here");
    cycle(NO_REPACK);
    assertThat(ownerOf(shared)).isEqualTo(large);
  }

  @Test
  void ofPacksWithAsManyObjectsTheYoungestOwnsIt() throws Exception {
    List<String> blobs = blobs(5, "one");
    pack(and(blobs.getFirst(), blobs(2, "another")));
    Path one = pack(blobs.subList(0, 3));
    Path youngest = pack(blobs.subList(2, 5));
    cycle(NO_REPACK);
    assertThat(ownerOf(blobs.get(2))).isEqualTo(youngest);
    assertThat(ownerOf(blobs.get(0))).isEqualTo(one);
  }

  /** It is there to be pruned, however large it is. */
  @Test
  void aCruftPackOwnsNothingThatAnotherHas() throws Exception {
    List<String> unreachable = blobs(200, "unreachable");
    repository.git("repack", "--cruft", "-d", "-q");
    assertThat(repository.files(".mtimes")).hasSize(1);
    Path other = pack(unreachable.subList(0, 2));
    cycle(NO_REPACK);
    assertThat(ownerOf(unreachable.getFirst())).isEqualTo(other);
  }

  /** Most of what a pack has is in another, which is not repacked: what is repacked of it is less than it has itself. */
  @Test
  void whatARepackTookItOwnsAndNotALargerPackThatItTookItFrom() throws Exception {
    Files.writeString(Path.of(large.toString().replaceFirst("\\.pack$", ".keep")), "for good");
    cycle(NO_REPACK);
    List<String> own = blobs(2, "own");
    List<String> most = new ArrayList<>(inLarge.subList(0, 20));
    most.addAll(own);
    Path first = pack(most);
    Path second = pack(blobs(1, "another"));
    CycleOutcome repacked = cycle(REPACK);
    assertThat(repacked.work().packsWritten()).isEqualTo(1);
    assertThat(ownerOf(own.getFirst())).isNotIn(first, second, large);
    assertThat(objects(ownerOf(own.getFirst()))).hasSize(3);
    CycleOutcome expired = cycle(REPACK);
    assertThat(expired.work().packsDeleted()).isEqualTo(2);
    assertThat(repository.packFiles()).hasSize(2).doesNotContain(first, second);
    repository.assertHealthy();
  }
}
