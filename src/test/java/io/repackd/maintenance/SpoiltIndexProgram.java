package io.repackd.maintenance;

import io.repackd.GitRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/** A cycle whose new index is spoilt before it is verified; to be killed anywhere. */
public final class SpoiltIndexProgram {
  private SpoiltIndexProgram() {}

  /**
   * Runs a cycle.
   *
   * @param arguments the repository and the state directory
   */
  public static void main(String[] arguments) throws IOException {
    IndexProofTest.cycle(
        GitRepository.at(Path.of(arguments[0])),
        Path.of(arguments[1]),
        Instant.now().plusSeconds(60),
        SpoiltIndexProgram::spoil);
  }

  private static void spoil(Path draft) {
    try {
      Files.write(draft, new byte[] {0}, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
