package io.repackd.maintenance;

import static io.repackd.LooseFiles.bytes;
import static io.repackd.LooseFiles.deflate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.Umask;
import io.repackd.config.AggregateSettings;
import io.repackd.config.SafetySettings;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.BootClock;
import io.repackd.platform.Cancellation;
import io.repackd.platform.CancelledException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LooseRoundTest {
  private static final AggregateRequest NOW =
      new AggregateRequest(true, Optional.empty(), Set.of());

  private static final SafetySettings SAFETY = new SafetySettings(false, 0);

  private final List<String> warnings = new ArrayList<>();
  private final BadLooseObjects badObjects = new BadLooseObjects(warnings::add);

  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.withWorktree(
        directory.resolve("r"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  private GitRepository repository() {
    return repository(HashAlgorithm.SHA1);
  }

  private static ObjectDirectory open(GitRepository repository) throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  private static AggregateSettings settings(int minLoose, int maxLoose) {
    return new AggregateSettings(
        true, Duration.ZERO, 2, minLoose, Duration.ofMinutes(1), 2, maxLoose, 1, 1, false);
  }

  private LooseOutcome run(GitRepository repository, AggregateRequest request) throws Exception {
    return run(repository, request, Duration.ZERO, settings(1, 50_000));
  }

  private LooseOutcome run(
      GitRepository repository,
      AggregateRequest request,
      Duration later,
      AggregateSettings settings)
      throws Exception {
    Clock clock = Clock.fixed(Instant.now().plus(later), ZoneOffset.UTC);
    return new LooseRound(
            open(repository),
            settings,
            SAFETY,
            clock,
            BootClock.SYSTEM,
            badObjects,
            new Cancellation())
        .run(request);
  }

  private static String blob(GitRepository repository, String content) {
    return repository.gitWithInput(content, "hash-object", "-w", "--stdin").strip();
  }

  private static List<String> blobs(GitRepository repository, int count) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ids.add(blob(repository, "content " + i));
    }
    return ids.stream().sorted().toList();
  }

  private static GitRepository withEverything(GitRepository repository) throws IOException {
    byte[] noise = new byte[3_000_000];
    new Random(7).nextBytes(noise);
    Files.write(repository.path().resolve("noise"), noise);
    Files.write(repository.path().resolve("zeros"), new byte[30_000_000]);
    Files.createFile(repository.path().resolve("nothing"));
    Files.writeString(repository.path().resolve("text"), "some text\n".repeat(100));
    repository.git("add", ".");
    repository.git("commit", "-q", "-m", "all");
    repository.git("tag", "-a", "-m", "a tag", "v1");
    repository.gitWithInput("", "mktree");
    return repository;
  }

  /** Packs objects, which stay loose as well. */
  private static Path pack(GitRepository repository, List<String> ids, String... options) {
    List<String> arguments = new ArrayList<>(List.of("pack-objects", "-q"));
    arguments.addAll(List.of(options));
    arguments.add(repository.packs().resolve("pack").toString());
    String input = String.join("\n", ids) + "\n";
    String name = repository.gitWithInput(input, arguments.toArray(String[]::new)).strip();
    return repository.packs().resolve("pack-" + name + ".pack");
  }

  private static Path beside(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("pack$", extension));
  }

  private static void damage(Path pack) throws IOException {
    byte[] content = Files.readAllBytes(pack);
    content[content.length - 25] ^= 0x55;
    pack.toFile().setWritable(true);
    Files.write(pack, content);
  }

  @Test
  void whatIsPackedIsDroppedAlsoIfOurUmaskIsTight() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 3);
    try (Umask _ = Umask.of(0077)) {
      assertThat(run(repository, NOW).packed()).isEqualTo(3);
      assertThat(run(repository, NOW).dropped()).isEqualTo(3);
    }
    ids.forEach(id -> repository.git("cat-file", "-e", id));
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void whatIsPackedInOneRoundIsDroppedInALaterOne(HashAlgorithm hash) throws Exception {
    GitRepository repository = withEverything(repository(hash));
    List<String> loose = LooseFiles.ids(repository);

    LooseOutcome first = run(repository, AggregateRequest.SCHEDULED);

    assertThat(first.packed()).isEqualTo(loose.size());
    assertThat(first.packs()).hasSize(1);
    assertThat(first.dropped()).isZero();
    assertThat(LooseFiles.ids(repository)).isEqualTo(loose);
    Path pack = repository.packFiles().getFirst();
    assertThat(beside(pack, "baddeltas")).exists();
    repository.git("index-pack", "--strict", "--object-format=" + hash.gitName(), pack.toString());

    LooseOutcome second = run(repository, AggregateRequest.SCHEDULED);

    assertThat(second.dropped()).isZero(); // the pack is younger than a minute
    assertThat(second.packs()).isEmpty();

    LooseOutcome third =
        run(repository, AggregateRequest.SCHEDULED, Duration.ofMinutes(2), settings(1, 50_000));

    assertThat(third.dropped()).isEqualTo(loose.size());
    assertThat(third.packs()).isEmpty();
    assertThat(LooseFiles.ids(repository)).isEmpty();
    assertThat(repository.packFiles()).containsExactly(pack);
    repository.assertHealthy();
    assertThat(repository.git("show", "v1:text")).startsWith("some text");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void objectsThatAreDeltasInAPackAreDropped(int indexVersion) throws Exception {
    GitRepository repository = repository();
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      ids.add(blob(repository, "a line that all of them have\n".repeat(50) + i));
    }
    Path pack = pack(repository, ids, "--index-version=" + indexVersion);
    assertThat(repository.git("verify-pack", "-v", beside(pack, "idx").toString()))
        .contains("chain length = 1");

    assertThat(run(repository, NOW).dropped()).isEqualTo(40);
    assertThat(LooseFiles.ids(repository)).isEmpty();
    repository.assertHealthy();
  }

  /** What a pack's first stream says of the effort that was made: two bits of its second byte. */
  private static int effort(byte[] pack) {
    int head = 12;
    while (pack[head] < 0) {
      head++; // the object's length goes on
    }
    return (pack[head + 2] & 0xff) >>> 6;
  }

  /** Git compresses loose objects with the least effort, if nothing else is set, and packs well. */
  @ParameterizedTest
  @CsvSource({", 0", "1, 0", "6, 2", "9, 3", "0, 0"})
  void whatIsCompressedAsItShouldBeIsNotCompressedAgain(String level, int effort) throws Exception {
    GitRepository repository = repository();
    String line = "Some words, and more words, and others that are like some of these words.\n";
    for (int i = 0; i < 20; i++) {
      blob(repository, line.repeat(20 + i) + i + line.repeat(3).substring(i));
    }
    if (level != null) {
      repository.git("config", "pack.compression", level);
    }

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.packed()).isEqualTo(20);
    Path pack = repository.packs().resolve(outcome.packs().getFirst() + ".pack");
    repository.git("index-pack", "--strict", "-o", directory.resolve("i").toString(), pack + "");
    assertThat(effort(Files.readAllBytes(pack))).isEqualTo(effort);
    long loose = 0;
    for (String id : LooseFiles.ids(repository)) {
      loose += Files.size(LooseFiles.path(repository, id));
    }
    assertThat(Files.size(pack) > 5 * loose).isEqualTo("0".equals(level));
    repository.assertHealthy();
  }

  @Test
  void whatGitDoesNotCompressIsCompressedInThePack() throws Exception {
    GitRepository repository = repository();
    repository.git("config", "core.looseCompression", "0");
    for (int i = 0; i < 20; i++) {
      blob(repository, "line\n".repeat(1000 + i));
    }

    LooseOutcome outcome = run(repository, NOW);

    Path pack = repository.packs().resolve(outcome.packs().getFirst() + ".pack");
    assertThat(Files.size(pack)).isLessThan(20 * 200);
    repository.assertHealthy();
  }

  /** The extension of the file that makes the pack what it is. */
  @ParameterizedTest
  @CsvSource({"none, true", "keep, true", "rev, true", "mtimes, false", "promisor, false"})
  void whatKindOfPackHasAnObjectDecidesWhetherItIsDropped(String sidecar, boolean dropped)
      throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Path pack = pack(repository, ids.subList(0, 19)); // a pack of all would be the same again
    if (!sidecar.equals("none") && !sidecar.equals("rev")) {
      Files.createFile(beside(pack, sidecar));
    }

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.dropped()).isEqualTo(dropped ? 19 : 0);
    assertThat(LooseFiles.ids(repository)).isEqualTo(dropped ? ids.subList(19, 20) : ids);
    // What no pack makes needless is packed, so that one does.
    assertThat(outcome.packed()).isEqualTo(dropped ? 1 : 20);
  }

  @Test
  void aPackThatIsThereAlreadyIsNotWrittenAgain() throws Exception {
    GitRepository repository = repository();
    repository.git("config", "pack.compression", "6"); // so that both compress alike
    List<String> ids = blobs(repository, 20);
    Files.createFile(beside(pack(repository, ids), "mtimes"));

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.packed() + outcome.packs().size() + outcome.dropped()).isZero();
    assertThat(outcome.left()).anyMatch(why -> why.contains("is there already"));
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
  }

  @Test
  void aPackOfAnAlternateIsNoReasonToDropAnything() throws Exception {
    GitRepository repository = repository();
    GitRepository alternate = GitRepository.bare(directory.resolve("alternate.git"));
    List<String> ids = blobs(repository, 20);
    blobs(alternate, 20);
    pack(alternate, ids);
    Files.createDirectories(repository.objects().resolve("info"));
    Files.writeString(repository.objects().resolve("info/alternates"), alternate.objects() + "\n");

    assertThat(run(repository, NOW).dropped()).isZero();
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
  }

  @Test
  void aPackThatIsSupersededIsNoReasonToDropAnything() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Path superseded = pack(repository, ids.subList(0, 10));
    Path other = pack(repository, ids.subList(10, 20));
    GitRepository.setModified(superseded, Instant.now().minusSeconds(5));
    ids.forEach(id ->
        GitRepository.setModified(
            LooseFiles.path(repository, id), Instant.now().minusSeconds(3600)));
    supersede(other, superseded);

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.dropped()).isEqualTo(10);
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids.subList(0, 10));
  }

  /** What a bundle says of a pack that it was made of. */
  private static void supersede(Path bundle, Path superseded) throws IOException {
    String name = superseded.getFileName().toString().replace(".pack", "");
    Files.writeString(
        beside(bundle, "baddeltas"), "repackd 1\nboot=b\nuptime=1.000\npack " + name + "\n");
  }

  /** In a stream of pushes, each bundle goes into a larger one before its minute is over. */
  @Test
  void whatASupersededPackHasShownForLongIsDroppedForTheYoungerCopy() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Instant before = Instant.now().minusSeconds(3600);
    ids.forEach(id -> GitRepository.setModified(LooseFiles.path(repository, id), before));
    Path superseded = pack(repository, ids.subList(0, 10));
    Path bundle = pack(repository, ids);
    Instant twoMinutesAgo = Instant.now().minusSeconds(120);
    GitRepository.setModified(superseded, twoMinutesAgo);
    GitRepository.setModified(beside(superseded, "idx"), twoMinutesAgo);
    supersede(bundle, superseded);
    AggregateRequest scheduled = new AggregateRequest(false, Optional.empty(), Set.of());

    assertThat(run(repository, scheduled).dropped()).isEqualTo(10);

    assertThat(LooseFiles.ids(repository)).isEqualTo(ids.subList(10, 20));
    repository.assertHealthy();
  }

  /** It deletes that, and what it supersedes; and whatever it finds loose it does not write again. */
  @Test
  void whatSomebodyElseRepacksIsNotReliedUponForWhatItSupersedesEither() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Instant before = Instant.now().minusSeconds(3600);
    ids.forEach(id -> GitRepository.setModified(LooseFiles.path(repository, id), before));
    Path superseded = pack(repository, ids.subList(0, 10));
    Path bundle = pack(repository, ids);
    GitRepository.setModified(superseded, Instant.now().minusSeconds(120));
    supersede(bundle, superseded);
    String repacked = bundle.getFileName().toString().replace(".pack", "");

    LooseOutcome outcome =
        run(repository, new AggregateRequest(true, Optional.of(Set.of(repacked)), Set.of()));

    assertThat(outcome.dropped()).isZero();
    assertThat(outcome.packed()).isZero();
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
  }

  @Test
  void aDamagedPackedCopyKeepsTheLooseObjectAndNoOther() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    damage(pack(repository, ids));

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.dropped()).isEqualTo(19);
    assertThat(outcome.damaged()).isEqualTo(1);
    assertThat(outcome.result()).isEqualTo(Result.DEGRADED);
    List<String> kept = LooseFiles.ids(repository);
    assertThat(kept).hasSize(1);
    assertThat(warnings).hasSize(1).first().asString().contains(kept.getFirst());
    repository.git("cat-file", "blob", kept.getFirst());
  }

  @Test
  void aPackWithoutItsEndOrItsIndexsEndKeepsAllLooseObjects() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Path pack = pack(repository, ids.subList(0, 19));
    pack.toFile().setWritable(true);
    Files.write(pack, Arrays.copyOf(Files.readAllBytes(pack), 300));

    assertThat(run(repository, NOW).dropped()).isZero();
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);

    Path index = beside(pack, "idx");
    index.toFile().setWritable(true);
    Files.write(index, Arrays.copyOf(Files.readAllBytes(index), 1100));

    blob(repository, "so that the new pack has another name");
    assertThat(run(repository, NOW).packed()).isEqualTo(20);
    assertThat(LooseFiles.ids(repository)).containsAll(ids.subList(0, 19));
  }

  /** Git touches the loose file when somebody writes it again who does not know the pack: it must not look old to gc. */
  @Test
  void anObjectThatWasWantedAgainSinceItsPackWasWrittenIsPackedAgain() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    GitRepository.setModified(pack(repository, ids), Instant.now().minusSeconds(3600));
    ids.subList(0, 15)
        .forEach(id ->
            GitRepository.setModified(
                LooseFiles.path(repository, id), Instant.now().minusSeconds(7200)));

    LooseOutcome first = run(repository, NOW);

    assertThat(first.dropped()).isEqualTo(15);
    assertThat(first.packed()).isEqualTo(5);
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids.subList(15, 20));
    assertThat(run(repository, NOW).dropped()).isEqualTo(5);
  }

  @Test
  void anObjectStaysThatMorePeopleMayReadThanItsPack() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    Files.setPosixFilePermissions(
        pack(repository, ids), PosixFilePermissions.fromString("r--r-----"));
    Files.setPosixFilePermissions(
        LooseFiles.path(repository, ids.get(3)), PosixFilePermissions.fromString("r--r-----"));

    assertThat(run(repository, NOW).dropped()).isEqualTo(1);
    assertThat(LooseFiles.ids(repository)).hasSize(19).doesNotContain(ids.get(3));
  }

  @Test
  void badObjectsStayAndTheOthersArePacked() throws Exception {
    GitRepository repository = repository();
    List<String> good = blobs(repository, 30);
    byte[] whole = bytes("blob 9\0something");
    List<byte[]> files =
        List.of(
            new byte[0],
            bytes("no zlib stream at all"),
            Arrays.copyOf(deflate(whole), 12),
            deflate(bytes("blob 9\0some")),
            deflate(bytes("blub 9\0something")),
            deflate(bytes("blob 9999999999\0something")),
            deflate(whole));
    List<String> bad = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      bad.add("%040x".formatted(i * 0x1234567L));
      LooseFiles.write(repository, bad.getLast(), files.get(i));
    }

    LooseOutcome first = run(repository, NOW);

    assertThat(first.packed()).isEqualTo(30);
    assertThat(first.bad()).isEqualTo(7);
    assertThat(first.result()).isEqualTo(Result.DEGRADED);
    assertThat(warnings).hasSize(7).allMatch(line -> line.startsWith("bad loose object /"));

    LooseOutcome second = run(repository, NOW);

    assertThat(second.dropped()).isEqualTo(30);
    assertThat(second.bad()).isEqualTo(7);
    assertThat(warnings).hasSize(7);
    assertThat(LooseFiles.ids(repository))
        .containsExactlyElementsOf(bad.stream().sorted().toList());
    good.forEach(id -> repository.git("cat-file", "-e", id));

    LooseFiles.write(repository, LooseFiles.id(HashAlgorithm.SHA1, whole), deflate(whole));
    assertThat(run(repository, NOW).packed()).isEqualTo(1);
  }

  /** Cheap objects first: what comes later is bad only when the pack is half written. */
  @Test
  void aLargeObjectThatIsBadDoesNotSpoilThePack() throws Exception {
    GitRepository repository = withEverything(repository());
    byte[] cut = deflate(Arrays.copyOf(bytes("blob 40000000\0"), 39_999_999));
    LooseFiles.write(repository, "ff".repeat(20), cut);
    int all = LooseFiles.ids(repository).size();

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.packed()).isEqualTo(all - 1);
    assertThat(outcome.bad()).isEqualTo(1);
    repository.git("index-pack", "--strict", repository.packFiles().getFirst().toString());
    try (var files = Files.list(repository.packs())) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("tmp_"));
    }
  }

  @Test
  void aRoundTakesNoMoreThanItIsToldAndTheNextOnesTakeTheRest() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 25);
    for (int packed : List.of(10, 10, 5, 0)) {
      assertThat(
              run(repository, AggregateRequest.SCHEDULED, Duration.ZERO, settings(1, 10)).packed())
          .isEqualTo(packed);
    }
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    assertThat(repository.packFiles()).hasSize(3);
    assertThat(run(repository, NOW, Duration.ZERO, settings(1, 10)).dropped()).isEqualTo(25);
    repository.assertHealthy();
  }

  @Test
  void fewerThanTheLeastAreNotPackedButDropped() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 9);
    assertThat(run(repository, NOW, Duration.ZERO, settings(10, 100)).packed()).isZero();
    pack(repository, ids.subList(0, 4));
    assertThat(run(repository, NOW, Duration.ZERO, settings(10, 100)).dropped()).isEqualTo(4);
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids.subList(4, 9));
  }

  @Test
  void whatSomebodyElseUsesIsNeitherPackedNorDroppedNorReliedUpon() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    pack(repository, ids.subList(0, 5));
    String used = pack(repository, ids.subList(5, 10)).getFileName().toString();
    AggregateRequest request =
        new AggregateRequest(
            true,
            Optional.of(Set.of(used.replace(".pack", ""))),
            Set.of(ids.get(0), ids.get(10), ids.get(11)));

    LooseOutcome outcome = run(repository, request);

    assertThat(outcome.dropped()).isEqualTo(4);
    assertThat(outcome.packed()).isEqualTo(8);
    assertThat(LooseFiles.ids(repository)).contains(ids.get(0)).containsAll(ids.subList(5, 20));
  }

  @Test
  void whileGitMaintainsTheRepositoryObjectsArePackedAndNotDropped() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    pack(repository, ids.subList(0, 10));
    Process git =
        new ProcessBuilder("git", "multi-pack-index", "write", "--stdin-packs")
            .directory(repository.path().toFile())
            .start();
    try {
      GitRepository.awaitCommandLine(git);
      LooseOutcome outcome = run(repository, NOW);

      assertThat(outcome.packed()).isEqualTo(10);
      assertThat(outcome.dropped()).isZero();
      assertThat(outcome.left()).anyMatch(why -> why.contains("multi-pack-index"));
      assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    } finally {
      git.destroyForcibly().waitFor();
    }
    assertThat(run(repository, NOW).dropped()).isEqualTo(20);
  }

  @Test
  void whileGcHoldsItsLockNothingIsDropped() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 5);
    pack(repository, ids);
    Files.writeString(repository.path().resolve(".git/gc.pid"), "1 another-host");

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.dropped()).isZero();
    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
  }

  @Test
  void nothingIsDoneWhereNothingMayBeDeleted() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 5);
    pack(repository, ids.subList(0, 2));
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");

    LooseOutcome outcome = run(repository, NOW);

    assertThat(outcome.result()).isEqualTo(Result.SKIPPED);
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    assertThat(repository.packFiles()).hasSize(1);
  }

  @Test
  void whatACrashLeftHiddenIsBroughtBack() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 2);
    Path first = LooseFiles.path(repository, ids.get(0));
    Files.move(first, first.resolveSibling("tmp_hidden_" + first.getFileName()));
    Path second = LooseFiles.path(repository, ids.get(1));
    Files.copy(second, second.resolveSibling("tmp_hidden_" + second.getFileName()));
    List<Path> notOurs =
        List.of(
            Files.createFile(first.resolveSibling("tmp_hidden_")),
            Files.createFile(first.resolveSibling("tmp_hidden_notes")),
            Files.createDirectory(first.resolveSibling("tmp_hidden_" + "a".repeat(38))),
            Files.createSymbolicLink(first.resolveSibling("tmp_hidden_" + "b".repeat(38)), second));

    run(repository, NOW);

    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    try (var files = Files.walk(repository.objects())) {
      assertThat(files.filter(file -> file.getFileName().toString().startsWith("tmp_hidden")))
          .containsExactlyInAnyOrderElementsOf(notOurs);
    }
    repository.assertHealthy();
  }

  @Test
  void askedToStopItLeavesNothingHalfDone() throws Exception {
    GitRepository repository = repository();
    List<String> ids = blobs(repository, 20);
    pack(repository, ids.subList(0, 10));
    Cancellation cancellation = new Cancellation();
    cancellation.request();

    assertThatThrownBy(() ->
            new LooseRound(
                    open(repository),
                    settings(1, 100),
                    SAFETY,
                    Clock.systemUTC(),
                    BootClock.SYSTEM,
                    badObjects,
                    cancellation)
                .run(NOW))
        .isInstanceOf(CancelledException.class);
    assertThat(LooseFiles.ids(repository)).isEqualTo(ids);
    assertThat(repository.packFiles()).hasSize(1);
  }
}
