package io.repackd.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the entries of {@code repositories}. */
final class EntryReader {
  private static final int MAX_NAME_CHARACTERS = 100;

  private static final Form<String> NAME = Form.text("a name", EntryReader::name);

  private final ConfigObject reference;
  private final PathText paths;
  private final Complaints complaints;
  private final Map<String, String> placesOfNames = new HashMap<>();

  EntryReader(ConfigObject reference, PathText paths, Complaints complaints) {
    this.reference = reference;
    this.paths = paths;
    this.complaints = complaints;
  }

  /**
   * Reads the entries of one file.
   *
   * @param repositories the value of {@code repositories}
   * @param defaults the settings of the top level, of all files together
   */
  List<RepositoryEntry> read(ConfigValue repositories, ConfigObject defaults) {
    List<RepositoryEntry> entries = new ArrayList<>();
    if (repositories instanceof ConfigList list) {
      list.forEach(entry -> read(entry, defaults, entries));
    } else {
      complaints.add(
          repositories.origin(), "repositories: give a list of paths, [ \"/srv/git/*.git\" ]");
    }
    return entries;
  }

  private void read(ConfigValue entry, ConfigObject defaults, List<RepositoryEntry> entries) {
    ConfigObject own = entry instanceof ConfigObject object ? object : ConfigFactory.empty().root();
    ConfigValue path = entry instanceof ConfigObject object ? object.get(KnownKeys.PATH) : entry;
    Optional<PathPattern> pattern = Optional.empty();
    if (path == null) {
      complaints.add(entry.origin(), "repositories: this entry has no path");
    } else {
      Path directory = Origins.directory(path.origin());
      pattern =
          read("path", path, Form.text("a path in quotes", text -> paths.pattern(text, directory)));
    }
    ConfigValue written = own.get(KnownKeys.NAME);
    Optional<String> name = Optional.empty();
    if (written != null) {
      name = read("name", written, NAME);
      if (name.isPresent()) {
        checkName(name.get(), written, pattern);
      }
    }
    Section settings = Section.of(own.withFallback(defaults), reference, complaints);
    MaintenanceSettings maintenance = MaintenanceReader.read(settings);
    if (pattern.isPresent()) {
      entries.add(
          new RepositoryEntry(
              pattern.get().text(), name, maintenance, Origins.place(entry.origin())));
    }
  }

  private void checkName(String name, ConfigValue value, Optional<PathPattern> pattern) {
    if (pattern.isPresent() && pattern.get().isGlob()) {
      complaints.add(
          value.origin(),
          "name: "
              + pattern.get().text()
              + " stands for many repositories, which cannot have one name");
    }
    String place = Origins.place(value.origin());
    String other = placesOfNames.putIfAbsent(name, place);
    if (other != null) {
      complaints.add(
          value.origin(), "name: " + name + " is the name of another repository, at " + other);
    }
  }

  private <T> Optional<T> read(String key, ConfigValue value, Form<T> form) {
    try {
      return Optional.of(form.read(value));
    } catch (IllegalArgumentException e) {
      complaints.add(value.origin(), key + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  /** It stands in log lines, tables and labels. */
  private static String name(String text) {
    if (text.length() > MAX_NAME_CHARACTERS) {
      throw new IllegalArgumentException(
          text + " has more than " + MAX_NAME_CHARACTERS + " characters");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(text + " contains a control character");
    }
    return text;
  }
}
