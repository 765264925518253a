package io.repackd;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;

/** A {@code git cat-file --batch-check} that goes on until it is closed, as a server keeps one. */
public final class BatchReader implements AutoCloseable {
  private final Process process;
  private final Writer questions;
  private final BufferedReader answers;

  /** One that has not looked at anything yet. */
  public BatchReader(GitRepository repository) throws IOException {
    this(repository.path());
  }

  /** One that works in a directory. */
  public BatchReader(Path directory, String... options) throws IOException {
    String[] command = new String[options.length + 3];
    command[0] = "git";
    System.arraycopy(options, 0, command, 1, options.length);
    command[options.length + 1] = "cat-file";
    command[options.length + 2] = "--batch-check";
    process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    questions = process.outputWriter();
    answers = process.inputReader();
  }

  /** Asks for an object: what git answers, such as {@code ID commit 231}. */
  public String read(String object) throws IOException {
    questions.write(object + "\n");
    questions.flush();
    return answers.readLine();
  }

  public long pid() {
    return process.pid();
  }

  /** Ends it, and waits for that. */
  @Override
  public void close() throws IOException {
    questions.close();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
