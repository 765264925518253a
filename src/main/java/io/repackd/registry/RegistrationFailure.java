package io.repackd.registry;

import io.repackd.config.RepositoryEntry;
import java.nio.file.Path;

/**
 * Something that an entry leads to and that cannot be registered. It does not stop the others.
 *
 * @param entry the entry
 * @param path what was looked at; for a glob usually something below it
 * @param reason why not, in a line for a person
 */
public record RegistrationFailure(RepositoryEntry entry, Path path, String reason) {
  /** The failure in one line: where the entry stands, and why. */
  @Override
  public String toString() {
    return entry.origin() + ": " + reason;
  }
}
