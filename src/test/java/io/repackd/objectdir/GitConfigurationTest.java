package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What git reads out of a configuration file is what we read. */
class GitConfigurationTest {
  @TempDir Path directory;
  private Path file = Path.of("");

  @BeforeEach
  void start() {
    file = directory.resolve("config");
  }

  private GitConfiguration read() throws IOException {
    return GitConfiguration.read(Optional.of(file), Map.of("HOME", directory.toString()));
  }

  private GitRepository git() {
    return GitRepository.at(directory);
  }

  /** All values of a key, by git. */
  private List<String> gitValues(String key) {
    if (git().gitStatus("config", "--includes", "-f", "config", "--get-all", key) != 0) {
      return List.of();
    }
    String values = git().git("config", "--includes", "-z", "-f", "config", "--get-all", key);
    return List.of(values.substring(0, values.length() - 1).split("\0", -1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a]\nb = c\n",
        "[a]b=c",
        "\ufeff[a]\n\tb = c\n",
        "[a] ; why\n\tb = c ; what\n b = \"c # d\" # e\n",
        "[A]\r\n\tB = C\r\n",
        "[a]\nb = c \\\n d\n",
        "[a]\nb = \"  c  \"  d  \n",
        "[a]\nb = c\\\\d\\te\\\"f\\n\n",
        "[a]\nb = c x  y\n",
        "[a]\nb =\nb = 1\n",
        "[a \"b\"]\nb = 1\n[a]\nb = 2\n[a.b]\nb = 3\n",
        "[a \"]\\\"\\x\"]\nb = 1\n[a]\nb = 2\n",
        "[x]\nb = 1\n[a]\n[x]\nb = 2\n[a]\nb = 3\n[a]\nb = 4",
        "[a]\nb-2 = 1\nb = 2\n",
        "\n\n#c\n;d\n[a]\n\n\nb=\n",
        "[a]\nb = \"c\\\nd\"\n",
        "[a]\nb = ü\n",
        "b = 1\n[a]\nb = 2\n",
      })
  void aWellFormedFileIsReadAsByGit(String text) throws Exception {
    Files.writeString(file, text);
    List<String> expected = gitValues("a.b");
    assertThat(expected).isNotEmpty();
    assertThat(read().string("a", "b")).contains(expected.getLast());
    assertThat(read().string("A", "B")).contains(expected.getLast());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a\nb = c\n",
        "[a \"b]\nc = d\n",
        "[a b]\nc = d\n",
        "[]\nb = c\n",
        "[a]\n= c\n",
        "[a]\n1b = c\n",
        "[a]\nb c\n",
        "[a]\nb # c\n",
        "[a]\nb = \"c\nd = e\n",
        "[a]\nb = \\x\n",
        "[a]\nb_c = d\n",
        "[a]\nb \r= c\n",
        "[a]\n\fb = c\n",
        "[a]\nb = \\\r",
        "[ ]\nb = c\n",
      })
  void aMalformedFileIsRefusedAsByGit(String text) throws Exception {
    Files.writeString(file, text);
    assertThat(git().gitStatus("config", "-f", "config", "--list")).isNotZero();
    assertThatThrownBy(this::read)
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("line ");
  }

  /** All entries with their values, by git; without a line break, one has not even an equals sign. */
  private List<String> gitEntries() {
    String entries = git().git("config", "-z", "-f", "config", "--list");
    return entries.isEmpty()
        ? List.of()
        : List.of(entries.substring(0, entries.length() - 1).split("\0", -1));
  }

  /** All entries, written as git does. */
  private static List<String> entries(String text) throws ObjectDirectoryException {
    List<String> entries = new ArrayList<>();
    GitConfigurationParser.parse(
        text,
        (section, subsection, name, value) ->
            entries.add(
                section
                    + subsection.map(sub -> "." + sub).orElse("")
                    + "."
                    + name
                    + value.map(some -> "\n" + some).orElse("")));
    return entries;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a]\nb=x \\\n",
        "[a]\nb=x \\\n  y \n",
        "[a]\nb=x \\\n \\\n# c\n",
        "[a]\nb=x \\\r\ny\n",
        "[a]\nb=\\\n  x\n",
        "[a]\nb=x \\",
        "[a]\nb=\"x \\\n y\"\n",
        "[a]\nb=x # \\\nc=d\n",
        "[a]\nb=\"\" x\n",
        "[a]\nb=x \"\" y\n",
        "[a]\nb=x \"\" \n",
        "[a]\nb= \"\"  \"\" \n",
        "[a]\nb=\" \" x\n",
        "[a]\nb= \u000b \f \n",
        "[a]\nb=\u00a0x\u2003\n",
        "[a]\nb\t = x \r\r\n",
        "[a]\nb\nc=\n",
        "[a]\nb=x\0y\nc=\0\n",
        "[ \"x\"]\nb=1\n",
        "[ \"X.y\"]b=1\n[a]\nb=2\n",
        "[ \"\"]\nb=1\n",
        "[\t\"x\"]\nb=1\n",
        "[.]\nb=1\n",
        "[.x]\nb=1\n",
        "[a.]\nb=1\n",
        "[a.b \"x\"]\nb=1\n",
      })
  void everyEntryIsReadAsByGit(String text) throws Exception {
    Files.writeString(file, text);
    assertThat(gitEntries()).isNotEmpty();
    assertThat(entries(text)).isEqualTo(gitEntries());
  }

  @Test
  void noTextMakesItFailOtherwise() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String[] pieces = {
      "[a]",
      "[a \"s\"]",
      "[ \"s\"]",
      "b",
      "=",
      " ",
      "\n",
      "\"",
      "\\",
      "\\\n",
      "#",
      ";",
      "x",
      "\\n",
      "1",
      "[",
      "]"
    };
    for (int i = 0; i < 60; i++) {
      List<String> text = new ArrayList<>(List.of("[a]\n"));
      for (int j = random.nextInt(12); j >= 0; j--) {
        text.add(pieces[random.nextInt(pieces.length)]);
      }
      String content = String.join("", text) + "\n";
      Files.writeString(file, content);
      String what = "seed %d: %s".formatted(seed, content);
      boolean sound = git().gitStatus("config", "-f", "config", "--list") == 0;
      try {
        List<String> ours = entries(content);
        assertThat(sound).as(what).isTrue();
        assertThat(ours).as(what).isEqualTo(gitEntries());
      } catch (ObjectDirectoryException e) {
        assertThat(sound).as(what).isFalse();
      }
    }
  }

  @Test
  void truthValuesAndNumbersAreThoseOfGit() throws Exception {
    for (String value :
        "true TRUE yes on 1 2 -1 1k false no off 0 0x10 010 2m 1g maybe 3g 1x k".split(" ", -1)) {
      Files.writeString(file, "[a]\nb = " + value + "\n");
      boolean isNumber = git().gitStatus("config", "-f", "config", "--int", "a.b") == 0;
      if (isNumber) {
        String number = git().git("config", "-f", "config", "--int", "a.b").strip();
        boolean fits = Long.parseLong(number) == (int) Long.parseLong(number);
        if (fits) {
          assertThat(read().number("a", "b", 7)).as(value).hasToString(number);
        } else {
          assertThatThrownBy(() -> read().number("a", "b", 7)).hasMessageContaining(value);
        }
      } else {
        assertThatThrownBy(() -> read().number("a", "b", 7)).hasMessageContaining(value);
      }
      boolean isTruth = git().gitStatus("config", "-f", "config", "--bool", "a.b") == 0;
      if (isTruth) {
        String truth = git().git("config", "-f", "config", "--bool", "a.b").strip();
        assertThat(read().truth("a", "b", false)).as(value).hasToString(truth);
      } else {
        assertThatThrownBy(() -> read().truth("a", "b", false)).hasMessageContaining(value);
      }
    }
    Files.writeString(file, "[a]\nb\nc =\n");
    assertThat(read().truth("a", "b", false)).isTrue();
    assertThat(read().truth("a", "c", true)).isFalse();
    assertThat(read().truth("a", "d", true)).isTrue();
    assertThat(read().string("a", "b")).isEmpty();
    assertThat(read().string("a", "c")).contains("");
    assertThat(read().names("a")).isEqualTo(Arrays.asList("b", "c"));
  }

  @Test
  void whatIsIncludedCountsWhereItIsIncluded() throws Exception {
    Files.writeString(file, "[a]\nb = 1\n[include]\npath = more\n[a]\nc = 1\n");
    Files.writeString(directory.resolve("more"), "[a]\nb = 2\nc = 2\n[include]\npath=~/home\n");
    Files.writeString(directory.resolve("home"), "[a]\nd = 3\n[include]\npath = missing\n");
    GitConfiguration configuration = read();
    assertThat(configuration.string("a", "b")).contains("2");
    assertThat(configuration.string("a", "c")).contains("1");
    assertThat(configuration.string("a", "d")).contains("3");

    Files.writeString(directory.resolve("more"), "[include]\npath = config\n");
    assertThatThrownBy(this::read)
        .isInstanceOf(ObjectDirectoryException.class)
        .hasMessageContaining("nest");
  }

  @Test
  void theRepositorysOwnGoesBeforeTheUsers() throws Exception {
    Files.writeString(directory.resolve(".gitconfig"), "[a]\nb = user\nc = user\n");
    Files.writeString(file, "[a]\nb = own\n");
    assertThat(read().string("a", "b")).contains("own");
    assertThat(read().string("a", "c")).contains("user");
  }
}
