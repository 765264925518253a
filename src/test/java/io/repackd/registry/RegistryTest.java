package io.repackd.registry;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.config.RepositoryEntry;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryLocation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistryTest {
  @TempDir Path temporary;
  private Path root;

  @BeforeEach
  void start() throws IOException {
    root = temporary.toRealPath();
  }

  @Test
  void aPathIsRegisteredUnderItsGivenOrDerivedName() throws Exception {
    bare("a.git");
    worktree("b");
    bare("c");

    Registry registry =
        resolve("a.git", "{ path = \"b\", name = bee, schedule = weekly }", "b/.git", "c");

    assertThat(names(registry)).containsExactly("a", "bee", "c");
    assertThat(registry.failures()).isEmpty();
    assertThat(registry.find("bee"))
        .hasValueSatisfying(registration -> {
          assertThat(registration.settings().schedule()).hasToString("weekly");
          assertThat(registration.location().objectDirectory())
              .isEqualTo(root.resolve("b/.git/objects"));
        });
    assertThat(registry.find("nobody")).isEmpty();
  }

  @Test
  void whatCannotBeRegisteredDoesNotStopTheOthers() throws Exception {
    bare("good.git");
    Files.createDirectory(root.resolve("plain"));

    Registry registry = resolve("plain", "missing.git", "explosive", "good.git", "gone/*.git");

    assertThat(names(registry)).containsExactly("good");
    assertThat(registry.failures())
        .extracting(RegistrationFailure::toString)
        .containsExactly(
            root.resolve("x.conf") + ":2: cannot open repository " + root.resolve("plain"),
            root.resolve("x.conf") + ":3: cannot open repository " + root.resolve("missing.git"),
            root.resolve("x.conf")
                + ":4: cannot open repository "
                + root.resolve("explosive")
                + ": java.lang.IllegalStateException: explosive",
            root.resolve("x.conf")
                + ":6: "
                + root.resolve("gone")
                + ": there is no such directory, so "
                + root.resolve("gone")
                + "/*.git finds nothing");
  }

  @ParameterizedTest(name = "{0} finds {1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          git/*.git           | git/a.git git/b.git
          git/?.git           | git/a.git git/b.git
          git/[!a].git        | git/b.git
          git/{a,x}.git       | git/a.git
          git/*               | git/a.git git/b.git
          */a.git             | git/a.git
          {git/a,git/team/c}.git | git/a.git git/team/c.git
          git/*/*.git         | git/team/c.git
          git/**/*.git        | git/a.git git/b.git git/team/c.git git/team/deep/d.git
          git/**.git          | git/a.git git/b.git git/team/c.git git/team/deep/d.git
          git/**/d*           | git/team/deep/d.git
          **                  | git/a.git git/b.git git/team/c.git git/team/deep/d.git src/w
          src/*               | src/w
          src/*/.git          | src/w/.git
          git/\\\\[x].git     |
          git/\\\\*.git       |
          links/*             | links/a
          links/**            | links/a
          git/../git/a.*      | git/../git/a.git
          """)
  void aGlobFindsRepositoriesAndNothingElse(String glob, String found) throws Exception {
    bare("git/a.git");
    bare("git/b.git");
    bare("git/team/c.git");
    bare("git/team/deep/d.git");
    worktree("src/w");
    Files.createDirectories(root.resolve("git/empty.git"));
    Files.writeString(root.resolve("git/file.git"), "");
    Files.createDirectories(root.resolve("links"));
    Files.createSymbolicLink(root.resolve("links/loop"), root.resolve("links"));
    Files.createSymbolicLink(root.resolve("links/gone"), root.resolve("nowhere"));
    bare("target/a");
    Files.createSymbolicLink(root.resolve("links/a"), root.resolve("target/a"));
    if (glob.equals("**")) {
      Files.delete(root.resolve("links/a"));
      Files.move(root.resolve("target/a/objects"), root.resolve("target/a/no"));
      Files.delete(root.resolve("target/a/HEAD"));
    }

    Registry registry = resolve(glob);

    assertThat(registry.registrations())
        .extracting(registration -> registration.location().path().toString())
        .containsExactlyInAnyOrder(
            found == null
                ? new String[0]
                : List.of(found.split(" ")).stream()
                    .map(path -> root + "/" + path)
                    .toArray(String[]::new));
    assertThat(registry.failures().stream().filter(f -> f.entry().paths().isGlob())).isEmpty();
  }

  @Test
  void aBrokenRepositoryBelowAGlobIsNotPassedOverSilently() throws Exception {
    bare("git/broken.git");
    Files.delete(root.resolve("git/broken.git/refs"));

    assertThat(resolve("git/*").failures())
        .extracting(RegistrationFailure::path)
        .containsExactly(root.resolve("git/broken.git"));
  }

  @Test
  void directoriesThatCannotBeListedBelowAGlobAreOneFailure() throws Exception {
    bare("git/a/x.git");
    for (String name : List.of("git/b", "git/c")) {
      Files.createDirectory(
          root.resolve(name),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
    }
    assumeFalse(Files.isReadable(root.resolve("git/b")), "root may list everything");

    Registry registry = resolve("git/*/*.git");

    assertThat(names(registry)).containsExactly("x");
    assertThat(registry.failures())
        .extracting(RegistrationFailure::reason)
        .containsExactly(root.resolve("git/b") + ": cannot list the directory, nor 1 others");
  }

  @Test
  void aRepositoryIsSearchedForOnlySoDeep() throws Exception {
    bare("a/".repeat(15) + "in.git");
    bare("b/".repeat(16) + "out.git");

    assertThat(names(resolve("**/*.git"))).containsExactly("in");
  }

  @Test
  void whatLeadsToOneObjectDirectoryIsOneRegistration() throws Exception {
    worktree("main");
    linkedWorktree("feature", "main");
    Files.createSymbolicLink(root.resolve("alias"), root.resolve("main"));

    Registry registry = resolve("*", "alias", "main/.git");

    assertThat(registry.registrations())
        .extracting(registration -> registration.location().path())
        .containsExactly(root.resolve("alias"));
    assertThat(registry.otherPaths())
        .isEqualTo(
            Map.of(
                "alias",
                List.of(root.resolve("main/.git"), root.resolve("main"), root.resolve("feature"))));
  }

  @Test
  void belowAGlobTheRepositoryComesBeforeItsLinkedWorktrees() throws Exception {
    worktree("main");
    linkedWorktree("feature", "main");

    assertThat(names(resolve("*"))).containsExactly("main");
  }

  @ParameterizedTest(name = "{0} are called {1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          one/site.git two/site.git            | one/site two/site
          x/one/site y/one/site z/two/site     | x/one/site y/one/site two/site
          site site.git                        | site site.git
          a.git b/a/.git                       | ROOT/a b/a
          .git                                 | ROOT
          """)
  void equalNamesGrowUntilTheyDiffer(String paths, String names) throws Exception {
    List<String> list = List.of(paths.split(" "));
    for (String path : list) {
      bare(path);
    }

    assertThat(names(resolve(list.toArray(String[]::new))))
        .containsExactly(names.replace("ROOT", root.getFileName().toString()).split(" "));
  }

  @Test
  void aGivenNameIsNeverTakenByADerivedOne() throws Exception {
    bare("a/site.git");
    bare("b/other.git");

    assertThat(names(resolve("a/site.git", "{ path = \"b/other.git\", name = site }")))
        .containsExactly("a/site", "site");
  }

  @Test
  void anObjectDirectoryIsCalledAfterTheDirectoryAroundIt() throws Exception {
    bare("pool.git");
    assertThat(names(resolve("pool.git/objects"))).containsExactly("pool");
  }

  @Test
  void namesHaveNoControlCharacters() throws Exception {
    bare("a\nb.git");
    bare("a?b.git");
    assertThat(names(resolve("*.git")))
        .hasSize(2)
        .doesNotHaveDuplicates()
        .allSatisfy(name -> assertThat(name).doesNotContain("\n"));
  }

  @Test
  void namesDoNotDependOnTheOrder() throws Exception {
    List<String> paths =
        new ArrayList<>(List.of("a/x.git", "b/x", "x", "c/d/x.git", "e/d/x.git", "a/y"));
    for (String path : paths) {
      bare(path);
    }
    Map<Path, String> expected = namesByPath(resolve(paths.toArray(String[]::new)));
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 20; round++) {
      Collections.shuffle(paths, random);
      assertThat(namesByPath(resolve(paths.toArray(String[]::new))))
          .as("%s, seed %d", paths, seed)
          .isEqualTo(expected);
    }
  }

  @Test
  void anEntryOfTheCommandLineIsNamedAsSuch() {
    Configuration configuration =
        new ConfigurationLoader(new Environment(Map.of(), root, false, root))
            .withoutFile(List.of(root.resolve("nothing")));
    assertThat(Registry.resolve(configuration, RegistryTest::locate).failures())
        .extracting(failure -> failure.entry())
        .extracting(RepositoryEntry::origin)
        .containsExactly("--repository");
  }

  private Registry resolve(String... entries) throws Exception {
    StringBuilder text = new StringBuilder("repositories = [\n");
    for (String entry : entries) {
      text.append(entry.startsWith("{ ") ? entry : "\"" + entry + "\"").append('\n');
    }
    Path file = Files.writeString(root.resolve("x.conf"), text.append("]\n"));
    Environment environment = new Environment(Map.of(), root, false, root);
    Configuration configuration = new ConfigurationLoader(environment).load(file);
    return Registry.resolve(configuration, RegistryTest::locate);
  }

  private static List<String> names(Registry registry) {
    return registry.registrations().stream().map(Registration::name).toList();
  }

  private static Map<Path, String> namesByPath(Registry registry) {
    return registry.registrations().stream()
        .collect(toMap(registration -> registration.location().path(), Registration::name));
  }

  private void bare(String path) throws IOException {
    Path directory = root.resolve(path);
    Files.createDirectories(directory.resolve("objects"));
    Files.createDirectories(directory.resolve("refs"));
    Files.writeString(directory.resolve("HEAD"), "ref: refs/heads/main\n");
  }

  private void worktree(String path) throws IOException {
    bare(path + "/.git");
  }

  private void linkedWorktree(String path, String main) throws IOException {
    Path directory = Files.createDirectories(root.resolve(path));
    Files.writeString(directory.resolve(".git"), root.resolve(main).resolve(".git").toString());
  }

  /** Enough of discovery for these tests; the file of a linked worktree holds the common directory itself. */
  private static RepositoryLocation locate(Path path) throws ObjectDirectoryException {
    if (path.endsWith("explosive")) {
      throw new IllegalStateException("explosive");
    }
    try {
      Path dotGit = path.resolve(".git");
      Path common =
          Files.isRegularFile(dotGit)
              ? Path.of(Files.readString(dotGit))
              : Files.isDirectory(dotGit) ? dotGit : path;
      if (Files.isDirectory(common.resolve("refs"))) {
        return new RepositoryLocation(
            path, Optional.of(common), common.resolve("objects").toRealPath());
      }
      if (path.endsWith("objects")) {
        return new RepositoryLocation(path, Optional.empty(), path.toRealPath());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new ObjectDirectoryException("cannot open repository " + path);
  }
}
