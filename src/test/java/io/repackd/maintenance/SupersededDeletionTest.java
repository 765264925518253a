package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.config.AggregateSettings;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The moments under the lock in which superseded packs are deleted, with somebody coming in between: whoever asks the time there is
 * the deletion itself, first before the packs are hidden, and then while they are.
 */
class SupersededDeletionTest {
  private static final AggregateRequest NOW =
      new AggregateRequest(true, Optional.empty(), Set.of());

  private static final AggregateSettings SETTINGS =
      new AggregateSettings(
          true,
          Duration.ofSeconds(10),
          2,
          100,
          Duration.ofMinutes(1),
          1000,
          10_000,
          1_000_000,
          1L << 30,
          false);

  @TempDir Path temporary;

  private GitRepository repository;
  private ObjectDirectory directory;
  private List<Path> superseded;
  private Path bundle;
  private String objects;

  private interface Event {
    void happen() throws IOException;
  }

  /** Others wait for the lock, and have no use for a name. */
  private static final SafetyWindow NAMES_NOBODY =
      new SafetyWindow(
          true,
          _ -> {
            throw new AssertionError("asked for names under the lock");
          });

  private enum Moment {
    BEFORE_THEY_ARE_HIDDEN,
    WHILE_THEY_ARE_HIDDEN
  }

  @BeforeEach
  void threeSupersededPacks() throws IOException {
    GitRepository template = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository = template.fetches(3, new Random(20261121));
    objects = repository.git("cat-file", "--batch-all-objects", "--batch-check");
    superseded = repository.packFiles();
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    String packs = repository.packs().resolve("pack").toString();
    String name = repository.gitWithInput(all, "pack-objects", "-q", packs).strip();
    bundle = repository.packs().resolve("pack-" + name + ".pack");
    GitRepository.setModified(bundle, Instant.now().plusSeconds(2));
    List<String> names =
        superseded.stream().map(p -> p.getFileName().toString().replace(".pack", "")).toList();
    Files.writeString(
        beside(bundle, "baddeltas"), new SupersededPacks(BootClock.SYSTEM.now(), names).render());
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.pack$", "." + extension));
  }

  private long delete(Moment moment, Event event) throws IOException, StepFailure {
    AggregateMemory memory = new AggregateMemory();
    Clock clock = Clock.systemUTC();
    AggregateSnapshot snapshot =
        new AggregateSnapshots(
                directory, memory, new SafetyWindow(), Duration.ofHours(1), clock, BootClock.SYSTEM)
            .take(directory.listPacks().packs(), Set.of());
    int[] asked = {0};
    BootClock interrupted =
        () -> {
          if (asked[0]++ == moment.ordinal()) {
            event.happen();
          }
          return BootClock.SYSTEM.now();
        };
    AggregatePlan plan = AggregatePlanner.plan(snapshot, SETTINGS, NOW);
    assertThat(plan.due()).hasSize(3);
    return new SupersededDeletion(
            directory,
            SETTINGS,
            NOW,
            new AggregateSnapshots(
                directory, memory, NAMES_NOBODY, Duration.ofHours(1), clock, interrupted),
            memory,
            new Cancellation())
        .delete(plan.due(), snapshot);
  }

  private void assertAllThere() {
    assertThat(repository.packFiles()).hasSize(4);
    assertThat(repository.files("").stream().filter(f -> f.toString().contains("tmp_"))).isEmpty();
    assertThat(repository.objects().resolve("pack/multi-pack-index.lock")).doesNotExist();
    assertThat(repository.git("cat-file", "--batch-all-objects", "--batch-check"))
        .isEqualTo(objects);
  }

  private void assertKept(Moment moment, Event event) {
    try {
      assertThat(delete(moment, event)).isZero();
    } catch (StepFailure e) {
      assertThat(e.result()).isEqualTo(Result.SKIPPED);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertAllThere();
  }

  @Test
  void ifNobodyComesTheyAreDeleted() throws Exception {
    assertThat(delete(Moment.WHILE_THEY_ARE_HIDDEN, () -> {})).isEqualTo(3);
    assertThat(repository.packFiles()).containsExactly(bundle);
    assertThat(repository.git("cat-file", "--batch-all-objects", "--batch-check"))
        .isEqualTo(objects);
    repository.assertHealthy();
  }

  @ParameterizedTest
  @EnumSource
  void aKeepThatComesKeepsThem(Moment moment) {
    assertKept(moment, () -> Files.createFile(beside(superseded.get(1), "keep")));
  }

  @ParameterizedTest
  @EnumSource
  void whoeverTouchesOneKeepsThem(Moment moment) {
    assertKept(moment, () -> GitRepository.setModified(superseded.get(1), Instant.now()));
  }

  /** By another path, so that the process table does not show it. */
  @Test
  void whoeverOpensOneKeepsThem() throws Exception {
    Path elsewhere = Files.createLink(temporary.resolve("elsewhere"), superseded.get(1));
    List<Process> readers = new ArrayList<>();
    assertKept(
        Moment.WHILE_THEY_ARE_HIDDEN,
        () -> {
          String open = "exec 5<" + elsewhere + "; echo; cat";
          readers.add(new ProcessBuilder("sh", "-c", open).start());
          readers.getFirst().inputReader().readLine();
        });
    readers.getFirst().outputWriter().close();
    readers.getFirst().waitFor();
  }

  @ParameterizedTest
  @EnumSource
  void gcThatBeginsKeepsThem(Moment moment) {
    assertKept(moment, () -> Files.writeString(repository.path().resolve("gc.pid"), "1 elsewhere"));
  }

  @ParameterizedTest
  @EnumSource
  void anIndexThatListsThemKeepsThem(Moment moment) throws Exception {
    GitRepository twin = repository.copyTo(temporary.resolve("twin.git"));
    twin.git("multi-pack-index", "write");
    assertKept(moment, () -> Files.move(twin.index(), repository.index()));
  }

  @ParameterizedTest
  @EnumSource
  void theyStayIfWhatSupersedesThemBecomesAPackOfAnotherKind(Moment moment) {
    assertKept(moment, () -> Files.createFile(beside(bundle, "mtimes")));
  }

  @ParameterizedTest
  @EnumSource
  void theyStayIfWhatSupersedesThemGoes(Moment moment) throws Exception {
    Path aside = temporary.resolve("aside");
    try {
      assertThat(delete(moment, () -> Files.move(bundle, aside))).isZero();
    } catch (StepFailure e) {
      assertThat(e.result()).isEqualTo(Result.SKIPPED);
    }
    assertThat(repository.packFiles()).isEqualTo(superseded);
    assertThat(repository.files(".idx")).hasSize(4);
    assertThat(repository.git("rev-list", "--all", "--objects")).isNotEmpty();
  }

  /** It lists none of them, and so says nothing against it; but who wrote it may have begun when they were there. */
  @Test
  void theyAreNotHiddenInVainWhereTheIndexWasReplaced() {
    assertThatThrownBy(() ->
            delete(
                Moment.BEFORE_THEY_ARE_HIDDEN,
                () ->
                    repository.gitWithInput(
                        beside(bundle, "idx").getFileName() + "\n",
                        "multi-pack-index",
                        "write",
                        "--stdin-packs")))
        .isInstanceOfSatisfying(
            StepFailure.class,
            failure -> {
              assertThat(failure.result()).isEqualTo(Result.SKIPPED);
              assertThat(failure.reason()).isEqualTo("packs-changed");
            });
    assertAllThere();
  }

  private static void makePrivate(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
  }

  @ParameterizedTest
  @EnumSource
  void theyStayIfFewerPeopleMayReadWhatSupersedesThem(Moment moment) {
    assertKept(moment, () -> makePrivate(bundle));
  }

  /** As an umask of 027 leaves them. */
  @Test
  void onlyThoseGoThatNobodyElseCouldRead() throws Exception {
    makePrivate(beside(bundle, "idx"));
    makePrivate(superseded.getFirst());
    assertThat(delete(Moment.BEFORE_THEY_ARE_HIDDEN, () -> {})).isEqualTo(1);
    assertThat(superseded.getFirst()).doesNotExist();
    assertThat(superseded.subList(1, 3)).allSatisfy(pack -> assertThat(pack).exists());
  }

  /** By an earlier configuration more people could read them. */
  @Test
  void theyGoIfAsManyMayReadWhatSupersedesThemAsIsConfigured() throws Exception {
    repository.git("config", "core.sharedRepository", "0640");
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    makePrivate(bundle);
    makePrivate(beside(bundle, "idx"));
    assertThat(delete(Moment.BEFORE_THEY_ARE_HIDDEN, () -> {})).isEqualTo(3);
    assertThat(superseded).noneMatch(Files::exists);
  }

  @Test
  void nothingGoesIfWhatSupersedesThemIsNotWhole() throws Exception {
    Files.delete(beside(bundle, "idx"));
    Files.copy(beside(superseded.getFirst(), "idx"), beside(bundle, "idx"));
    assertThat(delete(Moment.WHILE_THEY_ARE_HIDDEN, () -> {})).isZero();
    assertThat(repository.packFiles()).hasSize(4);
  }

  /** Its index still lists every object. */
  @Test
  void nothingGoesIfWhatSupersedesThemWasSpoiltSince() throws Exception {
    byte[] bytes = Files.readAllBytes(bundle);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(bundle, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(bundle, bytes);
    GitRepository.setModified(bundle, Instant.now().plusSeconds(2));
    assertThat(delete(Moment.BEFORE_THEY_ARE_HIDDEN, () -> {})).isZero();
    assertThat(superseded).allSatisfy(pack -> assertThat(pack).exists());
  }

  @Test
  void whoHoldsTheLockOfTheIndexKeepsThem() throws Exception {
    Path lock = Files.createFile(repository.packs().resolve("multi-pack-index.lock"));
    assertThatThrownBy(() -> delete(Moment.WHILE_THEY_ARE_HIDDEN, () -> {}))
        .isInstanceOf(LockedException.class);
    Files.delete(lock);
    assertAllThere();
  }
}
