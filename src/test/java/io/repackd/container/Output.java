package io.repackd.container;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * What a command said.
 *
 * @param status its exit status
 * @param out standard output
 * @param err standard error
 */
record Output(int status, String out, String err) {
  /** Runs a command on this machine and waits for it. */
  static Output of(ProcessBuilder command) {
    try {
      Process process = command.start();
      process.getOutputStream().close();
      // Small enough to wait in the pipe while the other stream is read.
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Output(process.waitFor(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while waiting for " + command.command(), e);
    }
  }
}
