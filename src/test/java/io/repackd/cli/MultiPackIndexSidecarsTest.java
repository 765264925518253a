package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command makes of given names, and of the files beside packs and the index. */
class MultiPackIndexSidecarsTest {
  private static final Instant LATE = Instant.ofEpochSecond(1_700_000_000);

  @TempDir Path given;

  private final Random random = new Random(20261121);
  private GitRepository repository = GitRepository.at(Path.of(""));

  @BeforeEach
  void fourPacks() throws Exception {
    repository =
        GitRepository.bare(given.toRealPath().resolve("r.git"), "-b", "main")
            .fetches(4, random)
            .distinctTimes();
  }

  private static Path sidecar(Path pack, String extension) {
    return Path.of(pack.toString().replaceFirst("\\.(pack|idx)$", "." + extension));
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  /** A pack with everything, which the index lists and takes everything from. */
  private Path complete() {
    repository.git("multi-pack-index", "write");
    List<Path> before = repository.packFiles();
    repository.git("multi-pack-index", "repack");
    return repository.packFiles().stream()
        .filter(pack -> !before.contains(pack))
        .findFirst()
        .orElseThrow();
  }

  /** A pack with the objects of another and some more, younger than all. */
  private void addOverlappingPack() {
    String ids = repository.git("rev-list", "--objects", "--no-object-names", "main~5");
    String base = repository.packs().resolve("pack").toString();
    String name = repository.gitWithInput(ids, "pack-objects", "-q", base).strip();
    GitRepository.setModified(Path.of(base + "-" + name + ".pack"), LATE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pack", "idx"})
  void aPreferredPackOwnsWhatItHas(String extension) throws Exception {
    addOverlappingPack();
    for (Path pack : repository.packFiles()) {
      Twins twins = Twins.of(repository);
      String option = "--preferred-pack=" + name(sidecar(pack, extension));
      assertThat(twins.both("write", option)).isZero();
      assertThat(twins.errors()).isEmpty();
      // The packs are the same, so nothing is written, whatever is preferred now.
      assertThat(twins.both("write", "--preferred-pack=nothing")).isZero();
      assertThat(twins.errors()).isEmpty();
    }
  }

  @Test
  void aPreferredPackMayBeListedAlready() throws Exception {
    addOverlappingPack();
    Path old = repository.packFiles().getFirst();
    repository.git("multi-pack-index", "write");
    repository.fetch(2, random);
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("write", "--preferred-pack=" + name(old))).isZero();
    assertThat(twins.repackd("verify")).isZero();
    assertThat(Twins.unreferenced(twins.ours())).doesNotContain(name(sidecar(old, "idx")));
    twins.ours().assertHealthy();
  }

  @Test
  void anUnknownPreferredPackIsAWarning() throws Exception {
    Twins twins = Twins.of(repository);
    assertThat(twins.both("write", "--preferred-pack=pack-0123.pack")).isZero();
    assertThat(twins.errors()).isEqualTo("warning: unknown preferred pack: 'pack-0123.pack'\n");
  }

  @Test
  void aPreferredPackWithoutObjectsIsAnError() throws Exception {
    String base = repository.packs().resolve("pack").toString();
    String empty = "pack-" + repository.gitWithInput("", "pack-objects", "-q", base).strip();
    Twins twins = Twins.of(repository);
    assertThat(twins.both("write", "--preferred-pack=" + empty + ".pack")).isEqualTo(1);
    assertThat(twins.errors()).startsWith("error: ").contains(empty);
    assertThat(twins.ours().index()).doesNotExist();
    assertThat(twins.both("write")).isZero();
  }

  @Test
  void packsWithoutObjectsAloneMakeNoIndex() throws Exception {
    repository.packFiles().forEach(GitRepository::remove);
    String base = repository.packs().resolve("pack").toString();
    repository.gitWithInput("", "pack-objects", "-q", base);
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("write")).isZero().isEqualTo(twins.git("write"));
    assertThat(twins.errors()).startsWith("warning: none of 1 packs has an object");
    assertThat(twins.ours().index()).doesNotExist();
    assertThat(twins.git("verify")).as("what git wrote is wrong for git").isEqualTo(1);
    assertThat(twins.repackd("verify")).isZero();
  }

  @Test
  void onlyTheNamedPacksAreListed() throws Exception {
    addOverlappingPack();
    repository.git("multi-pack-index", "write");
    List<String> names = repository.files(".idx").stream().map(file -> name(file)).toList();
    String some = names.get(1) + "\n" + names.get(3) + "\npack-0123.idx\n\nwhatever";
    Twins twins = Twins.of(repository).withInput(some);
    assertThat(twins.both("write", "--stdin-packs")).isZero();
    assertThat(twins.errors()).isEmpty();
    Twins data = Twins.of(repository).withInput(some.replace(".idx", ".pack"));
    assertThat(data.repackd("write", "--stdin-packs")).isZero();
    assertThat(data.ours().index()).hasSameBinaryContentAs(twins.ours().index());
    // Later gits take it as done if all packs are named that are listed.
    Files.delete(repository.index());
    Twins preferring = Twins.of(repository).withInput(String.join("\n", names));
    assertThat(preferring.both("write", "--stdin-packs", "--preferred-pack=" + names.get(2)))
        .isZero();
    repository.git("multi-pack-index", "write");
    Twins none = Twins.of(repository).withInput("pack-0123.idx\n");
    byte[] before = Files.readAllBytes(none.ours().index());
    assertThat(none.both("write", "--stdin-packs")).isEqualTo(1);
    assertThat(Files.readAllBytes(none.ours().index())).isEqualTo(before);
  }

  @Test
  void aBitmapStaysWithItsIndexAndGoesWithIt() throws Exception {
    repository.git("multi-pack-index", "write", "--bitmap");
    Path bitmap = repository.files(".bitmap").getFirst();
    Path stale =
        Files.writeString(
            repository.packs().resolve("multi-pack-index-" + "0".repeat(40) + ".bitmap"), "old");
    Path foreign =
        Files.writeString(repository.packs().resolve("multi-pack-index-notes.bitmap"), "mine");
    Twins twins = Twins.of(repository);
    Path packs = twins.ours().packs();
    assertThat(twins.repackd("write")).isZero();
    assertThat(twins.errors()).isEmpty();
    assertThat(packs.resolve(name(bitmap))).exists();
    assertThat(packs.resolve(name(stale))).doesNotExist();
    assertThat(packs.resolve(name(foreign))).exists();

    twins.ours().fetch(2, random);
    assertThat(twins.repackd("write")).isZero();
    assertThat(twins.errors()).startsWith("warning: ").contains(name(bitmap));
    assertThat(packs.resolve(name(bitmap))).doesNotExist();
    twins.ours().assertHealthy();
  }

  @Test
  void expireAndRepackSayThatABitmapIsLost() throws Exception {
    complete();
    Files.delete(repository.index());
    repository.git("multi-pack-index", "write", "--bitmap");
    Path bitmap = repository.files(".bitmap").getFirst();
    Twins twins = Twins.of(repository);
    assertThat(twins.git("expire")).isZero();
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.errors().lines()).hasSize(1).allMatch(line -> line.contains(name(bitmap)));
    twins.assertSame();
    Twins repack = Twins.of(repository);
    repack.ours().fetch(2, random);
    assertThat(repack.repackd("repack")).isZero();
    assertThat(repack.errors().lines()).hasSize(1).allMatch(line -> line.contains(name(bitmap)));
  }

  @Test
  void nothingIsDeletedWhereObjectsArePrecious() throws Exception {
    complete();
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.errors())
        .isEqualTo(
            "warning: keeping 4 unreferenced packs: the repository has"
                + " extensions.preciousObjects\n");
    assertThat(twins.ours().packFiles()).hasSize(5);
  }

  @Test
  void whoAsksForARepackByHandGetsItAlsoWhereObjectsArePrecious() throws Exception {
    repository.git("multi-pack-index", "write");
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.preciousObjects", "true");
    Twins twins = Twins.of(repository);
    int packs = twins.ours().packFiles().size();
    assertThat(twins.repackd("repack")).as(twins.errors()).isZero();
    assertThat(twins.ours().packFiles()).hasSize(packs + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"promisor", "mtimes"})
  void whatIsOnlyInAPackOfAnotherKindStays(String kind) throws Exception {
    Path complete = complete();
    Files.createFile(sidecar(complete, kind));
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.errors().lines())
        .hasSize(4)
        .allMatch(line -> line.startsWith("warning: keeping pack-"))
        .allMatch(
            line -> line.endsWith("is in no other ordinary pack that as many people may read"));
    assertThat(twins.ours().packFiles()).hasSize(5);
    assertThat(twins.git("expire")).isZero();
    assertThat(twins.gits().packFiles()).as("git lets them go").hasSize(1);
  }

  @Test
  void aPackWithABitmapOfItsOwnStays() throws Exception {
    Path complete = complete();
    Path spared =
        repository.packFiles().stream()
            .filter(pack -> !pack.equals(complete))
            .findFirst()
            .orElseThrow();
    String reachable = repository.reachable();
    Files.createFile(sidecar(spared, "bitmap"));
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.errors()).startsWith("warning: keeping ").contains("it has a bitmap");
    assertThat(twins.ours().packFiles()).hasSize(2);
    Files.delete(sidecar(twins.ours().packs().resolve(spared.getFileName()), "bitmap"));
    assertThat(twins.ours().reachable()).isEqualTo(reachable);
  }

  @Test
  void promisorPacksArePutTogetherAmongThemselves() throws Exception {
    List<Path> packs = repository.packFiles();
    for (Path pack : packs.subList(0, 2)) {
      Files.createFile(sidecar(pack, "promisor"));
    }
    repository.git("multi-pack-index", "write");
    Twins twins = Twins.of(repository);
    assertThat(twins.repackd("repack")).isZero();
    assertThat(twins.ours().packFiles()).hasSize(6);
    assertThat(twins.ours().files(".promisor")).hasSize(3);
    assertThat(Twins.unreferenced(twins.ours())).hasSize(4);
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.ours().packFiles()).hasSize(2);
    assertThat(twins.ours().files(".promisor")).hasSize(1);
    twins.ours().assertHealthy();
  }

  @Test
  void keptPacksAreTakenIfTheConfigurationSaysSo() throws Exception {
    Files.createFile(sidecar(repository.packFiles().getFirst(), "keep"));
    repository.git("multi-pack-index", "write");
    for (String packKept : List.of("true", "false")) {
      repository.git("config", "repack.packKeptObjects", packKept);
      Twins twins = Twins.of(repository);
      assertThat(twins.git("repack")).isZero();
      assertThat(twins.repackd("repack")).isZero();
      Set<String> replaced = Twins.unreferenced(twins.gits());
      assertThat(Twins.unreferenced(twins.ours())).isEqualTo(replaced);
    }
  }

  @Test
  void whatADeadExpireWasDeletingComesBackAndIsDeleted() throws Exception {
    complete();
    Path pack = repository.packs().resolve(Twins.unreferenced(repository).iterator().next());
    Twins twins = Twins.of(repository);
    Path index = twins.ours().packs().resolve(pack.getFileName());
    String stem = name(pack).replace(".idx", "");
    Files.move(index, index.resolveSibling("tmp_hidden_" + stem));
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.ours().packFiles()).hasSize(1);
    assertThat(twins.ours().files(stem)).isEmpty();
    twins.ours().assertHealthy();
  }

  @Test
  void whatGitIsAboutToListIsNotDeleted() throws Exception {
    complete();
    Twins twins = Twins.of(repository);
    ProcessBuilder waiting =
        new ProcessBuilder("git", "multi-pack-index", "write", "--stdin-packs")
            .directory(twins.ours().path().toFile());
    Process git = waiting.start();
    try {
      GitRepository.awaitCommandLine(git);
      assertThat(twins.repackd("expire")).isEqualTo(1);
      assertThat(twins.errors()).startsWith("error: ").contains("multi-pack-index");
      assertThat(twins.ours().packFiles()).hasSize(5);
    } finally {
      git.outputWriter().close();
      git.waitFor();
    }
    assertThat(twins.repackd("expire")).isZero();
    assertThat(twins.ours().packFiles()).hasSize(1);
  }
}
