package io.repackd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationFilesTest {
  @TempDir Path directory;
  private TemporaryConfiguration temporary;

  @BeforeEach
  void start() {
    temporary = new TemporaryConfiguration(directory);
  }

  @Test
  void withoutAnyFileTheDefaultsCountAndThePlacesAreWatched() throws Exception {
    Configuration configuration = temporary.loader().load();

    assertThat(configuration.repositories()).isEmpty();
    assertThat(configuration.files())
        .containsExactlyInAnyOrder(
            temporary.userFile(),
            temporary.systemFile(),
            temporary.systemDirectory().resolve("conf.d"));
  }

  @Test
  void aUsersOwnFileComesBeforeThatOfTheSystem() throws Exception {
    temporary.write(temporary.systemFile(), "max-concurrent = 3");
    assertThat(temporary.loader().load().maxConcurrent()).isEqualTo(3);

    temporary.write(temporary.userFile(), "max-concurrent = 4");
    assertThat(temporary.loader().load().maxConcurrent()).isEqualTo(4);
  }

  @Test
  void rootReadsOnlyTheFileOfTheSystem() throws Exception {
    temporary.write(temporary.systemFile(), "max-concurrent = 3");
    temporary.write(temporary.userFile(), "max-concurrent = 4");

    Configuration configuration = temporary.as(true, Map.of()).loader().load();

    assertThat(configuration.maxConcurrent()).isEqualTo(3);
    assertThat(configuration.files()).doesNotContain(temporary.userFile());
  }

  @Test
  void theUsersDirectoryIsTheOneTheEnvironmentNames() throws Exception {
    temporary.write(directory.resolve("xdg/repackd/repackd.conf"), "max-concurrent = 5");
    temporary.as(false, Map.of("XDG_CONFIG_HOME", directory.resolve("xdg").toString()));

    assertThat(temporary.loader().load().maxConcurrent()).isEqualTo(5);
  }

  @Test
  void laterFilesReplaceValuesAndAddRepositories() throws Exception {
    Path dropIns = temporary.systemDirectory().resolve("conf.d");
    temporary.write(dropIns.resolve("20.conf"), "jitter = 3s\nrepositories = [ /c ]");
    temporary.write(
        dropIns.resolve("10.conf"), "jitter = 2s\nexpire.min-age = 2h\nrepositories = [ /b ]");
    temporary.write(dropIns.resolve("30.conf.bak"), "broken {");
    temporary.write(dropIns.resolve(".40.conf"), "broken {");

    Configuration configuration =
        temporary.load("expire { min-age = 3h, enabled = false }\nrepositories = [ /a ]");

    assertThat(configuration.repositories())
        .extracting(RepositoryEntry::pattern)
        .containsExactly("/a", "/b", "/c");
    assertThat(configuration.defaults().jitter()).isEqualTo(Duration.ofSeconds(3));
    assertThat(configuration.repositories())
        .allSatisfy(entry ->
            assertThat(entry.settings().expire())
                .isEqualTo(new ExpireSettings(false, Duration.ofHours(2), Duration.ofDays(1))));
    assertThat(configuration.files())
        .contains(dropIns, dropIns.resolve("10.conf"), dropIns.resolve("20.conf"))
        .doesNotContain(dropIns.resolve("30.conf.bak"), dropIns.resolve(".40.conf"));
  }

  @Test
  void dropInsAreReadEvenIfThereIsNoMainFile() throws Exception {
    temporary.write(temporary.systemDirectory().resolve("conf.d/a.conf"), "repositories = [ /a ]");

    assertThat(temporary.loader().load().repositories()).hasSize(1);
  }

  @Test
  void includedFilesCountFromTheFileThatIncludesThemAndAreWatched() throws Exception {
    Path more = temporary.write(temporary.systemDirectory().resolve("more/a"), "include \"b\"");
    Path deep =
        temporary.write(
            temporary.systemDirectory().resolve("more/b"),
            "min-age = 7h\nenabled = ${other}\nother=false");

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> temporary.load("expire { include file(\"more/a\") }"))
        .satisfies(e -> {
          assertThat(e.complaints())
              .containsExactly(new Complaint(deep.toString(), 3, "expire.other: unknown key"));
          assertThat(e.files()).contains(more, deep);
        });

    temporary.write(deep, "min-age = 7h");
    Configuration configuration = temporary.load("expire { include required(\"more/a\") }");
    assertThat(configuration.defaults().expire().minAge()).isEqualTo(Duration.ofHours(7));
    assertThat(configuration.files()).contains(more, deep);
  }
}
