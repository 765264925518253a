package io.repackd.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * That somebody has asked for all work to wait, kept in a file, so that it outlives a restart and needs no daemon to be said to. The
 * file {@code pause} in the state directory holds the time at which it ends, or nothing if it lasts until somebody ends it.
 */
public final class Pause {
  private final Path file;

  /** The pause of a state directory. */
  public Pause(Path stateDirectory) {
    this.file = stateDirectory.resolve("pause");
  }

  /** A pause that is in force, until a time, or until it is ended. */
  public record InForce(Optional<Instant> until) {}

  /**
   * Whether there is a pause at the moment. A file that nobody can make sense of was written by somebody who wanted one.
   *
   * @throws IOException if the file cannot be read
   */
  public Optional<InForce> inForce(Instant now) throws IOException {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      Optional<Instant> until =
          text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
      return until.filter(end -> !end.isAfter(now)).isPresent()
          ? Optional.empty()
          : Optional.of(new InForce(until));
    } catch (DateTimeException e) {
      return Optional.of(new InForce(Optional.empty()));
    }
  }

  /**
   * Begins a pause, in the place of any other.
   *
   * @param until when it ends; empty if somebody has to end it
   * @throws IOException if the file cannot be written
   */
  public void begin(Optional<Instant> until) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Path written = file.resolveSibling("tmp_pause_" + ProcessHandle.current().pid());
    try {
      Files.writeString(written, until.map(Instant::toString).orElse("") + "\n");
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(written);
    }
  }

  /**
   * Ends the pause.
   *
   * @return whether there was one
   * @throws IOException if the file cannot be removed
   */
  public boolean end() throws IOException {
    return Files.deleteIfExists(file);
  }
}
