package io.repackd.objectdir;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A repository's configuration, and what is taken from it. */
public final class GitConfigurationFuzz implements FuzzTarget {
  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    Path repository = directory.resolve("configured.git");
    Path objects = repository.resolve("objects");
    Files.createDirectories(objects.resolve("pack"));
    Files.write(repository.resolve("config"), input.rest());
    ObjectDirectory opened =
        ObjectDirectory.open(new RepositoryLocation(repository, Optional.of(repository), objects));
    opened.deltaSettings();
    opened.publisher();
  }
}
