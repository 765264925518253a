package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeltaSettingsTest {
  @TempDir Path directory;
  private GitRepository repository = GitRepository.at(Path.of(""));

  @BeforeEach
  void start() {
    repository = GitRepository.bare(directory.resolve("r.git"));
  }

  private DeltaSettings read(String configuration) throws IOException {
    Files.writeString(
        repository.path().resolve("config"), configuration, StandardOpenOption.APPEND);
    return DeltaSettings.read(
        RepositoryDiscovery.locate(repository.path()), Map.of("HOME", directory.toString()));
  }

  @Test
  void nothingConfiguredMeansWhatGitDoes() throws Exception {
    assertThat(read(""))
        .isEqualTo(new DeltaSettings(10, 50, 512L << 20, Long.MAX_VALUE, 0, false))
        .isEqualTo(DeltaSettings.DEFAULT);
  }

  @Test
  void everyKeyIsRead() throws Exception {
    assertThat(
            read(
                """
                [pack]
                  window = 250
                  depth = 30
                  packSizeLimit = 3g
                  threads = 3
                [core]
                  bigFileThreshold = 6g
                """))
        .isEqualTo(new DeltaSettings(250, 30, 6L << 30, 3L << 30, 3, false));
  }

  @Test
  void whatIsOutOfRangeIsBroughtIntoItAsByGit() throws Exception {
    DeltaSettings settings =
        read("[pack]\n window = -3\n depth = 5000\n packSizeLimit = 4k\n threads = 0\n");
    assertThat(settings).isEqualTo(new DeltaSettings(0, 4095, 512L << 20, 1 << 20, 0, false));
    assertThat(repository.gitStatusWithInput("", "pack-objects", "-q", "--stdout")).isZero();
    assertThat(read("[pack]\n depth = -1\n").depth()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "pack.threads, -1",
    "pack.window, many",
    "pack.depth, 5000000000",
    "pack.packSizeLimit, -1",
    "core.bigFileThreshold, large"
  })
  void whatGitRefusesIsAnErrorThatNamesTheKey(String key, String value) throws Exception {
    repository.git("config", key, value);
    assertThat(repository.gitStatusWithInput("", "pack-objects", "-q", "--stdout")).isNotZero();
    assertThatThrownBy(() -> read("")).isInstanceOf(IOException.class).hasMessageContaining(key);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[pack]\n island = refs/heads/(.*)\n", "[repack]\n useDeltaIslands = true\n"})
  void islandsAreSeen(String configuration) throws Exception {
    assertThat(read(configuration).islands()).isTrue();
  }

  @Test
  void anObjectDirectoryWithoutARepositoryHasTheUsersSettings() throws Exception {
    Files.writeString(directory.resolve(".gitconfig"), "[pack]\n window = 20\n");
    Path shared = Files.createDirectories(directory.resolve("shared"));
    Files.createDirectories(shared.resolve("pack"));
    DeltaSettings settings =
        DeltaSettings.read(
            new RepositoryLocation(shared, Optional.empty(), shared),
            Map.of("HOME", directory.toString()));
    assertThat(settings.window()).isEqualTo(20);
  }
}
