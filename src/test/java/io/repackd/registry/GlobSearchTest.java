package io.repackd.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.PathPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlobSearchTest {
  @TempDir Path root;

  @Test
  void aGlobThatLeadsThroughTooManyDirectoriesEndsAndSaysSo() throws IOException {
    for (int i = 0; i < 10; i++) {
      Files.createDirectories(root.resolve("d" + i + "/x"));
    }
    List<Path> visited = new ArrayList<>();
    GlobSearch search =
        new GlobSearch(
            path -> {
              visited.add(path);
              return Optional.empty();
            },
            5);

    Map<Path, String> failures = search.run(new PathPattern(root + "/**/x"));

    assertThat(failures)
        .isEqualTo(Map.of(root, root + "/**/x leads through more than 5 directories; narrow it"));
    assertThat(visited).hasSizeLessThanOrEqualTo(5).isNotEmpty();
  }

  @Test
  void aRepositoryThatWasFoundIsNotEntered() throws IOException {
    Files.createDirectories(root.resolve("a/b"));
    List<Path> visited = new ArrayList<>();

    new GlobSearch(
            path -> {
              visited.add(path);
              return Optional.empty();
            })
        .run(new PathPattern(root + "/**"));

    assertThat(visited).containsExactly(root.resolve("a"));
  }
}
