package io.repackd.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Configuration files in a temporary directory, and a loader which finds them there. */
final class TemporaryConfiguration {
  private final Path directory;
  private Environment environment;

  TemporaryConfiguration(Path directory) {
    this.directory = directory;
    this.environment = new Environment(Map.of(), home(), false, systemDirectory());
  }

  Path home() {
    return directory.resolve("home");
  }

  Path systemDirectory() {
    return directory.resolve("etc");
  }

  Path userFile() {
    return home().resolve(".config/repackd/repackd.conf");
  }

  Path systemFile() {
    return systemDirectory().resolve("repackd.conf");
  }

  TemporaryConfiguration as(boolean root, Map<String, String> variables) {
    environment = new Environment(variables, home(), root, systemDirectory());
    return this;
  }

  ConfigurationLoader loader() {
    return new ConfigurationLoader(environment);
  }

  Path write(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  Configuration load(String content) throws IOException, ConfigurationException {
    return loader().load(write(systemFile(), content));
  }

  List<Complaint> complaints(String content) throws IOException {
    try {
      load(content);
      return List.of();
    } catch (ConfigurationException e) {
      return e.complaints();
    }
  }
}
