package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.Umask;
import io.repackd.maintenance.PackPublication.Beside;
import io.repackd.maintenance.PackPublication.Published;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackSource;
import io.repackd.pack.PackWriter;
import io.repackd.pack.PositionSet;
import io.repackd.platform.Cancellation;
import io.repackd.platform.CancelledException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackPublicationTest {
  private static final Instant TIME = Instant.parse("2026-11-20T12:00:00Z");

  private static final Beside EVERYTHING =
      new Beside(PackKind.PROMISOR, Optional.of(() -> "why"), Optional.of("this-cycle"));

  private static final Beside NOTHING =
      new Beside(PackKind.ORDINARY, Optional.empty(), Optional.empty());

  @TempDir Path temporary;

  private final Cancellation cancellation = new Cancellation();
  private GitRepository repository;
  private ObjectDirectory directory;
  private List<StoredPack> sources;

  @BeforeEach
  void twoPacks() throws IOException {
    repository = GitRepository.bare(temporary.resolve("r.git"), "-b", "main");
    repository.fetches(2, new Random(20261121));
    directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    sources = directory.listPacks().packs();
  }

  private Optional<Published> publish(Beside beside) throws IOException {
    return publish(new PackPublication(directory, cancellation), beside);
  }

  private Optional<Published> publish(PackPublication publication, Beside beside)
      throws IOException {
    try (Arena arena = Arena.ofShared();
        PackWriter writer = writer(arena)) {
      return publication.publish(writer, () -> ReadAccess.of(sources), beside, () -> TIME);
    }
  }

  private PackWriter writer(Arena arena) throws IOException {
    List<PackSource.Packed> selected = new ArrayList<>();
    for (StoredPack source : sources) {
      PackFile pack =
          PackFile.open(source.data().path(), source.index().path(), directory.hash(), arena);
      selected.add(new PackSource.Packed(pack, PositionSet.all(arena, pack.index().count())));
    }
    return new PackWriter(selected, directory.hash(), -1, cancellation);
  }

  /** What the writer needs and what verification needs are never there together. */
  @Test
  void theWriterIsGivenUpBeforeThePackIsRead() throws Exception {
    List<String> order = new ArrayList<>();
    PackPublication publication =
        new PackPublication(directory, (_, _, _) -> order.add("read"), cancellation);
    try (Arena arena = Arena.ofShared();
        PackWriter writer = writer(arena)) {
      publication.publish(
          List.of(writer.inOnePack()),
          () -> order.add("written"),
          () -> ReadAccess.of(sources),
          NOTHING,
          () -> TIME);
    }
    assertThat(order).containsExactly("written", "read");
  }

  /** What our umask leaves of it is given back, if it could be read anyhow. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "everybody, 0444, 0444, '', r--r--r--",
    "the group, 0440, 0440, '', r--r-----",
    "the group may read all of it, 0440, 0444, '', r--r-----",
    "nobody else may read all of it, 0400, 0444, '', r--------",
    "more by the configuration, 0400, 0400, group, r--r-----",
    "by the configuration and what it is made of, 0444, 0444, group, r--r--r--",
    "no more than is configured, 0444, 0444, 0640, r--r-----"
  })
  void whoMayReadAllThatAPackIsMadeOfMayReadThePack(
      String what, String first, String second, String shared, String expected) throws Exception {
    allow(sources.getFirst(), first);
    allow(sources.getLast(), second);
    if (!shared.isEmpty()) {
      repository.git("config", "core.sharedRepository", shared);
    }
    Published published;
    try (Umask _ = Umask.of(0077)) {
      directory = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
      published =
          publish(new Beside(PackKind.PROMISOR, Optional.of(() -> "why"), Optional.empty()))
              .orElseThrow();
    }
    assertThat(filesOf(published.name()))
        .hasSize(5)
        .allSatisfy(extension ->
            assertThat(
                    PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(file(published.name(), extension))))
                .as(what + ": " + extension)
                .isEqualTo(expected));
  }

  private static void allow(StoredPack pack, String bits) throws IOException {
    for (Path file : List.of(pack.data().path(), pack.index().path())) {
      Files.setAttribute(file, "unix:mode", Integer.parseInt(bits, 8));
    }
  }

  private List<String> filesOf(String pack) {
    return Stream.of("keep", "promisor", "baddeltas", "pack", "rev", "idx")
        .filter(extension -> Files.exists(file(pack, extension)))
        .toList();
  }

  private Path file(String pack, String extension) {
    return repository.packs().resolve(pack + "." + extension);
  }

  private String nameOfResult() throws IOException {
    Published published = publish(NOTHING).orElseThrow();
    GitRepository.remove(file(published.name(), "pack"));
    return published.name();
  }

  private void assertNothingIsLeftOf(String pack) {
    assertThat(filesOf(pack)).isEmpty();
    assertThat(repository.files("").stream().filter(f -> f.toString().contains("tmp_"))).isEmpty();
    assertThat(repository.packFiles()).hasSize(2);
    repository.assertHealthy();
  }

  @Test
  void allThatIsWantedLiesBesideThePack() throws Exception {
    Published published = publish(EVERYTHING).orElseThrow();
    assertThat(filesOf(published.name()))
        .containsExactly("keep", "promisor", "baddeltas", "pack", "rev", "idx");
    assertThat(file(published.name(), "baddeltas")).hasContent("why");
    assertThat(Files.getLastModifiedTime(file(published.name(), "pack")).toInstant())
        .isEqualTo(TIME);
    assertThat(published.bytes())
        .isEqualTo(
            Files.size(file(published.name(), "pack"))
                + Files.size(file(published.name(), "idx"))
                + Files.size(file(published.name(), "rev")));
    published.keep().orElseThrow().remove();
    assertThat(file(published.name(), "keep")).doesNotExist();
    repository.git("index-pack", "--strict", file(published.name(), "pack").toString());
    repository.assertHealthy();
  }

  @Test
  void nothingIsPublishedTwice() throws Exception {
    Published published = publish(NOTHING).orElseThrow();
    Instant before = Files.getLastModifiedTime(file(published.name(), "idx")).toInstant();
    assertThat(publish(EVERYTHING)).isEmpty();
    assertThat(filesOf(published.name())).containsExactly("pack", "rev", "idx");
    assertThat(Files.getLastModifiedTime(file(published.name(), "idx")).toInstant())
        .isEqualTo(before);
  }

  @Test
  void noKeepComesToAPackThatBecameVisibleMeanwhile() throws Exception {
    String name = nameOfResult();
    Path aside = Files.createDirectory(temporary.resolve("aside"));
    Published other = publish(NOTHING).orElseThrow();
    for (String extension : List.of("idx", "pack")) {
      Files.move(file(name, extension), aside.resolve(extension));
    }
    // Between the look whether it is there and the keep: the time is asked for there.
    PackPublication publication =
        new PackPublication(
            directory,
            (_, _, _) -> {
              try {
                Files.move(aside.resolve("pack"), file(name, "pack"));
                Files.move(aside.resolve("idx"), file(name, "idx"));
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            },
            cancellation);
    assertThat(publish(publication, EVERYTHING)).isEmpty();
    assertThat(filesOf(other.name())).containsExactly("pack", "rev", "idx");
  }

  @Test
  void aFailureOnTheWayTakesEverythingBack() throws Exception {
    String name = nameOfResult();
    // What cannot be replaced by a file: the reverse index comes after the pack.
    Files.createDirectories(file(name, "rev").resolve("something"));
    assertThatThrownBy(() -> publish(EVERYTHING)).isInstanceOf(IOException.class);
    assertThat(filesOf(name)).containsExactly("rev");
    Files.delete(file(name, "rev").resolve("something"));
    Files.delete(file(name, "rev"));
    assertNothingIsLeftOf(name);
  }

  @Test
  void somebodyElsesKeepStaysWhateverBecomesOfThePack() throws Exception {
    String name = nameOfResult();
    Files.writeString(file(name, "keep"), "receive-pack 1 on host");
    Files.createDirectories(file(name, "rev").resolve("something"));
    assertThatThrownBy(() -> publish(EVERYTHING)).isInstanceOf(IOException.class);
    assertThat(file(name, "keep")).hasContent("receive-pack 1 on host");
    Files.delete(file(name, "rev").resolve("something"));
    Files.delete(file(name, "rev"));
    assertThat(publish(EVERYTHING).orElseThrow().keep()).isEmpty();
    assertThat(file(name, "keep")).hasContent("receive-pack 1 on host");
  }

  @Test
  void whatAnEarlierPackLeftDoesNotMakeAnotherKindOfThisOne() throws Exception {
    String name = nameOfResult();
    for (String extension : List.of("mtimes", "promisor")) {
      Files.createFile(file(name, extension));
      assertThatThrownBy(() -> publish(NOTHING))
          .isInstanceOf(ObjectDirectoryException.class)
          .hasMessageContaining(file(name, extension).toString());
      Files.delete(file(name, extension));
    }
    assertNothingIsLeftOf(name);
  }

  @Test
  void aPackThatFailsItsCheckIsNotPublished() throws Exception {
    String name = nameOfResult();
    PackPublication publication =
        new PackPublication(
            directory,
            (pack, _, _) -> {
              throw new CorruptFileException(pack.path(), "so it is");
            },
            cancellation);
    assertThatThrownBy(() -> publish(publication, EVERYTHING))
        .isInstanceOf(CorruptFileException.class);
    assertNothingIsLeftOf(name);
  }

  @Test
  void whoIsAskedToStopPublishesNothing() throws Exception {
    String name = nameOfResult();
    PackPublication publication =
        new PackPublication(directory, (_, _, c) -> c.request(), cancellation);
    assertThatThrownBy(() -> publish(publication, EVERYTHING))
        .isInstanceOf(CancelledException.class);
    assertNothingIsLeftOf(name);
  }
}
