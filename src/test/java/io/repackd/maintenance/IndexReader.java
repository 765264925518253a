package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A git that has read the multi-pack-index, and goes on by it. */
final class IndexReader implements AutoCloseable {
  private final Process git;
  private final Writer ask;
  private final BufferedReader answers;

  IndexReader(GitRepository repository) throws IOException {
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

  /** What it says of an object. */
  String ask(String id) throws IOException {
    ask.append(id).append('\n').flush();
    return answers.readLine();
  }

  void assertFinds(String id) throws IOException {
    assertThat(ask(id)).startsWith(id).doesNotContain("missing");
  }

  @Override
  public void close() throws Exception {
    ask.close();
    git.waitFor();
  }
}
